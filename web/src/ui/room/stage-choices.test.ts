import { expect, it } from "vitest";
import { choicesFrom, KeptChoices, USUAL_CHOICES } from "./stage-choices";

it.each([null, "", "null", "7", "[]", '{"arrangement":"round","corner":3}', "{"])(
  "takes the usual choices in the place of %s",
  (written) => expect(choicesFrom(written)).toEqual(USUAL_CHOICES),
);

it("reads what it has written", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  } as unknown as Storage;
  new KeptChoices(() => storage).change({ arrangement: "speaker" });
  new KeptChoices(() => storage).change({ showsSelf: false, corner: "top-start" });
  const chosen = { arrangement: "speaker", showsSelf: false, corner: "top-start" };
  expect(new KeptChoices(() => storage).current.get()).toEqual(chosen);
});

it("works without storage", () => {
  const choices = new KeptChoices(() => {
    throw new DOMException("", "SecurityError");
  });
  choices.change({ arrangement: "speaker" });
  expect(choices.current.get().arrangement).toBe("speaker");
});
