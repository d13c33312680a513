import { expect, it } from "vitest";
import { askForDtx } from "./opus-parameters";

const sdp = (...lines: string[]) =>
  ["v=0", "m=audio 9 UDP 111 63", ...lines, "m=video 9", ""].join("\r\n");

it("asks for no sound where there is none", () => {
  const offered = sdp(
    "a=rtpmap:111 opus/48000/2",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=fmtp:63 111/111",
  );
  expect(askForDtx(offered)).toBe(offered.replace("useinbandfec=1", "useinbandfec=1;usedtx=1"));
});

it.each([
  ["what asks already", sdp("a=rtpmap:111 opus/48000/2", "a=fmtp:111 usedtx=1;useinbandfec=1")],
  ["what asks for the contrary", sdp("a=rtpmap:111 opus/48000/2", "a=fmtp:111 usedtx=0")],
  ["other codecs", sdp("a=rtpmap:0 PCMU/8000", "a=fmtp:111 x=1")],
  ["Opus without parameters", sdp("a=rtpmap:111 opus/48000/2")],
  ["nothing", ""],
])("leaves %s as it is", (_, sdp) => expect(askForDtx(sdp)).toBe(sdp));

it("asks the same for every section that shares the payload type, as one transport demands (RFC 9143)", () => {
  const section = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1";
  const asked = askForDtx(sdp(section, "m=audio 9 UDP 111", section));
  expect(asked.match(/usedtx=1/g)).toHaveLength(2);
});
