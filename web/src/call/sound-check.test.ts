import { expect, test, vi } from "vitest";
import { SoundCheck, type SoundDevices } from "./sound-check";

const MICROPHONE = {} as MediaStreamTrack;

class FakeSound implements SoundDevices {
  readonly log: string[] = [];
  #settle: { resolve: (blob: Blob) => void; reject: (error: Error) => void }[] = [];

  playTone = (speaker: string, signal: AbortSignal) => this.#begin(`tone on ${speaker}`, signal);
  record = (_: MediaStreamTrack, ms: number, signal: AbortSignal) =>
    this.#begin(`record ${ms}`, signal);
  play = (_: Blob, speaker: string, signal: AbortSignal) =>
    this.#begin(`play on ${speaker}`, signal);

  async end(): Promise<void> {
    this.#settle.shift()?.resolve(new Blob());
    await vi.waitFor(() => {});
  }

  async fail(): Promise<void> {
    this.#settle.shift()?.reject(new Error("no sound"));
    await vi.waitFor(() => {});
  }

  #begin(what: string, signal: AbortSignal): Promise<Blob> & Promise<void> {
    this.log.push(what);
    signal.addEventListener("abort", () => this.log.push(`end of ${what}`));
    return new Promise<Blob>((resolve, reject) => {
      this.#settle.push({ resolve, reject });
    }) as Promise<Blob> & Promise<void>;
  }
}

function sounds() {
  const devices = new FakeSound();
  return { devices, check: new SoundCheck(devices) };
}

test("a tone comes out of the chosen speaker", async () => {
  const { devices, check } = sounds();
  const playing = check.playTone("headset");
  expect(check.state.get()).toBe("tone");
  await devices.end();
  await playing;
  expect(check.state.get()).toBe("idle");
  expect(devices.log).toEqual(["tone on headset"]);
});

test("one hears oneself on the speaker that is chosen when the recording ends", async () => {
  const { devices, check } = sounds();
  let speaker = "hall";
  const running = check.recordAndPlay(MICROPHONE, () => speaker);
  expect(check.state.get()).toBe("recording");
  speaker = "headset";
  await devices.end();
  await vi.waitFor(() => expect(check.state.get()).toBe("playing"));
  await devices.end();
  await running;
  expect(check.state.get()).toBe("idle");
  expect(devices.log).toEqual(["record 3000", "play on headset"]);
});

test("what begins ends what is under way, which then says nothing more", async () => {
  const { devices, check } = sounds();
  const recording = check.recordAndPlay(MICROPHONE, () => "hall");
  void check.playTone("hall");
  await devices.end(); // of the recording
  await recording;
  expect(check.state.get()).toBe("tone");
  expect(devices.log).toEqual(["record 3000", "end of record 3000", "tone on hall"]);
});

test("a failure is told, and forgotten with the next attempt", async () => {
  const { devices, check } = sounds();
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  const playing = check.playTone("");
  await devices.fail();
  await playing;
  expect(check.state.get()).toBe("failed");
  void check.playTone("");
  expect(check.state.get()).toBe("tone");
  warn.mockRestore();
});
