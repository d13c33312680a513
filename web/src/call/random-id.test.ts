import { expect, it } from "vitest";
import { randomId } from "./random-id";

it("makes ids of the form of a UUID", () => {
  expect(randomId()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
