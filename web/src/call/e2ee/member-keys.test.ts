import { describe, expect, it } from "vitest";
import { inWords } from "../security-code";
import { MemberKeys } from "./member-keys";

async function member(): Promise<MemberKeys> {
  const keys = new MemberKeys(() => true);
  await keys.ready();
  return keys;
}

const words = async (keys: MemberKeys, other: string) => inWords((await keys.code(other)) ?? []);

describe("member keys", () => {
  it("make the same code at both ends", async () => {
    const [ann, bob] = [await member(), await member()];
    ann.note("bob", bob.own?.text);
    bob.note("ann", ann.own?.text);
    expect((await words(ann, "bob")).split(" ")).toHaveLength(10);
    expect(await words(ann, "bob")).toBe(await words(bob, "ann"));
  });

  it("make other codes where the server has put its own in their place", async () => {
    const [ann, bob, server] = [await member(), await member(), await member()];
    ann.note("bob", server.own?.text);
    bob.note("ann", server.own?.text);
    expect(await words(ann, "bob")).not.toBe(await words(bob, "ann"));
  });

  it("make none for members without one, and in a browser that cannot encrypt frames", async () => {
    const unable = new MemberKeys(() => false);
    await unable.ready();
    const ann = await member();
    unable.note("ann", ann.own?.text);
    ann.note("bob", undefined);
    ann.note("bob", "no key");
    expect([unable.own, await unable.code("ann"), await ann.code("bob")]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("of at most so many members are kept", async () => {
    const ann = await member();
    const text = ann.own?.text;
    for (let count = 0; count < 1_100; count++) ann.note(`m${count}`, text);
    expect([ann.of("m0"), ann.of("m1099")]).toEqual([null, ann.own?.publicBytes]);
  });
});
