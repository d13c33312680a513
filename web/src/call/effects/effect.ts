/** Told how a running effect does. */
export interface EffectWatch {
  /** Notes the milliseconds that a picture, or some pieces of sound together, took. */
  took(ms: number, pieces?: number): void;
  /** Ends the effect: the track that it changes is sent as it is. */
  failed(error: unknown): void;
}

/** What changes a track that is captured, such as a picture behind the person. */
export interface Effect {
  /** The changed track. */
  readonly track: MediaStreamTrack;
  close(): void;
}

/** Begins to change a track, as `choice` says. */
export type StartEffect<Choice> = (
  captured: MediaStreamTrack,
  choice: Choice,
  watch: EffectWatch,
) => Promise<Effect>;

export type EffectState =
  | "off"
  /** It loads. */
  | "starting"
  | "on"
  /** It could not be had, or broke; the captured track is used. */
  | "failed"
  /** It took more time than this computer has; the captured track is used. */
  | "too-slow";

/** What an effect costs. */
export interface EffectCost {
  /** Milliseconds for a picture, or for ten milliseconds of sound. */
  readonly tookMs: number;
  /** The share of the whole processor, 0 to 1. */
  readonly share: number;
}

export interface EffectView<Choice> {
  readonly choice: Choice | null;
  readonly state: EffectState;
  /** Null until it is measured. */
  readonly cost: EffectCost | null;
}
