import { afterEach, expect, it, vi } from "vitest";
import { newRecordingFile, parseName, savedName } from "./kept-recordings";
import { isFull, LEAST_FREE_BYTES } from "./recorder-messages";

afterEach(() => vi.unstubAllGlobals());

const at = new Date(2026, 10, 26, 9, 5);

it.each(["Garden", "a/b\\c:d", "..", "", "Гостиная 🏡", "x".repeat(500), "tab\there"])(
  "names the file of a recording in %j so that it can be read again",
  (room) => {
    const { folder, name } = newRecordingFile("ann/../bob@example.org", room, at);
    for (const part of [...folder, name]) {
      expect(part).not.toMatch(/[/\\:]/);
      expect(["", ".", ".."]).not.toContain(part);
      expect([...part].length).toBeLessThan(120);
    }
    expect(parseName(name)).toMatchObject({ startedAt: at, isWhole: false });
    expect(parseName(name.replace(/\.part$/, ""))?.isWhole).toBe(true);
  },
);

it.each(["", "notes.txt", "12.webm", "x Garden.webm", "12 Garden.mp4"])(
  "passes over the file %j",
  (name) => expect(parseName(name)).toBeNull(),
);

it("saves a recording under the names of its room and its time", () => {
  expect(savedName({ room: "Tea: at 5?", startedAt: at })).toBe("Tea_ at 5_ 2026-11-26 09.05.webm");
});

it("ends a recording before the disk is full, where the browser tells", () => {
  expect([LEAST_FREE_BYTES - 1, LEAST_FREE_BYTES, null].map(isFull)).toEqual([true, false, false]);
});
