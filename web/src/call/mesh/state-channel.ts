import { bestEffort } from "../best-effort";
import type { SenderKeyMessage } from "../e2ee/sender-keys";
import { isReaction, MOST_HANDS, type Reaction } from "../gestures";
import type { PictureSource, PictureWishes } from "../quality/wishes";
import { RateLimiter } from "../rate-limiter";
import { SCREENS, type ScreenSource, type SourceStates } from "../topology";

/** Both sides give the same id, so that the channel needs no announcement and an older client notices nothing. */
const CHANNEL = { negotiated: true, id: 0 } as const;
const MAX_LENGTH = 1000;
const MAX_MID_LENGTH = 32;
/** Of the messages that came after the state, which has none; others are passed over. */
const VERSION = 1;
/** In pixels; a peer that wants more means as much as there is. */
const MAX_HEIGHT = 10_000;
const SOURCES = ["camera", ...SCREENS] as const;
/** A peer that sends faster than anybody presses buttons is not read any more. */
const BURST = 50;
const EVERY_MS = 100;

/** A screen that a peer shares. */
export interface ScreenState {
  readonly source: ScreenSource;
  /** The media section in which it is sent; null where it has none of its own yet. */
  readonly mid: string | null;
  /** The media section in which its sound is sent; null where it has none yet. Absent where there is no sound. */
  readonly sound?: string | null;
}

/** The state that peers tell each other of their sources. */
export interface PeerState {
  readonly on: SourceStates;
  /**
   * The identification (RFC 8843, "mid") of the media section in which the screen is sent; null where it is sent
   * in the camera's section, or not at all. Undefined from clients that know no section for the screen.
   */
  readonly screenMid: string | null | undefined;
  /** In the order in which they were shared. Undefined from clients that know of one screen alone. */
  readonly screens?: readonly ScreenState[] | undefined;
}

export function parseState(data: unknown): PeerState | null {
  if (typeof data !== "string" || data.length > MAX_LENGTH) return null;
  try {
    const said = JSON.parse(data) as Record<string, unknown>;
    const { microphone, camera, screen, screenMid, screens } = said;
    if (typeof microphone !== "boolean" || typeof camera !== "boolean") return null;
    return {
      on: { microphone, camera, screen: screen === true },
      screenMid: parseMid(screenMid),
      ...(Array.isArray(screens) && { screens: parseScreens(screens) }),
    };
  } catch {
    return null;
  }
}

function parseMid(mid: unknown): string | null | undefined {
  if (mid === null) return null;
  return typeof mid === "string" && mid.length <= MAX_MID_LENGTH ? mid : undefined;
}

/** Screens of which more is said than once count as they are said first; those that we do not know are passed over. */
function parseScreens(said: readonly unknown[]): ScreenState[] {
  const screens = new Map<ScreenSource, ScreenState>();
  for (const one of said) {
    const { source, mid, sound } = (one ?? {}) as Record<string, unknown>;
    const known = SCREENS.find((name) => name === source);
    if (!known || screens.has(known)) continue;
    screens.set(known, {
      source: known,
      mid: parseMid(mid) ?? null,
      ...(sound !== undefined && { sound: parseMid(sound) ?? null }),
    });
  }
  return [...screens.values()];
}

/** What peers tell each other of the pictures that they send, and by gestures. Later versions may say more. */
export interface PictureNews {
  /** What the peer wants of us, such as `{camera: 360, screen: 0}`. */
  readonly wants?: PictureWishes;
  /** What the peer does not send, since the way to us is too narrow. */
  readonly paused?: readonly PictureSource[];
  /** Whether the peer records the call. The server tells that too, while it is there. */
  readonly records?: boolean;
  /** The number of the peer's hand, from 1: of those that are up, the lowest was raised first. Null where it is down. */
  readonly hand?: number | null;
  readonly reaction?: Reaction;
  /** Asks for our hand to go down. */
  readonly lower?: true;
  /** A secret of an encrypted call, or that one of ours was taken. */
  readonly senderKey?: SenderKeyMessage;
}

/** Reads `{version: 1, wants: {camera: 360}, paused: ["screen"], records: true}`, of which any part may be absent. */
export function parseNews(data: unknown): PictureNews | null {
  if (typeof data !== "string" || data.length > MAX_LENGTH) return null;
  try {
    const { version, wants, paused, records, hand, reaction, lower, ...more } = JSON.parse(
      data,
    ) as Record<string, unknown>;
    if (version !== VERSION) return null;
    const senderKey = senderKeyOf(more.senderKey);
    return {
      ...(typeof wants === "object" && wants !== null && { wants: wishesOf(wants) }),
      ...(Array.isArray(paused) && { paused: SOURCES.filter((source) => paused.includes(source)) }),
      ...(typeof records === "boolean" && { records }),
      ...((hand === null || isNumberOfHand(hand)) && { hand }),
      ...(isReaction(reaction) && { reaction }),
      ...(lower === true && { lower }),
      ...(senderKey && { senderKey }),
    };
  } catch {
    return null;
  }
}

