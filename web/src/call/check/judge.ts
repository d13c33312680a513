import type { MediaPath } from "../health/window";
import type { MediaProblem } from "../media-problem";
import {
  type Figure,
  type Finding,
  type Outcome,
  outcome,
  type RelayTransport,
  type WayState,
} from "./findings";

/** From this on, people wait at each step of an entry. */
const SLOW_MS = 500;
/** What a call with sound and small pictures needs of a relay. */
const LEAST_BITS = 400_000;
const MOST_LOST = 0.05;
const LONGEST_DELAY_MS = 300;

export interface BrowserFacts {
  readonly isSecure: boolean;
  readonly canCall: boolean;
  readonly canShareScreen: boolean;
  /** Names of codecs of pictures. */
  readonly codecs: readonly string[];
}

export function judgeBrowser({ isSecure, canCall, canShareScreen, codecs }: BrowserFacts): Outcome {
  const figure = codecs.length > 0 ? ({ name: "codecs", text: codecs.join(", ") } as const) : null;
  if (!isSecure) return outcome("browser.insecure");
  if (!canCall) return outcome("browser.noCalls");
  return outcome(canShareScreen ? "browser.fine" : "browser.noScreen", figure);
}

export interface CameraFacts {
  readonly label: string;
  readonly width: number;
  readonly height: number;
}

export function judgeCamera(facts: CameraFacts | MediaProblem): Outcome {
  if (typeof facts === "string") return outcome(ofProblem(facts));
  const { label, width, height } = facts;
  return outcome(
    "camera.fine",
    named(label),
    width > 0 ? { name: "size", text: `${width} × ${height}` } : null,
  );
}

export interface MicrophoneFacts {
  readonly label: string;
  /** Null where the browser does not tell. */
  readonly isHeard: boolean | null;
}

export function judgeMicrophone(facts: MicrophoneFacts | MediaProblem): Outcome {
  if (typeof facts === "string") return outcome(ofProblem(facts));
  const { label, isHeard } = facts;
  return outcome(isHeard === false ? "microphone.silent" : "microphone.fine", named(label));
}

function ofProblem(problem: MediaProblem): Finding {
  switch (problem) {
    case "denied":
      return "device.denied";
    case "missing":
      return "device.missing";
    case "silent":
      return "microphone.silent";
    case "insecure":
      return "browser.insecure";
    case "unsupported":
      return "browser.noCalls";
    case "busy":
    case "failed":
      return "device.busy";
  }
}

function named(label: string): Figure | null {
  return label ? { name: "device", text: label } : null;
}

export interface SignalingFacts {
  /** The median; null where the server has not answered. */
  readonly roundTripMs: number | null;
}

export function judgeSignaling({ roundTripMs }: SignalingFacts): Outcome {
  if (roundTripMs === null) return outcome("signaling.gone");
  const finding = roundTripMs > SLOW_MS ? "signaling.slow" : "signaling.fine";
  return outcome(finding, { name: "roundTrip", ms: roundTripMs });
}

export interface TransportFacts {
  /** Whether a connection that began as a WebSocket stood. */
  readonly webSocket: boolean;
  /** Whether one that began by polling stood, and whether it became a WebSocket. */
  readonly polling: boolean;
  readonly upgraded: boolean;
}

export function judgeTransport({ webSocket, polling, upgraded }: TransportFacts): Outcome {
  if (webSocket || upgraded) return outcome("transport.webSocket");
  return outcome(polling ? "transport.polling" : "transport.none");
}

/** The ways that the browser has found with what the server names. */
export interface Ways {
  /** Whether it has an address in its own network. */
  readonly host: boolean;
  /** Whether it has learned its public address by STUN. Absent also where that is an address of its own. */
  readonly reflexive: boolean;
  readonly relays: readonly { readonly transport: RelayTransport; readonly way: WayState }[];
}

/** `isMember`: a stranger is not told of any relay. */
export function judgeCandidates(ways: Ways, isMember: boolean): Outcome {
  const { host, reflexive, relays } = ways;
  const figures: Figure[] = [
    { name: "host", isThere: host },
    ...(reflexive ? [{ name: "public", isThere: true } as const] : []),
    ...relays.map(({ transport, way }) => ({ name: `relay-${transport}`, way }) as const),
  ];
  return outcome(findingOf(ways, isMember), ...figures);
}

function findingOf({ host, reflexive, relays }: Ways, isMember: boolean): Finding {
  const working = relays.filter(({ way }) => way === "works");
  if (!host && !reflexive && working.length === 0) return "candidates.none";
  if (!isMember) return "skipped.logIn";
  if (relays.length === 0) return "candidates.noRelay";
  if (working.length === 0) {
    return relays.some(({ way }) => way === "refused")
      ? "candidates.relayRefused"
      : "candidates.relaySilent";
  }
  const byUdp = relays.filter(({ transport }) => transport === "udp");
  const isUdpSilent = byUdp.length > 0 && byUdp.every(({ way }) => way === "silent");
  if (isUdpSilent && !reflexive) return "candidates.udpBlocked";
  return working.length < relays.length ? "candidates.someRelays" : "candidates.fine";
}

/** What was measured between two ends in this page. Null is what cannot be told. */
export interface Measured {
  readonly bits: number | null;
  /** 0 to 1. */
  readonly loss: number | null;
  readonly delayMs: number | null;
  readonly path: MediaPath | null;
}

export function judgeDirect(measured: Measured | null): Outcome {
  return measured ? outcome("direct.fine", ...figuresOf(measured)) : outcome("direct.failed");
}

export function judgeRelayed(measured: Measured | null): Outcome {
  if (!measured) return outcome("relayed.failed");
  const { bits, loss, delayMs } = measured;
  const isPoor =
    (bits !== null && bits < LEAST_BITS) ||
    (loss !== null && loss > MOST_LOST) ||
    (delayMs !== null && delayMs > LONGEST_DELAY_MS);
  return outcome(isPoor ? "relayed.poor" : "relayed.fine", ...figuresOf(measured));
}

function figuresOf({ bits, loss, delayMs, path }: Measured): (Figure | null)[] {
  return [
    bits === null ? null : { name: "bitrate", bits },
    loss === null ? null : { name: "loss", percent: 100 * loss },
    delayMs === null ? null : { name: "delay", ms: delayMs },
    path && { name: "path", path },
  ];
}

export function judgeReconnect(ms: number | null): Outcome {
  return ms === null
    ? outcome("reconnect.failed")
    : outcome("reconnect.fine", { name: "time", ms });
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
