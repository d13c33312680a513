import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Gesture, Gestures, handsInOrder, SELF, SHOWN_MS } from "./gestures";
import type { Participant } from "./topology";

const person = (id: string, hand?: number | null) => ({ id, hand }) as Participant;

function newSubject() {
  const told: Gesture[] = [];
  const gestures = new Gestures({ tell: (gesture) => void told.push(gesture) });
  gestures.follow([person("bob"), person("eve")]);
  return { gestures, told };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("orders hands by their numbers, ours among them, and none that is down", () => {
  const others = [person("bob", 30), person("eve", 10), person("old"), person("cyd", null)];
  expect(handsInOrder(others, 20)).toEqual(["eve", SELF, "bob"]);
  expect(handsInOrder([person("b", 5), person("a", 5)], null)).toEqual(["a", "b"]);
});

it("tells when our hand goes up and down, once", () => {
  const { gestures, told } = newSubject();
  gestures.follow([person("bob", 4), person("cyd"), person("eve", null)]);
  gestures.raiseHand(true);
  gestures.raiseHand(true);
  expect(told).toEqual([{ kind: "hand", number: 5 }]);
  gestures.follow([person("bob", 4), person("eve", 6)]);
  expect(gestures.hands.get()).toEqual(["bob", SELF, "eve"]);
  gestures.raiseHand(false);
  expect(told.at(-1)).toEqual({ kind: "hand", number: null });
  expect(gestures.hands.get()).toEqual(["bob", "eve"]);
});

it("shows reactions for some seconds, and counts equal ones", () => {
  const { gestures } = newSubject();
  const shown = (id: string) => gestures.reactions.get().get(id);
  gestures.hear("bob", "applause");
  vi.advanceTimersByTime(1_000);
  gestures.hear("bob", "heart");
  gestures.hear("bob", "applause");
  expect(shown("bob")).toEqual([
    { reaction: "heart", count: 1 },
    { reaction: "applause", count: 2 },
  ]);
  expect(shown("eve")).toBeUndefined();
  vi.advanceTimersByTime(SHOWN_MS - 1_000);
  expect(shown("bob")).toContainEqual({ reaction: "applause", count: 1 });
  vi.advanceTimersByTime(1_000);
  expect(shown("bob")).toBeUndefined();
});

it("sends only so many, and hears only so many, and none from nobody", () => {
  const { gestures, told } = newSubject();
  const sent = Array.from({ length: 20 }, () => gestures.react("party"));
  expect(sent.filter(Boolean)).toHaveLength(5);
  expect(told).toHaveLength(5);
  for (let count = 0; count < 50; count++) gestures.hear("bob", "party");
  expect(gestures.reactions.get().get("bob")).toEqual([{ reaction: "party", count: 10 }]);
  gestures.hear("ghost", "party");
  expect(gestures.reactions.get().has("ghost")).toBe(false);
});
