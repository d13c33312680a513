import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SoundMix } from "./sound-mix";

/** Web Audio, as far as a mix uses it; its sound flows once it may. */
class FakeContext extends EventTarget {
  static mayFlow = false;
  static last: FakeContext;
  state: AudioContextState = "suspended";
  readonly sampleRate = 48_000;

  constructor() {
    super();
    FakeContext.last = this;
  }

  createGain = () => ({ gain: { value: 1 }, connect: () => ({}) });
  createConstantSource = () => ({ connect: (node: unknown) => node, start: () => {} });

  change(state: AudioContextState): void {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  /** Where the sound is held back, the promise stays open, as in browsers. */
  resume(): Promise<void> {
    if (!FakeContext.mayFlow) return new Promise(() => {});
    this.change("running");
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.change("closed");
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("AudioContext", FakeContext);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("says that the browser holds the sound back, until a click lets it flow", () => {
  FakeContext.mayFlow = false;
  const mix = new SoundMix();
  expect(mix.isHeldBack.get()).toBe(false);
  vi.runAllTimers();
  expect(mix.isHeldBack.get()).toBe(true);
  FakeContext.mayFlow = true;
  mix.flow();
  expect(mix.isHeldBack.get()).toBe(false);
});

it("lets the sound flow again where the browser has suspended it", () => {
  FakeContext.mayFlow = true;
  const mix = new SoundMix();
  FakeContext.last.change("suspended");
  expect(FakeContext.last.state).toBe("running");
  FakeContext.mayFlow = false;
  FakeContext.last.change("suspended");
  vi.runAllTimers();
  expect(mix.isHeldBack.get()).toBe(true);
});

it("says nothing any more once it is closed", () => {
  FakeContext.mayFlow = false;
  const mix = new SoundMix();
  mix.close();
  vi.runAllTimers();
  expect(mix.isHeldBack.get()).toBe(false);
});
