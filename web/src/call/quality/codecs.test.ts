import fc from "fast-check";
import { expect, it } from "vitest";
import {
  bestCodec,
  type CodecSituation,
  inPreferredOrder,
  PREFERRED_SOUND,
  preferredCodecs,
} from "./codecs";
import { RELIEF } from "./cpu-relief";

const codec = (mimeType: string, sdpFmtpLine?: string) => ({
  mimeType,
  clockRate: 90_000,
  ...(sdpFmtpLine && { sdpFmtpLine }),
});
const VP8 = codec("video/VP8");
const RTX = codec("video/rtx");
const VP9 = codec("video/VP9", "profile-id=0");
const VP9_DEEP = codec("video/VP9", "profile-id=2");
const H264 = codec(
  "video/H264",
  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
);
const H264_WHOLE = codec("video/H264", "packetization-mode=0;profile-level-id=42001f");
const AV1 = codec("video/AV1", "level-idx=5;profile=0;tier=0");
const RED = codec("video/red");
const ALL = [VP8, RTX, VP9, VP9_DEEP, H264_WHOLE, H264, AV1, RED];

const situation: CodecSituation = {
  source: "camera",
  others: 1,
  hasH264Hardware: false,
  isText: false,
  relief: RELIEF.none,
  cores: 4,
  isOpening: false,
};
const best = (change: Partial<CodecSituation>, agreed = ALL) =>
  bestCodec(agreed, preferredCodecs({ ...situation, ...change }))?.mimeType;

it("is dense with few people, and cheap with many", () => {
  expect(best({ others: 1 })).toBe("video/VP9");
  expect(best({ others: 2 })).toBe("video/VP9");
  expect(best({ others: 3 })).toBe("video/VP8");
  expect(best({ others: 3, hasH264Hardware: true })).toBe("video/H264");
});

it("is AV1 for text on a screen alone", () => {
  expect(best({ source: "screen", isText: true })).toBe("video/AV1");
  expect(best({ source: "screen", isText: false })).toBe("video/VP9");
  expect(best({ source: "screen", isText: true, others: 5 })).toBe("video/VP8");
});

it("is cheaper where the CPU has not sufficed for long", () => {
  expect(best({ relief: RELIEF.fewerLines })).toBe("video/VP9");
  expect(best({ relief: RELIEF.cheaperCodec })).toBe("video/VP8");
});

it("is cheap where two others would take all cores", () => {
  expect(best({ others: 2, cores: 2 })).toBe("video/VP8");
  expect(best({ others: 1, cores: 2 })).toBe("video/VP9");
  expect(best({ source: "screen", isText: true, others: 2, cores: 2 })).toBe("video/AV1");
});

it("is cheap until the first pictures have come", () => {
  expect(best({ isOpening: true })).toBe("video/VP8");
  expect(best({ isOpening: true, hasH264Hardware: true })).toBe("video/H264");
  expect(best({ isOpening: true, source: "screen", isText: true })).toBe("video/AV1");
});

it("is one that both sides have", () => {
  expect(best({}, [VP8, RTX])).toBe("video/VP8");
  expect(best({}, [VP9_DEEP, RTX])).toBeUndefined();
  expect(best({ others: 4, hasH264Hardware: true }, [H264_WHOLE, VP8])).toBe("video/VP8");
});

it("puts the preferred ones first and keeps all others", () => {
  const ordered = inPreferredOrder(ALL, ["video/VP9", "video/VP8"]);
  expect(ordered.slice(0, 2)).toEqual([VP9, VP8]);
  expect(ordered[2]).toEqual(VP9_DEEP);
  const sound = [codec("audio/opus"), codec("audio/red"), codec("audio/PCMU")];
  expect(inPreferredOrder(sound, PREFERRED_SOUND).map(({ mimeType }) => mimeType)).toEqual([
    "audio/red",
    "audio/opus",
    "audio/PCMU",
  ]);
});

it("loses no codec and invents none, in whatever order", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(ALL),
      fc.shuffledSubarray(["video/VP8", "video/AV1"]),
      (codecs, names) => {
        expect(new Set(inPreferredOrder(codecs, names))).toEqual(new Set(codecs));
      },
    ),
  );
});
