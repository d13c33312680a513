import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Participant } from "../topology";
import { Views } from "./views";
import { DOWN_AFTER_MS, NOTHING_AFTER_MS, type PictureWishes, UP_AFTER_MS } from "./wishes";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function newSubject() {
  const told: [string, PictureWishes][] = [];
  const views = new Views(
    (id, wishes) => void told.push([id, wishes]),
    () => Date.now(),
  );
  return { views, told, pass: (ms: number) => vi.advanceTimersByTime(ms) };
}

function participant(
  id: string,
  { camera = true as boolean | null, screen = false, screen2 = false } = {},
): Participant {
  const track = (on: boolean | null) => ({ track: null, on, flowing: false, paused: false });
  return {
    id,
    tracks: { microphone: track(true), camera: track(camera), screen: track(screen || screen2) },
    screens: [...(screen ? ["screen"] : []), ...(screen2 ? ["screen2"] : [])].map((source) => ({
      ...track(true),
      source,
      sound: null,
    })),
  } as unknown as Participant;
}

it("tells each participant what is wanted of them", () => {
  const { views, told, pass } = newSubject();
  views.follow([participant("ann"), participant("bob", { screen: true })]);
  views.open("ann", "camera").show(300);
  views.open("bob", "camera").show(100);
  views.open("bob", "screen").show(700);
  pass(UP_AFTER_MS);
  expect(told).toEqual([
    ["ann", { camera: 360 }],
    ["bob", { camera: 135, screen: 720 }],
  ]);
});

it("wants nothing of who is not shown, such as on another page of the grid", () => {
  const { views, told, pass } = newSubject();
  views.follow([participant("ann"), participant("bob")]);
  const view = views.open("ann", "camera");
  view.show(360);
  pass(NOTHING_AFTER_MS);
  view.close();
  pass(NOTHING_AFTER_MS);
  expect(told).toEqual([
    ["ann", { camera: 360 }],
    ["bob", { camera: 0 }],
    ["ann", { camera: 0 }],
  ]);
});

it("says nothing of a source that is off, so that it is there at once when it is on again", () => {
  const { views, told, pass } = newSubject();
  views.follow([participant("ann", { screen: true })]);
  views.open("ann", "camera").show(360);
  const screen = views.open("ann", "screen");
  screen.show(720);
  pass(UP_AFTER_MS);
  views.follow([participant("ann", { screen: false })]);
  screen.close();
  pass(NOTHING_AFTER_MS);
  views.follow([participant("ann", { screen: true })]);
  views.open("ann", "screen").show(540);
  pass(UP_AFTER_MS);
  expect(told).toEqual([
    ["ann", { camera: 360, screen: 720 }],
    ["ann", { camera: 360 }],
    ["ann", { camera: 360, screen: 540 }],
  ]);
});

it("takes up views that were opened before their participant was known", () => {
  const { views, told, pass } = newSubject();
  views.open("ann", "camera").show(360);
  pass(NOTHING_AFTER_MS);
  expect(told).toEqual([]);
  views.follow([participant("ann", { camera: null })]);
  pass(UP_AFTER_MS);
  expect(told).toEqual([["ann", { camera: 360 }]]);
});

it("tells a participant again who left and came back", () => {
  const { views, told, pass } = newSubject();
  views.follow([participant("ann")]);
  views.open("ann", "camera").show(360);
  pass(UP_AFTER_MS);
  views.follow([]);
  views.follow([participant("ann")]);
  pass(UP_AFTER_MS);
  expect(told).toEqual([
    ["ann", { camera: 360 }],
    ["ann", { camera: 360 }],
  ]);
});

it("wakes only when something is due", () => {
  const { views, told, pass } = newSubject();
  views.follow([participant("ann")]);
  const view = views.open("ann", "camera");
  view.show(720);
  pass(UP_AFTER_MS);
  expect(vi.getTimerCount()).toBe(0);
  view.show(100);
  expect(vi.getTimerCount()).toBe(1);
  pass(DOWN_AFTER_MS);
  expect(told.at(-1)).toEqual(["ann", { camera: 135 }]);
  view.show(720);
  views.close();
  expect(vi.getTimerCount()).toBe(0);
});

it("tells the size of each screen by itself", () => {
  const { views, told, pass } = newSubject();
  views.follow([participant("ann", { camera: false, screen: true, screen2: true })]);
  views.open("ann", "screen").show(180);
  views.open("ann", "screen2").show(1080);
  pass(UP_AFTER_MS);
  expect(told).toEqual([["ann", { screen: 180, screen2: 1080 }]]);
});
