import { describe, expect, it } from "vitest";
import { failureReport } from "./failure-report";

const TOKEN = "Zk3v9Qm0aXb_7Lr2-TnE5wYcUd8HsJ1p";
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFAYi5jIn0.c2lnbmF0dXJl";

function report(error: unknown, path = "/r/Garden") {
  const where = { version: "1.2.3", path, browser: "Mozilla/5.0 (X11) Gecko/20100101" };
  return failureReport(
    { error, componentStack: "\n    at Tile (https://x/assets/main.js)" },
    where,
  );
}

describe("failureReport", () => {
  it("says what went wrong, where, and in which version and browser", () => {
    const text = report(new TypeError("stream is null"));
    for (const part of [
      "Parlour 1.2.3",
      "TypeError: stream is null",
      "Gecko",
      "at Tile",
      ".test.ts",
    ]) {
      expect(text).toContain(part);
    }
  });

  it.each([
    ["a token of a mail", new Error(`bad link ${TOKEN}`), TOKEN],
    ["an access token", new Error(`Bearer ${JWT}`), "eyJ"],
    ["a token of a fragment", new Error("https://x/reset#abc-def failed"), "abc-def"],
    ["a query", new Error("GET https://x/message?room=Garden"), "Garden"],
    ["an address", new Error("no user ann@example.org"), "ann"],
    ["what is no error", `thrown ${JWT}`, "eyJ"],
  ])("leaves out %s", (_, error, secret) => {
    expect(report(error)).not.toContain(secret);
  });

  it.each([`/verifyguest/${TOKEN}`, "/verifyclient/short", `/reset/${TOKEN}`, "/r/Garden"])(
    "names the page %s without what follows it",
    (path) => {
      const text = report(new Error("no"), path);
      expect(text).not.toContain(path);
      expect(text).toContain(`Page: /${path.split("/")[1]}/…`);
    },
  );

  it("is short", () => {
    expect(report(new Error("x y ".repeat(10_000))).length).toBeLessThanOrEqual(8_000);
  });
});
