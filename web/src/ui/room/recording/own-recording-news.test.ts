import { expect, it } from "vitest";
import { ownRecordingNews } from "./own-recording-news";

const running = { end: null, isSilent: false };

it("tells what nobody asked for, once", () => {
  expect(ownRecordingNews(running, { end: "full", isSilent: false })).toBe("full");
  expect(ownRecordingNews(running, { end: "failed", isSilent: true })).toBe("broken");
  expect(ownRecordingNews(running, { end: "stopped", isSilent: false })).toBeNull();
  expect(ownRecordingNews(running, { end: null, isSilent: true })).toBe("silent");
  for (const same of [
    running,
    { end: null, isSilent: true },
    { end: "full", isSilent: false },
  ] as const) {
    expect(ownRecordingNews(same, same)).toBeNull();
  }
});
