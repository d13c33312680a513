import { afterEach, expect, it, vi } from "vitest";
import { roomHash } from "./room-hash";

afterEach(() => void vi.unstubAllGlobals());

it("is the beginning of SHA-256, the same for the same name", async () => {
  expect(await roomHash("den")).toBe("8a8a1a9f");
  expect(await roomHash(" caf\u0065\u0301 ")).toBe(await roomHash("caf\u00e9"));
});

it("is none where the browser has no SHA-256", async () => {
  vi.stubGlobal("crypto", {});
  expect(await roomHash("den")).toBeNull();
});
