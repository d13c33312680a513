import { CostMeter } from "./cost-meter";
import type { Effect, EffectState, EffectView, EffectWatch, StartEffect } from "./effect";

/** The longest wait for an effect to load. */
export const START_MS = 20_000;

export interface SlotParts<Choice> {
  readonly start: StartEffect<Choice>;
  /**
   * Whether nothing is sent until the effect is there or has failed. A person who wants their room hidden is not
   * shown without that for the first second.
   */
  readonly isDiscreet: boolean;
  readonly cores: number;
  /** The longest time for a piece, in milliseconds. */
  readonly budgetMs: number;
  now(): number;
  changed(): void;
}

interface Running<Choice> {
  readonly effect: Effect;
  readonly choice: Choice;
}

/**
 * The place of an effect between a device and what is sent of it. Where the effect fails or is too slow, the
 * captured track takes its place.
 */
export class EffectSlot<Choice> {
  #choice: Choice | null = null;
  #captured: MediaStreamTrack | null = null;
  #running: Running<Choice> | null = null;
  #state: EffectState = "off";
  #meter: CostMeter | null = null;
  /** Each start supersedes the one before. */
  #request = 0;
  #isHeld = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #view: EffectView<Choice> = { choice: null, state: "off", cost: null };

  constructor(private readonly parts: SlotParts<Choice>) {}

  get view(): EffectView<Choice> {
    return this.#view;
  }

  /** Whether the captured track is kept back until the effect is there. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Chooses an effect, null for none. What runs goes on until the chosen one is there. */
  choose(choice: Choice | null): void {
    if (choice === this.#choice && (this.#state === "on" || this.#state === "starting")) return;
    this.#choice = choice;
    this.#begin();
    this.parts.changed();
  }

  /** Gives what to send of a captured track: itself, what the effect makes of it, or nothing yet. */
  output(captured: MediaStreamTrack | null): MediaStreamTrack | null {
    if (captured !== this.#captured) this.#capture(captured);
    const made = this.#running?.effect.track;
    // A mute has to reach what is sent at once, not with the next piece that the effect makes.
    if (made && captured) made.enabled = captured.enabled;
    return made ?? (this.#isHeld ? null : captured);
  }

  /** Gives the effect up for others that need the CPU more, such as the encoder of what is sent. */
  relieve(): void {
    if (this.#state === "on") this.#giveUp("too-slow");
  }

  #capture(captured: MediaStreamTrack | null): void {
    this.#captured = captured;
    this.#end();
    this.#isHeld = this.parts.isDiscreet && captured !== null && this.#choice !== null;
    if (this.#state === "too-slow") this.#isHeld = false;
    else this.#begin();
  }

  #begin(): void {
    clearTimeout(this.#deadline);
    const request = ++this.#request;
    const captured = this.#captured;
    const choice = this.#choice;
    if (choice === null || !captured) {
      this.#end();
      this.#isHeld = false;
      this.#become("off");
      return;
    }
    this.#become("starting");
    this.#deadline = setTimeout(() => {
      if (request === this.#request) this.#fail(new Error("The effect took too long to load"));
    }, START_MS);
    void this.#start(request, captured, choice);
  }

  async #start(request: number, captured: MediaStreamTrack, choice: Choice): Promise<void> {
    const isCurrent = () => request === this.#request;
    const meter = new CostMeter(this.parts.cores, this.parts.budgetMs);
    const watch: EffectWatch = {
      took: (ms, pieces) => {
        if (isCurrent() && meter.note(ms, this.parts.now(), pieces)) this.#measure(meter);
      },
      failed: (error) => {
        if (isCurrent()) this.#fail(error);
      },
    };
    try {
      const effect = await this.parts.start(captured, choice, watch);
      if (isCurrent()) this.#run({ effect, choice }, meter);
      else effect.close();
    } catch (error) {
      if (isCurrent()) this.#fail(error);
    }
  }

  #run(running: Running<Choice>, meter: CostMeter): void {
    clearTimeout(this.#deadline);
    this.#end();
    this.#running = running;
    this.#meter = meter;
    this.#isHeld = false;
    this.#become("on");
    this.parts.changed();
  }

  #measure(meter: CostMeter): void {
    if (meter.isTooSlow) this.#giveUp("too-slow");
    else {
      this.#become(this.#state);
      this.parts.changed();
    }
  }

  #fail(error: unknown): void {
    console.warn("An effect failed", error);
    this.#giveUp("failed");
  }

  #giveUp(state: "failed" | "too-slow"): void {
    clearTimeout(this.#deadline);
    this.#request++;
    this.#end();
    this.#isHeld = false;
    this.#become(state);
    this.parts.changed();
  }

  #end(): void {
    this.#running?.effect.close();
    this.#running = null;
    this.#meter = null;
  }

  #become(state: EffectState): void {
    this.#state = state;
    const cost = state === "on" ? (this.#meter?.cost ?? null) : null;
    this.#view = { choice: this.#choice, state, cost };
  }
}
