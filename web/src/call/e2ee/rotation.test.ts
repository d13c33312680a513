import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AFTER_JOINS_MS, AFTER_LEAVES_MS, Rotation } from "./rotation";

const many = Array.from({ length: 30 }, (_, at) => `m${at}`);

function madeFor(...members: string[]): Rotation {
  const rotation = new Rotation();
  rotation.made(new Set(members), 1_000);
  return rotation;
}

describe("a secret", () => {
  it("is made at once at the beginning, also for nobody", () => {
    expect(new Rotation().dueAt(new Set())).toBe(0);
    expect(madeFor().dueAt(new Set())).toBeNull();
  });

  it("is new at once after a leave, also where somebody came", () => {
    expect(madeFor("ann", "bob").dueAt(new Set(["ann"]))).toBe(1_000);
    expect(madeFor("ann", "bob").dueAt(new Set(["ann", "cyd"]))).toBe(1_000);
  });

  it("is new some time after the one before, for newcomers", () => {
    expect(madeFor("ann").dueAt(new Set(["ann", "bob"]))).toBe(1_000 + AFTER_JOINS_MS);
  });

  it("is new less often where many come and go", () => {
    expect(madeFor(...many).dueAt(new Set(many.slice(1)))).toBe(1_000 + AFTER_LEAVES_MS);
  });

  it("is due whenever the members are others than those it was made for, and at no other time", () => {
    const anyMembers = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(anyMembers, anyMembers, (before, now) => {
        const isSame = before.length === now.length && before.every((one) => now.includes(one));
        expect(madeFor(...before).dueAt(new Set(now)) === null).toBe(isSame);
      }),
    );
  });
});
