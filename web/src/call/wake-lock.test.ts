import { expect, it } from "vitest";
import { settled } from "./fake-devices";
import { keepAwake } from "./wake-lock";

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = "visible";

  show(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

function newSubject() {
  const locks: { released: boolean; release(): Promise<void> }[] = [];
  const refusing = { isOn: false };
  const wakeLock = {
    request: async () => {
      if (refusing.isOn) throw new DOMException("low battery", "NotAllowedError");
      const lock = {
        released: false,
        release: async () => {
          lock.released = true;
        },
      };
      locks.push(lock);
      return lock;
    },
  };
  const page = new Page();
  const stop = keepAwake(page as unknown as Document, wakeLock as unknown as WakeLock);
  return { page, locks, refusing, stop };
}

it("is taken, and taken again once the page is seen again", async () => {
  const { page, locks, stop } = newSubject();
  await settled();
  expect(locks).toHaveLength(1);
  page.show("hidden");
  for (const lock of locks) lock.released = true; // as browsers do
  page.show("visible");
  await settled();
  expect(locks.map(({ released }) => released)).toEqual([true, false]);
  page.show("visible");
  await settled();
  expect(locks).toHaveLength(2);
  stop();
  expect(locks.every(({ released }) => released)).toBe(true);
  page.show("visible");
  await settled();
  expect(locks).toHaveLength(2);
});

it("is given back where it comes after the end", async () => {
  const { locks, stop } = newSubject();
  stop();
  await settled();
  expect(locks.every(({ released }) => released)).toBe(true);
});

it("is asked for again after a refusal", async () => {
  const { page, locks, refusing, stop } = newSubject();
  await settled();
  refusing.isOn = true;
  for (const lock of locks) lock.released = true;
  page.show("visible");
  await settled();
  refusing.isOn = false;
  page.show("visible");
  await settled();
  expect(locks).toHaveLength(2);
  stop();
});
