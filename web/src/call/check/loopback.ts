import type { MediaPath } from "../health/window";
import { localCandidateInUse, readSample } from "../mesh/connection-sample";
import { pathOf } from "../mesh/window-meter";
import { pause, within } from "./aborted";
import { type Measured, median } from "./judge";

/** A connection that takes longer is of no use to a call. */
const CONNECTED_MS = 15_000;
const RECONNECTED_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** Small packets, as those of sound: so many, so large, so often. */
const PACKETS = 50;
const PACKET_BYTES = 400;
const PACKET_EVERY_MS = 20;
const LATE_MS = 1_000;

/** What is sent to measure the bitrate: at most so much, for at most so long, so that a relay is not burdened. */
export interface Budget {
  readonly bytes: number;
  readonly ms: number;
}
const PIECE_BYTES = 16_384;
const WAITING_BYTES = 131_072;

const LOSSY = { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 } as const;
const BULK = { negotiated: true, id: 1 } as const;

interface End {
  readonly connection: RTCPeerConnection;
  readonly lossy: RTCDataChannel;
  readonly bulk: RTCDataChannel;
}

/** Two ends of a connection, both in this page: what leaves one by the network arrives at the other. */
export class Loopback {
  readonly #near: End;
  readonly #far: End;

  private constructor(configuration: RTCConfiguration) {
    this.#near = endOf(configuration);
    this.#far = endOf(configuration);
    passCandidates(this.#near.connection, this.#far.connection);
    passCandidates(this.#far.connection, this.#near.connection);
  }

  /** Null where they do not find each other. */
  static async connect(
    configuration: RTCConfiguration,
    signal: AbortSignal,
  ): Promise<Loopback | null> {
    const loopback = new Loopback(configuration);
    const open = Promise.all(
      [loopback.#near, loopback.#far].flatMap(({ lossy, bulk }) => [opened(lossy), opened(bulk)]),
    );
    try {
      await loopback.#negotiate();
      if (await within(CONNECTED_MS, signal, open)) return loopback;
    } catch (error) {
      console.warn("A connection of the check", error);
    }
    loopback.close();
    return null;
  }

  async measure(budget: Budget, signal: AbortSignal): Promise<Measured> {
    const { loss, delayMs } = await this.#measurePackets(signal);
    const bits = await this.#measureBitrate(budget, signal);
    return { bits, loss, delayMs, path: await this.#path() };
  }

  /** Restarts ICE, as after a change of the network; milliseconds until a new way is in use, null where none is. */
  async reconnect(signal: AbortSignal): Promise<number | null> {
    const before = await this.#localCandidate();
    const began = performance.now();
    this.#near.connection.restartIce();
    await this.#negotiate();
    while (performance.now() - began < RECONNECTED_MS && !signal.aborted) {
      const now = await this.#localCandidate();
      if (now !== null && now !== before && (await this.#passes(signal))) {
        return performance.now() - began;
      }
      await pause(LOOK_EVERY_MS, signal);
    }
    return null;
  }

  close(): void {
    this.#near.connection.close();
    this.#far.connection.close();
  }

  async #negotiate(): Promise<void> {
    const [near, far] = [this.#near.connection, this.#far.connection];
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription as RTCSessionDescriptionInit);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription as RTCSessionDescriptionInit);
  }

  async #measurePackets(signal: AbortSignal): Promise<Pick<Measured, "loss" | "delayMs">> {
    const delays = new Map<number, number>();
    const sentAt: number[] = [];
    const allCame = new Promise<void>((resolve) => {
      this.#far.lossy.onmessage = ({ data }) => {
        const number = new Uint32Array(data as ArrayBuffer, 0, 1)[0] ?? 0;
        delays.set(number, performance.now() - (sentAt[number] ?? 0));
        if (delays.size === PACKETS) resolve();
      };
    });
    for (let number = 0; number < PACKETS && !signal.aborted; number += 1) {
      const packet = new Uint32Array(PACKET_BYTES / 4);
      packet[0] = number;
      sentAt.push(performance.now());
      this.#near.lossy.send(packet);
      await pause(PACKET_EVERY_MS, signal);
    }
    await within(LATE_MS, signal, allCame);
    this.#far.lossy.onmessage = null;
    return {
      loss: sentAt.length > 0 ? 1 - delays.size / sentAt.length : null,
      delayMs: median([...delays.values()]),
    };
  }

  async #measureBitrate({ bytes, ms }: Budget, signal: AbortSignal): Promise<number | null> {
    const arrivals: number[] = [];
    const pieces = Math.ceil(bytes / PIECE_BYTES);
    const allCame = new Promise<void>((resolve) => {
      this.#far.bulk.onmessage = () => {
        arrivals.push(performance.now());
        if (arrivals.length === pieces) resolve();
      };
    });
    const { bulk } = this.#near;
    const piece = new Uint8Array(PIECE_BYTES);
    const until = performance.now() + ms;
    for (let sent = 0; sent < pieces && performance.now() < until && !signal.aborted; ) {
      if (bulk.bufferedAmount < WAITING_BYTES) {
        bulk.send(piece);
        sent += 1;
      } else await pause(1, signal);
    }
    await within(Math.max(until - performance.now(), 0), signal, allCame);
    this.#far.bulk.onmessage = null;
    const [first, last] = [arrivals[0], arrivals.at(-1)];
    if (first === undefined || last === undefined || last <= first) return null;
    return (8 * 1000 * PIECE_BYTES * (arrivals.length - 1)) / (last - first);
  }

  async #passes(signal: AbortSignal): Promise<boolean> {
    const came = new Promise<boolean>((resolve) => {
      this.#far.bulk.onmessage = () => resolve(true);
    });
    this.#near.bulk.send(new Uint8Array(1));
    return (await within(RECONNECTED_MS, signal, came)) ?? false;
  }

  async #path(): Promise<MediaPath | null> {
    const { path } = readSample(await this.#near.connection.getStats(), 0);
    return path && pathOf(path);
  }

  async #localCandidate(): Promise<string | null> {
    return localCandidateInUse(await this.#near.connection.getStats());
  }
}

function endOf(configuration: RTCConfiguration): End {
  const connection = new RTCPeerConnection(configuration);
  const lossy = connection.createDataChannel("packets", LOSSY);
  const bulk = connection.createDataChannel("bulk", BULK);
  for (const channel of [lossy, bulk]) channel.binaryType = "arraybuffer";
  return { connection, lossy, bulk };
}

/** Candidates may come before the description that they belong to. */
function passCandidates(from: RTCPeerConnection, to: RTCPeerConnection): void {
  const early: (RTCIceCandidate | null)[] = [];
  const add = (candidate: RTCIceCandidate | null) => {
    to.addIceCandidate(candidate ?? undefined).catch((error: unknown) => {
      if (to.signalingState !== "closed") console.warn("A candidate of the check", error);
    });
  };
  from.addEventListener("icecandidate", ({ candidate }) => {
    if (to.remoteDescription) add(candidate);
    else early.push(candidate);
  });
  to.addEventListener("signalingstatechange", () => {
    if (to.remoteDescription) early.splice(0).forEach(add);
  });
}

function opened(channel: RTCDataChannel): Promise<void> {
  return new Promise((resolve) => {
    if (channel.readyState === "open") resolve();
    channel.addEventListener("open", () => resolve(), { once: true });
  });
}
