import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterNews, afterNoNews, MESH, type MoveState, waysOf } from "./moves";

const news = (epoch: string, kind: "mesh" | "sfu", settled = false) => ({
  epoch,
  kind,
  settled,
  channels: true,
});
const names = (state: MoveState) => waysOf(state).map(({ epoch, kind }) => `${kind} ${epoch}`);

describe("a move", () => {
  it("has both ways until it is settled", () => {
    const moving = afterNews(MESH, news("1", "sfu"));
    expect(names(moving)).toEqual(["sfu 1", "mesh null"]);
    expect(names(afterNews(moving, news("1", "sfu", true)))).toEqual(["sfu 1"]);
  });

  it("goes from one SFU to another, and back to the mesh", () => {
    const settled = afterNews(MESH, news("1", "sfu", true));
    const other = afterNews(settled, news("2", "sfu"));
    expect(names(other)).toEqual(["sfu 2", "sfu 1"]);
    expect(names(afterNews(other, news("3", "mesh")))).toEqual(["mesh 3", "sfu 2", "sfu 1"]);
  });

  it("that gives way to the next keeps the ways in use, and the mesh is one", () => {
    const moving = afterNews(MESH, news("1", "sfu"));
    expect(names(afterNews(moving, news("2", "sfu")))).toEqual(["sfu 2", "sfu 1", "mesh null"]);
    expect(names(afterNews(moving, news("2", "mesh")))).toEqual(["mesh 2", "sfu 1"]);
  });

  it("of which nothing is told any more goes to the mesh", () => {
    const settled = afterNews(MESH, news("1", "sfu", true));
    expect(names(afterNoNews(settled))).toEqual(["mesh null", "sfu 1"]);
    expect(names(afterNoNews(afterNews(settled, news("2", "mesh"))))).toEqual([
      "mesh null",
      "sfu 1",
    ]);
    expect(afterNoNews(MESH)).toBe(MESH);
    expect(afterNoNews(afterNews(settled, news("2", "mesh", true)))).toBe(MESH);
  });

  it("to an SFU is encrypted or not as it was said first, whatever is said later", () => {
    const open = afterNews(MESH, news("1", "sfu"));
    expect(afterNews(open, { ...news("1", "sfu"), encrypted: true }).current.encrypted).toBe(false);
    const closed = afterNews(MESH, { ...news("1", "sfu"), encrypted: true });
    expect(afterNews(closed, news("1", "sfu", true)).current.encrypted).toBe(true);
  });

  it("that is told twice is one", () => {
    const moving = afterNews(MESH, news("1", "sfu"));
    expect(afterNews(moving, news("1", "sfu"))).toEqual(moving);
  });
});

describe("whatever is told", () => {
  const anyNews = fc.record({
    epoch: fc.constantFrom("1", "2", "3", "4"),
    kind: fc.constantFrom("mesh" as const, "sfu" as const),
    settled: fc.boolean(),
    channels: fc.boolean(),
  });

  it("the latest way comes first, none is there twice, and there are three at most", () => {
    fc.assert(
      fc.property(fc.array(anyNews), (told) => {
        const state = told.reduce<MoveState>(afterNews, MESH);
        const ways = names(state).map((name) => name.replace(/^mesh .*/, "mesh"));
        expect(new Set(ways).size).toBe(ways.length);
        expect(ways.length).toBeLessThanOrEqual(3);
        const latest = told.at(-1);
        if (latest?.settled) expect(state.former).toEqual([]);
        if (latest) expect(state.current).toMatchObject({ epoch: latest.epoch, kind: latest.kind });
      }),
    );
  });
});
