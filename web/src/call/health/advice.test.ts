import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviceFor, type Connection, ownStanding } from "./advice";
import { windowOf } from "./fake-window";
import { standingOf } from "./mark";
import type { HealthWindow } from "./window";

const SEVERE = { lossIn: 0.3 };
const POOR = { lossIn: 0.15 };
const FAIR = { roundTripMs: 300 };
const GOOD = {};

function connection(id: string, values: Partial<HealthWindow>): Connection {
  const windows = [1, 2, 3].map((slot) => windowOf({ slot, ...values }));
  return { id, windows, standing: standingOf(windows) };
}

const connections = (...values: Partial<HealthWindow>[]) =>
  values.map((value, index) => connection(`peer${index}`, value));

describe("advice", () => {
  it("is none where all is well, or nothing is known", () => {
    expect(adviceFor([])).toEqual([]);
    expect(adviceFor(connections(GOOD, GOOD))).toEqual([]);
    expect(adviceFor([{ id: "new", standing: null, windows: [] }])).toEqual([]);
  });

  it("names the own line where most connections do badly", () => {
    expect(adviceFor(connections(POOR, FAIR, GOOD))).toEqual([
      { kind: "own-line", isSevere: false },
    ]);
    expect(adviceFor(connections(SEVERE, SEVERE, POOR))).toEqual([
      { kind: "own-line", isSevere: true },
    ]);
  });

  it("names the other's line where the rest does well", () => {
    expect(adviceFor(connections(GOOD, SEVERE, GOOD))).toEqual([
      { kind: "their-line", id: "peer1" },
    ]);
    expect(adviceFor(connections(GOOD, FAIR))).toEqual([{ kind: "their-line", id: "peer1" }]);
  });

  it("blames neither end of a single connection", () => {
    expect(adviceFor(connections(POOR))).toEqual([
      { kind: "line-between", id: "peer0", isSevere: false },
    ]);
  });

  it("names a relay only where the connection through it does badly", () => {
    const relayed = { path: { isRelayed: true, transport: "tcp" } } as const;
    expect(adviceFor(connections(relayed, GOOD))).toEqual([]);
    expect(adviceFor(connections({ ...relayed, ...FAIR }, GOOD))).toEqual([
      { kind: "their-line", id: "peer0" },
      { kind: "relay", id: "peer0", transport: "tcp" },
    ]);
  });

  it("names a computer that is too busy, also where connections are good", () => {
    expect(adviceFor(connections({ limit: "cpu" }, GOOD))).toEqual([{ kind: "cpu" }]);
    expect(adviceFor(connections({ limit: "bandwidth" }))).toEqual([]);
  });

  it("begins with people whom no way leads to", () => {
    const unreachable = { relay: true, fault: "refused" } as const;
    const [poor] = connections(POOR);
    const nobody = { id: "bob", standing: null, windows: [], unreachable };
    expect(adviceFor([...(poor ? [poor] : []), nobody]).map(({ kind }) => kind)).toEqual([
      "no-way",
      "line-between",
    ]);
  });

  it("is short, and never blames both our line and theirs", () => {
    const values = fc.constantFrom<Partial<HealthWindow>[]>(GOOD, FAIR, POOR, SEVERE, {
      ...POOR,
      limit: "cpu",
      path: { isRelayed: true, transport: "udp" },
    });
    fc.assert(
      fc.property(fc.array(values, { maxLength: 20 }), (all) => {
        const kinds = adviceFor(connections(...all)).map(({ kind }) => kind);
        expect(kinds.length).toBeLessThanOrEqual(4);
        expect(kinds.includes("own-line") && kinds.includes("their-line")).toBe(false);
      }),
    );
  });
});

describe("the own standing", () => {
  it.each([
    [[], null],
    [[POOR], "poor"],
    [[GOOD, POOR], "good"],
    [[GOOD, POOR, FAIR], "fair"],
    [[SEVERE, POOR, GOOD, SEVERE], "poor"],
  ])("of %j is %s", (values, mark) => {
    expect(ownStanding(connections(...values))?.mark ?? null).toBe(mark);
  });
});
