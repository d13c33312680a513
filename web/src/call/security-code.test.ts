import { describe, expect, it } from "vitest";
import { fingerprintsOf, inWords, securityCode } from "./security-code";

const description = (fingerprint: string, ufrag = "abcd") =>
  `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:${ufrag}\r\n` +
  `a=fingerprint:sha-256 ${fingerprint}\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n` +
  `a=fingerprint:sha-256 ${fingerprint}\r\n`;
const ANN = description("AA:BB:01");
const BOB = description("CC:DD:02");
const EVE = description("EE:FF:03");

async function words(a: string, b: string): Promise<string> {
  const code = await securityCode(fingerprintsOf(a), fingerprintsOf(b));
  return code ? inWords(code) : "none";
}

describe("the security code", () => {
  it("is the same on both ends", async () => {
    const code = await words(ANN, BOB);
    expect(code.split(" ")).toHaveLength(10);
    expect(await words(BOB, ANN)).toBe(code);
  });

  it("is another one for whoever sits between", async () => {
    const codes = new Set([await words(ANN, BOB), await words(ANN, EVE), await words(EVE, BOB)]);
    expect(codes.size).toBe(3);
  });

  it("outlives a restart of ICE, which changes all but the certificates", async () => {
    expect(await words(description("AA:BB:01", "new"), BOB)).toBe(await words(ANN, BOB));
  });

  it("never changes from one version to the next: both ends may have different ones", async () => {
    expect(await words(ANN, BOB)).toMatchInlineSnapshot(
      `"cloud pig paperclip butterfly flag clock heart rooster umbrella headphones"`,
    );
  });

  it("is none where an end names no certificate", async () => {
    expect(await words(ANN, "v=0\r\n")).toBe("none");
  });
});

describe("fingerprints", () => {
  it("are compared without regard to case and repetition", () => {
    expect(fingerprintsOf("a=fingerprint:SHA-256 aa:bb\r\na=fingerprint:sha-256 AA:BB\r\n")).toBe(
      "sha-256 AA:BB",
    );
  });

  it("all count: one that was slipped in is seen", () => {
    expect(fingerprintsOf("a=fingerprint:sha-256 AA\na=fingerprint:sha-1 BB\n")).toBe(
      "sha-1 BB,sha-256 AA",
    );
  });
});
