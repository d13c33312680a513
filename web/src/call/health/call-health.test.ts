import { describe, expect, it } from "vitest";
import type { MediaHealth } from "../topology";
import { CallHealth, MOST_RECORDS } from "./call-health";
import { windowOf } from "./fake-window";
import { KEPT_WINDOWS } from "./window";

const person = (id: string, displayName?: string) => ({
  id,
  username: `user ${id}`,
  displayName,
  health: { connection: "connected" as MediaHealth["connection"], unreachable: null },
});

function newHealth(...ids: string[]) {
  const health = new CallHealth();
  health.see(ids.map((id) => person(id)));
  const record = (id: string) => health.records.get().find((record) => record.id === id);
  return { health, record, ids: () => health.records.get().map(({ id }) => id) };
}

describe("the health of a call", () => {
  it("has a record of everyone, with the name that is shown", () => {
    const { health, record } = newHealth("a", "b");
    health.see([person("a", "Ann"), person("b")]);
    expect(record("a")).toMatchObject({ displayName: "Ann", isHere: true, windows: [] });
    expect(record("b")).toMatchObject({ username: "user b", displayName: undefined });
  });

  it("keeps ten minutes", () => {
    const { health, record } = newHealth("a");
    for (let slot = 0; slot < 3 * KEPT_WINDOWS; slot++) health.take("a", windowOf({ slot }));
    const slots = record("a")?.windows.map(({ slot }) => slot) ?? [];
    expect(slots).toHaveLength(KEPT_WINDOWS);
    expect(slots.at(-1)).toBe(3 * KEPT_WINDOWS - 1);
    expect(record("a")?.standing?.mark).toBe("good");
  });

  it("keeps those who left for as long as something of them is kept", () => {
    const { health, record, ids } = newHealth("a", "b", "c");
    health.take("b", windowOf({ slot: 10 }));
    health.see([person("a")]);
    expect(record("b")).toMatchObject({ isHere: false, standing: null, windows: [{ slot: 10 }] });
    health.take("b", windowOf({ slot: 11 }));
    health.take("a", windowOf({ slot: 11 }));
    expect(ids()).toEqual(["a", "b"]);
    expect(record("b")?.windows).toHaveLength(1);
    health.take("a", windowOf({ slot: 10 + KEPT_WINDOWS }));
    expect(ids()).toEqual(["a"]);
  });

  it("says nothing of how a connection does that is broken", () => {
    const { health, record } = newHealth("a");
    for (const slot of [1, 2, 3]) health.take("a", windowOf({ slot }));
    expect(record("a")?.standing).not.toBeNull();
    health.see([{ ...person("a"), health: { connection: "reconnecting", unreachable: null } }]);
    expect(record("a")).toMatchObject({ isHere: true, standing: null });
    expect(record("a")?.windows).toHaveLength(3);
    health.take("a", windowOf({ slot: 4 }));
    expect(record("a")?.standing?.mark).toBe("good");
  });

  it("knows whom no way leads to, until they are found or gone", () => {
    const { health, record } = newHealth("a");
    const unreachable = { relay: false };
    health.see([{ ...person("a"), health: { connection: "connecting", unreachable } }]);
    expect(record("a")?.unreachable).toBe(unreachable);
    health.see([person("a")]);
    expect(record("a")?.unreachable).toBeNull();
  });

  it("goes on with the record of a person who comes back", () => {
    const { health, record } = newHealth("a");
    health.take("a", windowOf({ slot: 1 }));
    health.see([]);
    health.see([person("a")]);
    health.take("a", windowOf({ slot: 2 }));
    expect(record("a")?.windows).toHaveLength(2);
  });

  it("takes nothing of strangers, and a slot only once", () => {
    const { health, record, ids } = newHealth("a");
    health.take("z", windowOf());
    health.take("a", windowOf({ slot: 4, sent: 1 }));
    health.take("a", windowOf({ slot: 4, sent: 2 }));
    expect(ids()).toEqual(["a"]);
    expect(record("a")?.windows.map(({ sent }) => sent)).toEqual([2]);
  });

  it("has a bound, and drops those who left first", () => {
    const many = Array.from({ length: MOST_RECORDS }, (_, index) => person(`p${index}`));
    const { health, ids } = newHealth("gone");
    health.take("gone", windowOf());
    health.see(many);
    expect(ids()).toHaveLength(MOST_RECORDS);
    expect(ids()).not.toContain("gone");
    let told = 0;
    health.records.subscribe(() => told++);
    health.see([...many, person("late")]);
    expect([ids().length, told]).toEqual([MOST_RECORDS, 0]);
  });

  it("tells nobody where nothing changed", () => {
    const { health } = newHealth("a");
    let told = 0;
    health.records.subscribe(() => told++);
    health.see([person("a")]);
    expect(told).toBe(0);
  });
});
