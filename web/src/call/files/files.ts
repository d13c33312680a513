import { Store } from "../../store";
import { Paced } from "../paced";
import {
  type FileFacts,
  isPicture,
  MAX_FILE_BYTES,
  MAX_SHOWN_BYTES,
  safeName,
} from "./file-messages";
import { FilePeer, type FileSender } from "./file-peer";
import type { IncomingFile, IncomingState } from "./incoming-file";
import type { OutgoingFile } from "./outgoing-file";

/** A file as the interface shows it. */
export interface FileCard {
  readonly key: string;
  readonly facts: FileFacts;
  /** Null for one's own. */
  readonly from: FileSender | null;
  readonly state: IncomingState;
  /** From 0 to 1: of what arrived here, or of what was sent to all. */
  readonly progress: number;
  /** Of one's own: how many people have it, of how many. */
  readonly reached: number;
  readonly people: number;
  /** An object URL of the whole content, once it is here. */
  readonly url: string | null;
}

export type FileProblem = "tooLarge" | "empty" | "tooMany" | "nobody" | "unreadable" | "largeCall";

/** One's own files that are on their way at most. */
const MAX_SENDING = 3;
const MAX_OWN = 12;
/** How often progress is shown: a file comes in pieces of 16 KB, hundreds of them a second. */
const PROGRESS_EVERY_MS = 250;

interface OwnFile {
  readonly id: number;
  readonly facts: FileFacts;
  readonly content: Blob;
  readonly copies: OutgoingFile[];
}

/**
 * The files that people in a call send each other, from browser to browser. Nothing of them is kept: those who come
 * later do not get them.
 */
export class Files {
  readonly cards = new Store<readonly FileCard[]>([]);
  readonly #peers = new Map<string, FilePeer>();
  #own: OwnFile[] = [];
  /** Peers that have left, with files that are shown. */
  readonly #left: FilePeer[] = [];
  readonly #urls = new Map<Blob, string>();
  readonly #order: string[] = [];
  #isConnecting = true;
  readonly #shown = new Paced(() => this.#showNow(), PROGRESS_EVERY_MS);

  /** Hashing takes a secure context, as devices do. */
  readonly isSupported = globalThis.crypto?.subtle !== undefined;

  /** Uses a channel to a participant; another one takes its place when the connection is built anew. */
  attach(peerID: string, sender: FileSender, channel: RTCDataChannel): void {
    const known = this.#peers.get(peerID);
    const peer =
      known ??
      new FilePeer({
        sender,
        changed: () => this.#show(),
        progressed: () => this.#shown.soon(),
        hash: (content) => sha256(content),
      });
    this.#peers.set(peerID, peer);
    peer.use(channel);
  }

  /** Whether there are channels to participants at all: a large call has none. */
  connect(isConnecting: boolean): void {
    this.#isConnecting = isConnecting;
  }