function senderKeyOf(said: unknown): SenderKeyMessage | null {
  const { epoch, number, key } = (said ?? {}) as Record<string, unknown>;
  const isNumber = Number.isSafeInteger(number) && Number(number) >= 0;
  if (typeof epoch !== "string" || !isNumber) return null;
  if (key !== undefined && typeof key !== "string") return null;
  return { epoch, number: Number(number), ...(key !== undefined && { key }) };
}

function wishesOf(said: Partial<Record<PictureSource, unknown>>): PictureWishes {
  const wishes: Partial<Record<PictureSource, number>> = {};
  for (const source of SOURCES) {
    const height = said[source];
    if (isHeight(height)) wishes[source] = height;
  }
  return wishes;
}

function isHeight(height: unknown): height is number {
  return typeof height === "number" && height >= 0 && height <= MAX_HEIGHT;
}

function isNumberOfHand(number: unknown): number is number {
  return Number.isSafeInteger(number) && Number(number) >= 1 && Number(number) <= MOST_HANDS;
}

function written({ on, screenMid = null, screens = [] }: PeerState): string {
  const { microphone, camera, screen } = on;
  return JSON.stringify({ microphone, camera, screen, screenMid, screens });
}

export interface ChannelListener {
  heardState(state: PeerState): void;
  heardNews(news: PictureNews): void;
}

/** A message of ours: what it says now, and what was sent last. */
interface Message {
  ours: string | null;
  told: string | null;
}

/**
 * The data channel over which a peer hears which of our sources are on and what we want of theirs, and tells the
 * same.
 */
export class StateChannel {
  #channel: RTCDataChannel | null = null;
  readonly #state: Message = { ours: null, told: null };
  readonly #wishes: Message = { ours: null, told: null };
  readonly #paused: Message = { ours: null, told: null };
  readonly #records: Message = { ours: null, told: null };
  /** The number of our hand, and what of that the peer was told. */
  readonly #hand: { ours: number | null; told: number | null } = { ours: null, told: null };
  readonly #limiter = new RateLimiter(BURST, EVERY_MS);

  constructor(private readonly listener: ChannelListener) {}

  open(connection: RTCPeerConnection): void {
    if (this.#channel) return;
    const channel = bestEffort("a channel for the devices", () =>
      connection.createDataChannel("state", CHANNEL),
    );
    if (!channel) return;
    this.#channel = channel;
    channel.addEventListener("open", () => this.#tell());
    channel.addEventListener("message", ({ data }) => {
      if (!this.#limiter.take(performance.now())) {
        channel.close();
        return;
      }
      const state = parseState(data);
      if (state) this.listener.heardState(state);
      const news = state ? null : parseNews(data);
      if (news) this.listener.heardNews(news);
    });
  }

  tell(state: PeerState): void {
    this.#state.ours = written(state);
    this.#tell();
  }

  tellWishes(wants: PictureWishes): void {
    this.#tellNews(this.#wishes, { wants }, Object.keys(wants).length === 0);
  }

  tellPaused(paused: readonly PictureSource[]): void {
    this.#tellNews(this.#paused, { paused }, paused.length === 0);
  }

  tellRecording(records: boolean): void {
    this.#tellNews(this.#records, { records }, !records);
  }

  tellHand(hand: number | null): void {
    this.#hand.ours = hand;
    this.#tell();
  }

  /** Tells what lasts no longer than the moment: it is lost where the channel is not open, which is told by false. */
  tellOnce(news: Pick<PictureNews, "reaction" | "lower" | "senderKey">): boolean {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(JSON.stringify({ version: VERSION, ...news }));
    return true;
  }

  /** Older clients pass over it. What would tell nothing is told only where it was something before. */
  #tellNews(message: Message, news: PictureNews, isNothing: boolean): void {
    const text = JSON.stringify({ version: VERSION, ...news });
    message.ours = isNothing && message.told === null ? null : text;
    this.#tell();
  }

  /** Sends what the peer has not been told yet, once the channel is open. */
  #tell(): void {
    if (this.#channel?.readyState !== "open") return;
    for (const message of [this.#state, this.#wishes, this.#paused, this.#records]) {
      if (!message.ours || message.ours === message.told) continue;
      this.#channel.send(message.ours);
      message.told = message.ours;
    }
    const { ours: hand, told } = this.#hand;
    if (hand === told) return;
    this.#channel.send(JSON.stringify({ version: VERSION, hand }));
    this.#hand.told = hand;
  }
}
