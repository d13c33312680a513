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

/** Sound that is this late, in seconds, is not waited for any more. */
const MOST_WAIT = 2;
/** Of the time that is waited for no more, what stays for sound that comes after all. */
const STILL_EXPECTED = 1;
/** The longest silence at once: after the computer slept, it may be hours that are missing. */
const MOST_SILENCE = 5;

/** A time without sound, in seconds. */
export interface SoundGap {
  readonly start: number;
  readonly duration: number;
}

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

  /** The silence that is due at a time, since sound does not come; null where it may still come. */
  gap(at: number): SoundGap | null {
    if (at - this.#next < MOST_WAIT) return null;
    const end = at - STILL_EXPECTED;
    const start = Math.max(this.#next, end - MOST_SILENCE);
    this.#next = end;
    return { start, duration: end - start };
  }
}
