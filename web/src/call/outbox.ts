import type { OfferIce, OfferSdp } from "../wire.gen";

export type Letter =
  | { readonly event: "offer-sdp"; readonly payload: OfferSdp }
  | { readonly event: "offer-ice"; readonly payload: OfferIce };

const KEPT = 500;

/**
 * What we say to peers, numbered within a visit as the server numbers it. While the line is down
 * letters wait; after it, those that the server has not taken are sent again, in order.
 */
export class Outbox {
  #letters: Letter[] = [];
  /** The number of the oldest letter that is kept. */
  #first = 0;
  #mark = 0;
  #open = false;

  constructor(private readonly send: (letter: Letter) => void) {}

  get isOpen(): boolean {
    return this.#open;
  }

  post(letter: Letter): void {
    this.#letters.push(letter);
    if (this.#letters.length > KEPT) this.#forget(1);
    if (this.#open) this.send(letter);
  }

  /** The line is down, or not agreed on yet. */
  close(): void {
    this.#open = false;
  }

  /** What is posted from here on belongs to the join that goes out now. */
  mark(): void {
    this.#open = false;
    this.#mark = this.#first + this.#letters.length;
  }

  /** The same visit goes on; the server has taken so many. False where some are lost. */
  resume(taken: number): boolean {
    const complete = taken >= this.#first && taken <= this.#first + this.#letters.length;
    this.#forget(taken - this.#first);
    this.#first = taken;
    this.#flush();
    return complete;
  }

  /** The server counts from nothing: what was said before the mark concerns nobody any more. */
  restart(): void {
    this.#forget(this.#mark - this.#first);
    this.#first = 0;
    this.#flush();
  }

  #forget(count: number): void {
    const gone = this.#letters.splice(0, Math.max(0, count));
    this.#first += gone.length;
  }

  #flush(): void {
    this.#open = true;
    for (const letter of this.#letters) this.send(letter);
  }
}