  detach(peerID: string): void {
    const peer = this.#peers.get(peerID);
    if (!peer) return;
    this.#peers.delete(peerID);
    peer.close();
    if (peer.incoming.size > 0) this.#left.push(peer);
    if (this.#left.length > MAX_OWN) this.#left.shift();
    this.#show();
  }

  /** Offers a file to everyone who is here now. Returns why it is not, null where it is. */
  async offer(file: File): Promise<FileProblem | null> {
    if (file.size === 0) return "empty";
    if (file.size > MAX_FILE_BYTES) return "tooLarge";
    if (!this.#isConnecting) return "largeCall";
    const sending = this.#own.filter(({ copies }) => copies.some(({ isOver }) => !isOver));
    if (sending.length >= MAX_SENDING) return "tooMany";
    const hash = await sha256(file).catch(() => null);
    if (hash === null) return "unreadable";
    const peers = [...this.#peers.values()].filter(({ knowsFiles }) => knowsFiles);
    if (peers.length === 0) return "nobody";
    const facts = { name: safeName(file.name), size: file.size, type: file.type, hash };
    const [id = 0] = crypto.getRandomValues(new Uint32Array(1));
    const content = {
      size: file.size,
      read: async (from: number, to: number) =>
        new Uint8Array(await file.slice(from, to).arrayBuffer()),
    };
    const copies = peers.map((peer) => peer.offer(id, facts, content));
    this.#own = [...this.#own, { id, facts, content: file, copies }].slice(-MAX_OWN);
    this.#show();
    return null;
  }

  accept(key: string): void {
    this.#incoming(key)?.accept();
  }

  cancel(key: string): void {
    this.#incoming(key)?.cancel();
    for (const { id, copies } of this.#own) {
      if (ownKey(id) === key) for (const copy of copies) copy.cancel();
    }
  }

  close(): void {
    for (const peerID of [...this.#peers.keys()]) this.detach(peerID);
    this.#shown.close();
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
    this.#own = [];
    this.#left.length = 0;
    this.cards.set([]);
  }

  #incoming(key: string): IncomingFile | undefined {
    return this.#allIncoming().find((entry) => entry.key === key)?.file;
  }

  #allIncoming(): { key: string; file: IncomingFile; sender: FileSender }[] {
    return [...this.#left, ...this.#peers.values()].flatMap((peer) =>
      [...peer.incoming.values()].map((file) => ({
        key: `in ${peer.sender.username} ${file.id}`,
        file,
        sender: peer.sender,
      })),
    );
  }

  #show(): void {
    this.#shown.now();
  }

  #showNow(): void {
    const cards = [
      ...this.#allIncoming().map(({ key, file, sender }) => this.#cardOf(key, file, sender)),
      ...this.#own.map((own) => this.#ownCard(own)),
    ];
    for (const { key } of cards) if (!this.#order.includes(key)) this.#order.push(key);
    const place = (card: FileCard) => this.#order.indexOf(card.key);
    cards.sort((a, b) => place(a) - place(b));
    this.#order.splice(0, this.#order.length, ...cards.map(({ key }) => key));
    this.#forgetUrls(new Set(cards.map(({ url }) => url)));
    this.cards.set(cards);
  }

  #cardOf(key: string, file: IncomingFile, from: FileSender): FileCard {
    const { facts, state, received, content } = file;
    const progress = received / Math.max(1, facts.size);
    const url = content && this.#urlOf(content, facts);
    return { key, facts, from, state, progress, reached: 0, people: 0, url };
  }

  #ownCard({ id, facts, content, copies }: OwnFile): FileCard {
    const alive = copies.filter(({ state }) => state !== "cancelled" && state !== "lost");
    const reached = copies.filter(({ state }) => state === "done").length;
    const sent = alive.reduce((sum, copy) => sum + copy.sent, 0);
    return {
      key: ownKey(id),
      facts,
      from: null,
      state: ownState(copies),
      progress: sent / Math.max(1, facts.size * alive.length),
      reached,
      people: copies.length,
      url: isShown(facts) ? this.#urlOf(content, facts) : null,
    };
  }

  /** Only pictures keep their type: nothing else of others may be opened by the browser as a page of ours. */
  #urlOf(content: Blob, facts: FileFacts): string {
    const type = isShown(facts) ? facts.type : "application/octet-stream";
    const url = this.#urls.get(content) ?? URL.createObjectURL(new Blob([content], { type }));
    this.#urls.set(content, url);
    return url;
  }

  #forgetUrls(shown: ReadonlySet<string | null>): void {
    for (const [content, url] of this.#urls) {
      if (shown.has(url)) continue;
      URL.revokeObjectURL(url);
      this.#urls.delete(content);
    }
  }
}

/** Whether a file is a picture that is shown at once. */
export function isShown(facts: FileFacts): boolean {
  return isPicture(facts) && facts.size <= MAX_SHOWN_BYTES;
}

const ownKey = (id: number) => `out ${id}`;

function ownState(copies: readonly OutgoingFile[]): IncomingState {
  const states = copies.map(({ state }) => state);
  if (states.includes("moving")) return "moving";
  if (states.includes("offered")) return "offered";
  if (states.includes("done")) return "done";
  if (states.includes("damaged")) return "damaged";
  return states.includes("cancelled") ? "cancelled" : "lost";
}

async function sha256(content: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await content.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
