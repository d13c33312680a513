import { describe, expect, it } from "vitest";
import { withBasePath, withoutBasePath } from "./base-path";

describe("the path below which Parlour is served", () => {
  it("comes before paths of ours alone", () => {
    expect(withBasePath("/r/x", "/meet")).toBe("/meet/r/x");
    expect(withBasePath("/", "/meet")).toBe("/meet/");
    expect(withBasePath("/r/x", "")).toBe("/r/x");
    expect(withBasePath("https://example.org/", "/meet")).toBe("https://example.org/");
    expect(withBasePath("//example.org/", "/meet")).toBe("//example.org/");
  });

  it("is taken off whole segments alone", () => {
    expect(withoutBasePath("/meet/r/x", "/meet")).toBe("/r/x");
    expect(withoutBasePath("/meet/", "/meet")).toBe("/");
    expect(withoutBasePath("/meet", "/meet")).toBe("/");
    expect(withoutBasePath("/meeting", "/meet")).toBe("/meeting");
    expect(withoutBasePath("/r/x", "")).toBe("/r/x");
  });
});
