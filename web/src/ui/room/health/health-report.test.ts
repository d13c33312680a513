import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HealthRecord } from "../../../call/health/call-health";
import { windowOf } from "../../../call/health/fake-window";
import { english as t } from "../../../texts/loaded-texts";
import { healthReport } from "./health-report";

const FACTS = {
  room: "Choir",
  server: "https://parlour.example",
  version: "1.0",
  browser: "Firefox",
  at: new Date("2026-11-26T18:00:00Z"),
  advice: ["Your connection is weak."],
  language: "en",
  direction: "ltr",
  origin: Date.parse("2026-11-26T17:50:00Z"),
};

function record(values: Partial<HealthRecord> = {}): HealthRecord {
  const windows = [1, 2, 4].map((slot) => windowOf({ slot }));
  const standing = { mark: "fair", isSevere: false } as const;
  return {
    id: "a",
    username: "ann",
    displayName: "Ann",
    isHere: true,
    standing,
    unreachable: null,
    windows,
    ...values,
  };
}

/** The data for programs. */
function dataIn(page: string) {
  const [, json = ""] =
    /<script type="application\/json" id="data">(.*)<\/script>/.exec(page) ?? [];
  return JSON.parse(json);
}

describe("a report", () => {
  it("says what was measured, in words and for programs", () => {
    const page = healthReport(
      t,
      [record(), record({ id: "b", isHere: false, standing: null })],
      FACTS,
    );
    for (const text of ["Choir", "Ann (ann)", "Fair connection", "Left", "direct, UDP", "40 ms"]) {
      expect(page).toContain(text);
    }
    expect(dataIn(page)).toMatchObject({
      room: "Choir",
      at: "2026-11-26T18:00:00.000Z",
      connections: [
        { username: "ann", windows: [{ from: "2026-11-26T17:50:00.000Z", lossIn: 0 }, {}, {}] },
        { isHere: false },
      ],
    });
  });

  it("draws stretches without a gap as one line each", () => {
    expect(healthReport(t, [record()], FACTS).match(/<polyline /g)).toHaveLength(2 * 6);
  });

  it("is a page whatever it has to show", () => {
    expect(healthReport(t, [], FACTS)).toContain("Connection report");
    const unknown = windowOf({ roundTripMs: null, lossIn: null, lossOut: null, path: null });
    expect(healthReport(t, [record({ windows: [unknown] })], FACTS)).not.toMatch(
      /NaN|undefined|null ms/,
    );
  });

  it("has no element that a name put there, and no request to anywhere", () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom("</script><script>alert(1)</script>", "<img src=x>", '"><b>', "&lt;"),
    );
    fc.assert(
      fc.property(text, text, text, (username, displayName, room) => {
        const page = healthReport(t, [record({ username, displayName })], { ...FACTS, room });
        expect(page.match(/<script/g)).toHaveLength(1);
        expect(page).not.toMatch(/<(img|b|link|iframe|a)[ >]/);
        expect(dataIn(page).connections[0].username).toBe(username);
      }),
    );
  });
});
