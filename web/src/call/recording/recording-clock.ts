/** The time of a recording, in seconds: it stands still while the recording is paused. */
export class RecordingClock {
  #before = 0;
  #since: number | null = null;

  /** Starts, or goes on after a pause. All moments are milliseconds of one clock. */
  run(nowMs: number): void {
    this.#since ??= nowMs;
  }

  pause(nowMs: number): void {
    this.#before = this.at(nowMs);
    this.#since = null;
  }

  get isRunning(): boolean {
    return this.#since !== null;
  }

  at(nowMs: number): number {
    return this.#since === null ? this.#before : this.#before + (nowMs - this.#since) / 1000;
  }
}

/** Further than this, in seconds, sound is not left from the time at which it came. */
const MOST_DRIFT = 0.3;

/**
 * Gives sound its times. Chunks come late or in bursts, but follow each other without a gap; only where they drift
 * from the clock (the computer slept, another device has another clock) is something left out, or silent.
 */
export class SoundTimeline {
  #next = 0;

  /** The time at which a chunk begins that came at `at`; null where it is to be left out. */
  place(at: number, duration: number): number | null {
    const began = Math.max(0, at - duration);
    if (this.#next - began > MOST_DRIFT) return null;
    const start = began - this.#next > MOST_DRIFT ? began : this.#next;
    this.#next = start + duration;
    return start;
  }
}
