import { expect, it } from "vitest";
import { isAcceptable, shortName } from "./bounds";

const offer = (sdp: string) => isAcceptable({ type: "offer", sdp });

it("takes what browsers write", () => {
  expect(offer(`v=0\r\n${"m=video 9 UDP\r\na=mid:0\r\n".repeat(3)}`)).toBe(true);
  expect(offer(`v=0\r\n${"a=rtpmap:96 VP8/90000\r\n".repeat(1_000)}`)).toBe(true);
  expect(isAcceptable({ type: "rollback" })).toBe(true);
});

it("does not take what would keep a browser busy", () => {
  expect(offer(`v=0\r\n${"a=x\r\n".repeat(39_000)}`)).toBe(false);
  expect(offer(`v=0\r\n${"m=video 9 UDP\r\n".repeat(17)}`)).toBe(false);
});

it("shows names of a bearable length", () => {
  expect(shortName("ann")).toBe("ann");
  expect(shortName("x".repeat(10_000)).length).toBe(65);
  const longest = `${"李".repeat(63)}🐉`;
  expect(shortName(longest)).toBe(longest);
  expect(shortName(`${longest}x`)).toBe(`${longest}…`);
});
