import type { ReportTopology } from "../../wire.gen";
import type { PictureWishes } from "../quality/wishes";
import type { Participant } from "../topology";
import { Arrival } from "./arrival";
import type { Way } from "./moves";
import type { MeasuredPath, SfuPath } from "./paths";

const LOOK_EVERY_MS = 200;
/** After that time the others do not wait any longer, whatever has come. */
export const RECEIVING_WITHIN_MS = 8_000;
/** A path that is broken for so long is told to be lost; it may come back all the same. */
export const LOST_AFTER_MS = 3_000;
/** A server that has heard of a loss answers by another way, or by another token. */
export const AGAIN_AFTER_MS = 5_000;

export interface ReportParts {
  report(report: ReportTopology): void;
  /** Something has come by the new way. */
  arrived(): void;
  shown(): readonly Participant[];
  wishes(): ReadonlyMap<string, PictureWishes>;
}

/** Says how far this browser is with a move to one way, and what becomes of that. */
export class MoveReports {
  readonly #said = new Set<ReportTopology["state"]>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #arrival: Arrival;
  #losing: ReturnType<typeof setTimeout> | undefined;
  #isLost = false;
  #isClosed = false;

  constructor(
    private readonly way: Way,
    private readonly path: MeasuredPath & Partial<SfuPath>,
    private readonly parts: ReportParts,
  ) {
    this.#arrival = new Arrival(path, () => parts.arrived());
    const { state, isPublished } = path;
    if (state && isPublished) {
      const follow = () => this.#follow(state.get(), isPublished.get());
      this.#unsubscribe.push(state.subscribe(follow), isPublished.subscribe(follow));
      follow();
    } else this.#say("published");
    void this.#awaitMedia();
  }

  hasCome(track: MediaStreamTrack): boolean {
    return this.#arrival.hasCome(track);
  }

  isOf(way: Way, path: MeasuredPath): boolean {
    return this.way.epoch === way.epoch && this.path === path;
  }

  /** Says all again, to a server that may not have heard it. */
  repeat(): void {
    const said = this.#isLost ? (["failed"] as const) : [...this.#said];
    for (const state of said) this.#report(state);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#losing);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #follow(state: string, isPublished: boolean): void {
    if (state === "connected") this.#found(isPublished);
    else if (state !== "connecting") this.#lose(state === "failed" ? 0 : LOST_AFTER_MS);
  }

  #found(isPublished: boolean): void {
    clearTimeout(this.#losing);
    this.#losing = undefined;
    if (isPublished) this.#say("published");
    if (!this.#isLost) return;
    this.#isLost = false;
    this.repeat();
  }

  #lose(afterMs: number): void {
    if (this.#losing !== undefined && afterMs > 0) return;
    clearTimeout(this.#losing);
    this.#losing = setTimeout(() => {
      this.#isLost = true;
      this.#report("failed");
      this.#losing = undefined;
      this.#lose(AGAIN_AFTER_MS);
    }, afterMs);
  }

  async #awaitMedia(): Promise<void> {
    const arrival = this.#arrival;
    await arrival.begin();
    for (let waited = 0; waited < RECEIVING_WITHIN_MS; waited += LOOK_EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      if (this.#isClosed) return;
      const isComplete = await arrival.isComplete(this.parts.shown(), this.parts.wishes());
      if (isComplete && this.#said.has("published")) break;
    }
    if (!this.#isClosed && !this.#isLost) this.#say("receiving");
  }

  #say(state: ReportTopology["state"]): void {
    if (this.#said.has(state)) return;
    this.#said.add(state);
    this.#report(state);
  }

  #report(state: ReportTopology["state"]): void {
    const { epoch } = this.way;
    this.parts.report({ state, ...(epoch !== null && { epoch }) });
  }
}
