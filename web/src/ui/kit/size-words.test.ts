import { expect, it } from "vitest";
import { sizeWords } from "./size-words";

it.each([
  [0, "0 kB"],
  [999, "1 kB"],
  [12_345, "12.3 kB"],
  [1_234_567, "1.2 MB"],
  [345_678_901, "346 MB"],
  [9_876_543_210, "9.9 GB"],
  [9_876_543_210_000, "9,877 GB"],
])("writes %d bytes as %s", (bytes, words) => expect(sizeWords(bytes, "en")).toBe(words));
