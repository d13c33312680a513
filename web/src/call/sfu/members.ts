import type { PeerEntry, ServerEvents } from "../../wire.gen";
import { MOST_PEERS, shortName } from "../mesh/bounds";
import type { ResumableSignaling } from "../resumable-signaling";
import type { Membership } from "../topology";

/** A server that has just started names those who are back; the others come back within its grace. */
export const MISSED_AFTER_MS = 20_000;

/** A member of the call, as the server names them. */
export interface SfuMember {
  readonly id: string;
  readonly username: string;
  readonly displayName: string | undefined;
  readonly records: boolean;
}

/** Hears what the server says of a member's key, each time. */
export type MemberKeyListener = (member: string, memberKey: string | undefined) => void;

/** Who is in the call besides this browser, as the server says: nobody else of the SFU is shown. */
export class SfuMembers {
  readonly #members = new Map<string, SfuMember>();
  /** Those that record; the server may say so before it names them. */
  readonly #recorders = new Set<string>();
  readonly #unsubscribe: (() => void)[];
  /** Members that the latest answer did not name, and that were not named since. */
  readonly #missed = new Set<string>();
  #missing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    signaling: Pick<ResumableSignaling, "on">,
    private readonly changed: () => void,
    private readonly heardKey: MemberKeyListener = () => {},
  ) {
    const joined = (peer: ServerEvents["member-joined"]) => this.#add(peer);
    this.#unsubscribe = [
      signaling.on("add-peer", joined),
      signaling.on("member-joined", joined),
      signaling.on("remove-peer", ({ peerID }) => this.#remove(peerID)),
      signaling.on("peer-renamed", (peer) => {
        if (this.#members.has(peer.peerID)) this.#add(peer);
      }),
      signaling.on("peer-recording", ({ peerID, recording }) => this.#note(peerID, recording)),
    ];
  }

  get all(): readonly SfuMember[] {
    return [...this.#members.values()];
  }

  has(id: string): boolean {
    return this.#members.has(id);
  }

  /**
   * After a resume some may be absent whom the server still expects back: each that leaves is told. In a large call
   * they have to be named before long.
   */
  enter({ continuity, others, namesAll = false }: Membership): void {
    const present = new Set(others.map(({ peerID }) => peerID));
    const absent = [...this.#members.keys()].filter((id) => !present.has(id));
    this.#miss(continuity !== "new" && namesAll ? absent : []);
    if (continuity === "new") for (const id of absent) this.#remove(id);
    for (const peer of others) {
      // What was told since a first join was sent is newer than its answer.
      if (peer.recording || continuity !== "new") this.#note(peer.peerID, peer.recording === true);
      this.#add(peer);
    }
  }

  close(): void {
    clearTimeout(this.#missing);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #add({ peerID, peerUsername, peerDisplayName, memberKey }: PeerEntry): void {
    this.#missed.delete(peerID);
    if (!this.#members.has(peerID) && this.#members.size >= MOST_PEERS) return;
    this.heardKey(peerID, memberKey);
    this.#members.set(peerID, {
      id: peerID,
      username: shortName(peerUsername),
      displayName: peerDisplayName ? shortName(peerDisplayName) : undefined,
      records: this.#recorders.has(peerID),
    });
    this.changed();
  }

  #miss(absent: readonly string[]): void {
    clearTimeout(this.#missing);
    this.#missed.clear();
    if (absent.length === 0) return;
    for (const id of absent) this.#missed.add(id);
    this.#missing = setTimeout(() => {
      for (const id of this.#missed) this.#remove(id);
    }, MISSED_AFTER_MS);
  }

  #remove(id: string): void {
    this.#missed.delete(id);
    this.#recorders.delete(id);
    if (this.#members.delete(id)) this.changed();
  }

  #note(id: string, records: boolean): void {
    if (!records) this.#recorders.delete(id);
    else if (this.#recorders.size < MOST_PEERS) this.#recorders.add(id);
    const member = this.#members.get(id);
    if (!member) return;
    this.#members.set(id, { ...member, records });
    this.changed();
  }
}
