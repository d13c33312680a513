import { type Participant, type RemoteTrack, SCREENS } from "../topology";
import { type PictureSource, type PictureWishes, Wish } from "./wishes";

/** A place at which a source of a participant is shown. */
export interface View {
  /** Tells the height at which the source is shown, in pixels of the screen; 0 where it is out of sight. */
  show(height: number): void;
  close(): void;
}

const SOURCES: readonly PictureSource[] = ["camera", ...SCREENS];

/** The places at which the pictures of participants are shown, and the wishes that follow from them. */
export class Views {
  /** By participant, for the sources that are on. */
  readonly #wishes = new Map<string, Map<PictureSource, Wish>>();
  /** Views may be opened before their source is known to be on. */
  readonly #heights = new Map<
    View,
    { participant: string; source: PictureSource; height: number }
  >();
  readonly #told = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly wish: (participant: string, wishes: PictureWishes) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  open(participant: string, source: PictureSource): View {
    const view: View = {
      show: (height) => {
        this.#heights.set(view, { participant, source, height });
        this.#wishOf(participant, source)?.show(view, height, this.now());
        this.#settle();
      },
      close: () => {
        this.#heights.delete(view);
        this.#wishOf(participant, source)?.hide(view, this.now());
        this.#settle();
      },
    };
    return view;
  }

  /**
   * Follows who is in the call, and which of their sources are on. What is on and shown nowhere is not wished for;
   * of what is off nothing is said, so that it appears at once when it is on again.
   */
  follow(participants: readonly Participant[]): void {
    const present = new Set(participants.map(({ id }) => id));
    for (const id of this.#wishes.keys()) if (!present.has(id)) this.#forget(id);
    for (const participant of participants) {
      for (const source of SOURCES) {
        const on = trackOf(participant, source)?.on;
        this.#expect(participant.id, source, source === "camera" ? on !== false : on === true);
      }
    }
    this.#settle();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wishes.clear();
    this.#heights.clear();
    this.#told.clear();
  }

  #wishOf(participant: string, source: PictureSource): Wish | undefined {
    return this.#wishes.get(participant)?.get(source);
  }

  #expect(participant: string, source: PictureSource, isOn: boolean): void {
    const wishes = this.#wishes.get(participant) ?? new Map<PictureSource, Wish>();
    this.#wishes.set(participant, wishes);
    if (!isOn) wishes.delete(source);
    else if (!wishes.has(source)) wishes.set(source, this.#newWish(participant, source));
  }

  #newWish(participant: string, source: PictureSource): Wish {
    const now = this.now();
    const wish = new Wish(now);
    for (const [view, shown] of this.#heights) {
      if (shown.participant === participant && shown.source === source) {
        wish.show(view, shown.height, now);
      }
    }
    return wish;
  }

  #forget(participant: string): void {
    this.#wishes.delete(participant);
    this.#told.delete(participant);
  }

  /** Tells the wishes that have changed, and comes back when the next may. */
  #settle(): void {
    clearTimeout(this.#timer);
    const now = this.now();
    let dueAt = Number.POSITIVE_INFINITY;
    for (const [participant, wishes] of this.#wishes) {
      for (const wish of wishes.values()) {
        wish.settle(now);
        dueAt = Math.min(dueAt, wish.dueAt ?? dueAt);
      }
      this.#tell(participant, wishes);
    }
    if (dueAt < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#settle(), Math.max(1, dueAt - now));
    }
  }

  #tell(participant: string, wishes: ReadonlyMap<PictureSource, Wish>): void {
    const current: Partial<Record<PictureSource, number>> = {};
    for (const [source, { current: height }] of wishes) {
      if (height !== undefined) current[source] = height;
    }
    const written = JSON.stringify(current);
    if (written === (this.#told.get(participant) ?? "{}")) return;
    this.#told.set(participant, written);
    this.wish(participant, current);
  }
}

function trackOf({ tracks, screens }: Participant, source: PictureSource): RemoteTrack | undefined {
  return source === "camera" ? tracks.camera : screens.find((screen) => screen.source === source);
}
