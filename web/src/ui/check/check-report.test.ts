import { describe, expect, it } from "vitest";
import { outcome, STEPS, type StepName } from "../../call/check/findings";
import type { PreflightView, StepState } from "../../call/check/preflight";
import { english } from "../../texts/loaded-texts";
import { checkReport, mailLink } from "./check-report";
import { figureWords, findingsOf } from "./check-words";

const FACTS = {
  server: "https://meet.example.org",
  version: "1.2",
  browser: "Firefox",
  kind: "firefox",
  at: new Date("2026-11-27T08:00:00Z"),
} as const;

function viewOf(steps: Partial<Record<StepName, StepState>>): PreflightView {
  const all = Object.fromEntries(STEPS.map((step) => [step, { kind: "waiting" }]));
  return { phase: "done", steps: { ...all, ...steps } as PreflightView["steps"] };
}

const VIEW = viewOf({
  camera: {
    kind: "done",
    ...outcome(
      "camera.fine",
      { name: "device", text: "Ann’s camera" },
      { name: "size", text: "640 × 360" },
    ),
  },
  speaker: { kind: "asking" },
  candidates: {
    kind: "done",
    ...outcome("candidates.relayRefused", { name: "relay-tls", way: "refused" }),
  },
});

describe("the report of a check", () => {
  it("says what was found, measured and is to be done", () => {
    expect(checkReport(english, VIEW, FACTS)).toBe(
      [
        "Parlour 1.2",
        "https://meet.example.org",
        "2026-11-27T08:00:00.000Z",
        "Firefox",
        "",
        "[fine] Camera: The camera gives pictures. (camera.fine)",
        "  Picture: 640 × 360",
        "[skipped] Speaker: You haven’t said whether you heard the sound. (speaker.unanswered)",
        "[failed] Ways through the network: The relay (TURN) refuses the access that this server gives." +
          " (candidates.relayRefused)",
        "  Relay over TLS: refuses",
        "  → Tell the administrator: Parlour and the TURN server need the same secret and the right time.",
        "",
      ].join("\n"),
    );
  });

  it("counts a question without an answer as left out", () => {
    expect(findingsOf(VIEW)).toEqual([
      "camera.fine",
      "speaker.unanswered",
      "candidates.relayRefused",
    ]);
  });

  it("fits into the link of a mail", () => {
    const link = mailLink("help+a&b@example.org", "A report & more", `ä ?\n${"x".repeat(5000)}\n`);
    expect(link).toBe(
      "mailto:help%2Ba%26b@example.org?subject=A%20report%20%26%20more&body=%C3%A4%20%3F",
    );
  });
});

describe("figures", () => {
  it.each([
    [{ name: "roundTrip", ms: 12.4 }, "Round trip: 12 ms"],
    [{ name: "bitrate", bits: 2_340_000 }, "Bitrate: 2.3 Mbit/s"],
    [{ name: "loss", percent: 2 }, "Packet loss: 2.0%"],
    [{ name: "host", isThere: false }, "In your network: not found"],
    [{ name: "path", path: { isRelayed: true, transport: "tcp" } }, "Path: relayed, TCP"],
  ] as const)("%j is %s", (figure, words) => {
    expect(figureWords(english, figure).join(": ")).toBe(words);
  });
});
