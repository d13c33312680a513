import { describe, expect, it } from "vitest";
import vectors from "../../../../docs/end-to-end-encryption.json";
import { inWords, securityCode } from "../security-code";
import { fromBase64Url, toBase64Url } from "./base64url";
import { MemberKey, memberFingerprint, readMemberKey } from "./member-key";
import { infoOf, unwrap, type WrapEnds, wrap } from "./wraps";

const { ann, bob } = vectors.members;
const { key, info, secret, nonce, shared, ...context } = vectors.wrap;
const WRAPPED_BYTES = 60;

const bytes = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (buffer: ArrayBuffer | Uint8Array | null) =>
  [...new Uint8Array(buffer ?? [])].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (text: string) => toBase64Url(bytes(text));

/** A pair whose private part the vectors tell; those of browsers are generated. */
async function pairOf(member: typeof ann): Promise<MemberKey> {
  const [x, y] = [member.public.slice(2, 66), member.public.slice(66)].map(base64) as [
    string,
    string,
  ];
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const point = { kty: "EC", crv: "P-256", x, y };
  const pair = await crypto.subtle.importKey(
    "jwk",
    { ...point, d: base64(member.private) },
    curve,
    false,
    ["deriveBits"],
  );
  return MemberKey.of(pair, await crypto.subtle.importKey("jwk", point, curve, true, []));
}

const anns = async (): Promise<WrapEnds> => ({
  ours: await pairOf(ann),
  theirs: bytes(bob.public),
  weSend: true,
});
const bobs = async (): Promise<WrapEnds> => ({
  ours: await pairOf(bob),
  theirs: bytes(ann.public),
  weSend: false,
});

describe("the vectors of docs/end-to-end-encryption.md", () => {
  it("have the member keys that signaling carries, and their fingerprints", async () => {
    for (const member of [ann, bob]) {
      expect((await pairOf(member)).text).toBe(member.memberKey);
      const read = readMemberKey(member.memberKey);
      expect(hex(read)).toBe(member.public);
      expect(await memberFingerprint(bytes(member.public))).toBe(member.fingerprint);
    }
  });

  it("have both ends share the same bytes, and bind the same context", async () => {
    for (const { ours, theirs, weSend } of [await anns(), await bobs()]) {
      expect(hex(await ours.sharedWith(theirs))).toBe(shared);
      expect(hex(infoOf(context, { ours, theirs, weSend }))).toBe(info);
    }
  });

  it("wrap a secret, and open the wrap", async () => {
    expect(await wrap(bytes(secret), context, await anns(), bytes(nonce))).toBe(key);
    const opened = await unwrap(key, context, await bobs());
    expect(hex(opened)).toBe(secret);
  });

  for (const [what, change] of Object.entries(vectors.refusedWraps)) {
    it(`open no wrap that was made for ${what}`, async () => {
      expect(await unwrap(key, { ...context, ...change }, await bobs())).toBeNull();
    });
  }

  it("know what is no member key", async () => {
    for (const text of vectors.noMemberKeys) expect(readMemberKey(text)).toBeNull();
    const off = readMemberKey(vectors.offTheCurve);
    expect(off).not.toBeNull();
    const ends = { ...(await anns()), theirs: off ?? new Uint8Array() };
    await expect(wrap(bytes(secret), context, ends)).rejects.toThrow();
    expect(await unwrap(key, context, ends)).toBeNull();
  });

  it("make the codes that people compare, and another one where the server has put a key of its own", async () => {
    const codes = Object.values(vectors.codes);
    for (const { ends, words } of codes) {
      const [one = "", other = ""] = ends;
      expect(inWords((await securityCode(one, other)) ?? [])).toBe(words);
      expect(inWords((await securityCode(other, one)) ?? [])).toBe(words);
    }
    expect(new Set(codes.map(({ words }) => words)).size).toBe(codes.length);
  });
});

describe("a wrap", () => {
  it("is another one each time, and is opened by its receiver alone", async () => {
    const [cyd, dan, eve] = await Promise.all([1, 2, 3].map(() => MemberKey.generate()));
    if (!cyd || !dan || !eve) throw new Error("no keys");
    const forDan = { ours: cyd, theirs: dan.publicBytes, weSend: true };
    const [first, second] = await Promise.all(
      [1, 2].map(() => wrap(bytes(secret), context, forDan)),
    );
    expect(first).not.toBe(second);
    const atDan = { ours: dan, theirs: cyd.publicBytes, weSend: false };
    const atEve = { ours: eve, theirs: cyd.publicBytes, weSend: false };
    expect(hex(await unwrap(first ?? "", context, atDan))).toBe(secret);
    expect(await unwrap(first ?? "", context, atEve)).toBeNull();
  });

  it("is not made where a name could be taken for two", async () => {
    const ends = await anns();
    await expect(wrap(bytes(secret), { ...context, epoch: "1\0ann" }, ends)).rejects.toThrow();
  });

  it("is not opened where a byte of it is another one, or missing", async () => {
    const ends = await bobs();
    for (const place of [0, 12, 40, 59]) {
      const changed = fromBase64Url(key, WRAPPED_BYTES) ?? new Uint8Array();
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect(await unwrap(toBase64Url(changed), context, ends)).toBeNull();
    }
    expect(await unwrap(key.slice(0, -4), context, ends)).toBeNull();
  });
});
