import type { ScreenSource } from "../topology";
import { rungFor } from "./picture-ladder";

/** The sources that are pictures. */
export type PictureSource = "camera" | ScreenSource;

/**
 * The height in pixels that a receiver wants of each source, 0 for nothing. A source is absent while the receiver
 * says nothing of it.
 */
export type PictureWishes = Readonly<Partial<Record<PictureSource, number>>>;

/** Larger at once, but for a layout that is still changing. */
export const UP_AFTER_MS = 100;
/** Smaller late: whoever drags a window may drag it back, and each change costs a key frame. */
export const DOWN_AFTER_MS = 2_000;
/** Nothing later still: whoever looks into another tab often comes right back. */
export const NOTHING_AFTER_MS = 5_000;

const DELAYS = { up: UP_AFTER_MS, down: DOWN_AFTER_MS, nothing: NOTHING_AFTER_MS };

type Change = keyof typeof DELAYS;

/**
 * What one receiver wishes of one source, from the sizes at which it is shown. A wish changes once the
 * size has differed for so long; the size that it has then is what counts.
 */
export class Wish {
  readonly #heights = new Map<object, number>();
  #current: number | undefined;
  #change: { readonly kind: Change; readonly since: number } | null = null;

  constructor(now: number) {
    this.#follow(now);
  }

  /** Undefined until the source has been shown, or has not been for long. */
  get current(): number | undefined {
    return this.#current;
  }

  /** When `settle` may change the wish, if nothing happens before; null where it will not. */
  get dueAt(): number | null {
    return this.#change && this.#change.since + DELAYS[this.#change.kind];
  }

  /** Notes the height, in pixels of the screen, at which a view shows the source; 0 where it is out of sight. */
  show(view: object, height: number, now: number): void {
    this.#heights.set(view, height);
    this.#follow(now);
  }

  hide(view: object, now: number): void {
    this.#heights.delete(view);
    this.#follow(now);
  }

  /** Changes the wish where it is time; true where it has changed. */
  settle(now: number): boolean {
    if (this.dueAt === null || now < this.dueAt) return false;
    this.#current = this.#target;
    this.#change = null;
    return true;
  }

  get #target(): number {
    const height = Math.max(0, ...this.#heights.values());
    return height > 0 ? rungFor(height).lines : 0;
  }

  #follow(now: number): void {
    const kind = this.#kind();
    if (kind !== this.#change?.kind) this.#change = kind && { kind, since: now };
  }

  #kind(): Change | null {
    const target = this.#target;
    if (target === this.#current) return null;
    if (target === 0) return "nothing";
    return target > (this.#current ?? 0) ? "up" : "down";
  }
}
