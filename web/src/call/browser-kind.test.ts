import { expect, test } from "vitest";
import { browserKind } from "./browser-kind";

const MAC =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";

test.each([
  [`${CHROME} Safari/537.36`, 0, "other"],
  [`${CHROME} Safari/537.36 Edg/140.0.0.0`, 0, "other"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 0, "firefox"],
  ["Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", 5, "android"],
  ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile", 5, "android"],
  [`${MAC} Version/18.0 Safari/605.1.15`, 0, "safari"],
  [`${MAC} Version/18.0 Safari/605.1.15`, 5, "ios"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148", 5, "ios"],
  ["", 0, "safari"],
])("%s with %i touch points", (userAgent, touchPoints, kind) => {
  expect(browserKind(userAgent, touchPoints)).toBe(kind);
});
