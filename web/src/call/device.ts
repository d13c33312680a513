import { RateLimiter } from "./rate-limiter";

export type DeviceKind = "microphone" | "camera";

/** Why a device gives no media; a "silent" device is open, but muted by the system or by a switch on it. */
export type MediaProblem =
  | "denied"
  | "missing"
  | "busy"
  | "insecure"
  | "unsupported"
  | "silent"
  | "failed";

export interface DeviceView {
  readonly on: boolean;
  /** Whether it is being opened. */
  readonly pending: boolean;
  readonly problem: MediaProblem | null;
  /** Name of the device with the problem, where it is not the device in use. */
  readonly problemWith: string | null;
  /** Name of the device that has replaced a missing one. */
  readonly replacement: string | null;
  readonly deviceId: string | null;
  readonly choices: readonly MediaDeviceInfo[];
}

export interface DeviceParts {
  devices: MediaDevices | null;
  /** Null where the browser does not report permissions. */
  permission(kind: DeviceKind): Promise<PermissionState | null>;
  changed(): void;
}

export const OFF: DeviceView = {
  on: false,
  pending: false,
  problem: null,
  problemWith: null,
  replacement: null,
  deviceId: null,
  choices: [],
};
export const CONSTRAINTS = {
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};
/** Time to send some black frames before a camera is closed, so that no frozen picture stays with the others. */
const BLACK_MS = 250;
/** Mutes that are shorter are ignored: a stuttering camera is muted for a moment. */
const SILENT_MS = 5_000;
/** The most attempts in a row to reopen a device that keeps ending. */
const RESTARTS = 3;
const RESTART_EVERY_MS = 10_000;

/** Thrown for the answer to a request that a newer one, or none, has superseded. */
class Superseded extends Error {}

export function mediaProblem(error: unknown): MediaProblem {
  switch ((error as DOMException | undefined)?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

/**
 * A microphone or a camera. The person's wish, on or off, is kept apart from what the device gives: a track that is
 * opened, chosen or replaced is on or off as wished. Each request supersedes the request before it, and a track
 * that answers a superseded request is stopped at once.
 */
export class Device {
  #view = OFF;
  #track: MediaStreamTrack | null = null;
  #wanted = false;
  #request = 0;
  #state: "running" | "suspended" | "closed" = "running";
  /** Whether devices came or went while one was being opened. */
  #listedMeanwhile = false;
  readonly #restarts = new RateLimiter(RESTARTS, RESTART_EVERY_MS);

  constructor(
    readonly kind: DeviceKind,
    private readonly parts: DeviceParts,
  ) {}

  get view(): DeviceView {
    return this.#view;
  }

  /** The track, also while the device is off; then it is silent or black. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  async turn(on: boolean): Promise<void> {
    this.#wanted = on;
    if (this.#state !== "running") return;
    this.#change({ replacement: null });
    if (!on) this.#rest();
    else if (this.#track && this.#isChosen(this.#track)) this.#wake(this.#track);
    else await this.#open();
  }

  /** Chooses a device without turning it on: a muted microphone is opened muted, an off camera only remembered. */
  async choose(deviceId: string): Promise<void> {
    if (this.#state !== "running") return;
    this.#change({ deviceId, problem: null, problemWith: null, replacement: null });
    const isMuted = this.kind === "microphone" && this.#track !== null;
    if (this.#wanted || isMuted) await this.#open();
  }

  /** Wishes the device on; the caller, who asks for both devices at once, hands the track, or null, to the result. */
  expect(): (track: MediaStreamTrack | null) => Promise<void> {
    this.#wanted = true;
    const request = this.#begin();
    return async (track) => {
      if (!this.#isCurrent(request)) track?.stop();
      else if (track) this.#adopt(track, { replaces: false });
      else await this.#open();
    };
  }

  /** Takes a new list of devices, and reacts where the device in use is gone or a missing one came. */
  list(all: readonly MediaDeviceInfo[]): void {
    const there = all.filter(({ kind }) => kind === INPUTS[this.kind]);
    // Before a permission is given, browsers list devices without an id.
    const choices = there.filter(({ deviceId }) => deviceId !== "");
    const before = this.#view.choices;
    this.#change({ choices });
    if (this.#state !== "running") return;
    const track = this.#track;
    if (track && isGone(track, before, choices)) void this.#lose(track);
    else if (track && idOf(track) === DEFAULT && hasMoved(before, choices)) void this.#open();
    else if (!track && there.length > 0) {
      if (this.#view.pending) this.#listedMeanwhile = true;
      else if (this.#wanted && this.#view.problem === "missing") void this.#reopen();
    }
  }

  /** Reacts to a permission that was given or taken back. */
  permit(state: PermissionState): void {
    if (this.#state !== "running") return;
    if (state === "denied") {
      this.#cancel();
      this.#drop();
      if (this.#wanted) this.#change({ problem: "denied", problemWith: null });
    } else if (state === "granted" && this.#wanted && this.#view.problem === "denied") {
      void this.#open();
    }
  }

  /** Releases the device for a page that goes away and may come back. */
  suspend(): void {
    if (this.#state === "running") this.#end("suspended");
  }

  async resume(): Promise<void> {
    if (this.#state !== "suspended") return;
    this.#state = "running";
    if (this.#wanted) await this.#open();
  }

  close(): void {
    this.#end("closed");
  }

  #end(state: "suspended" | "closed"): void {
    this.#state = state;
    this.#cancel();
    this.#drop();
  }

  #wake(track: MediaStreamTrack): void {
    track.enabled = true;
    this.#change({ problem: null, problemWith: null });
    this.#watchSilence(track);
  }

  /** Turns off. A microphone stays open, since unmuting must take no time; a camera is released. */
  #rest(): void {
    const track = this.#track;
    if (track) track.enabled = false;
    if (!track || this.kind === "camera") this.#cancel();
    this.#change({ problem: null, problemWith: null });
    if (!track || this.kind === "microphone") return;
    setTimeout(() => {
      if (!this.#wanted && this.#track === track) this.#drop();
    }, BLACK_MS);
  }

  #isCurrent(request: number): boolean {
    return request === this.#request && this.#state === "running";
  }

  #begin(): number {
    this.#listedMeanwhile = false;
    this.#change({ pending: true });
    return ++this.#request;
  }

  #cancel(): void {
    this.#request++;
    this.#change({ pending: false });
  }

  #drop(): void {
    this.#track?.stop();
    this.#track = null;
    this.#change({});
  }

  async #open(): Promise<void> {
    if (this.#state !== "running") return;
    const request = this.#begin();
    const wished = this.#view.deviceId;
    try {
      await this.#acquire(wished, request);
    } catch (error) {
      if (!(error instanceof Superseded)) this.#fail(error, wished);
    }
  }

  async #acquire(wished: string | null, request: number): Promise<void> {
    try {
      this.#adopt(await this.#capture(wished, request), { replaces: false });
    } catch (error) {
      const problem = mediaProblem(error);
      if (problem === "missing" && wished !== null && !this.#track) {
        this.#adopt(await this.#capture(null, request), { replaces: true });
      } else if (problem === "busy" && this.#track) {
        await this.#exchange(this.#track, wished, request);
      } else throw error;
    }
  }

  /** Releases the used device first, for systems that open one camera at a time; takes it back if the other fails. */
  async #exchange(used: MediaStreamTrack, wished: string | null, request: number): Promise<void> {
    const former = idOf(used);
    this.#drop();
    try {
      this.#adopt(await this.#capture(wished, request), { replaces: false });
    } catch (error) {
      if (error instanceof Superseded || former === null || former === wished) throw error;
      this.#adopt(await this.#capture(former, request), { replaces: false });
      throw error;
    }
  }

  /** Captures a track. The single place that does: tracks of superseded requests are stopped here. */
  async #capture(deviceId: string | null, request: number): Promise<MediaStreamTrack> {
    const { devices } = this.parts;
    if (!devices?.getUserMedia) throw new NoDevices();
    const constraints = {
      ...CONSTRAINTS[this.kind],
      ...(deviceId && { deviceId: { exact: deviceId } }),
    };
    const stream = await this.#answer(
      devices.getUserMedia(
        this.kind === "microphone" ? { audio: constraints } : { video: constraints },
      ),
      request,
    );
    const [track, ...others] = stream.getTracks();
    const current = this.#isCurrent(request);
    for (const other of current ? others : stream.getTracks()) other.stop();
    if (!current) throw new Superseded();
    if (!track) throw new DOMException("a stream without a track", "NotFoundError");
    return track;
  }

  /** Turns the refusal of a superseded request into `Superseded`. */
  async #answer(asked: Promise<MediaStream>, request: number): Promise<MediaStream> {
    try {
      return await asked;
    } catch (error) {
      throw this.#isCurrent(request) ? error : new Superseded();
    }
  }

  #adopt(track: MediaStreamTrack, { replaces }: { replaces: boolean }): void {
    const former = this.#track;
    this.#track = track;
    track.enabled = this.#wanted;
    former?.stop();
    track.addEventListener("ended", () => void this.#lose(track));
    track.addEventListener("mute", () => this.#watchSilence(track));
    track.addEventListener("unmute", () => this.#hearAgain(track));
    this.#change({
      pending: false,
      problem: null,
      problemWith: null,
      deviceId: idOf(track) ?? this.#view.deviceId,
      replacement: replaces ? track.label || `another ${this.kind}` : this.#view.replacement,
    });
    this.#watchSilence(track);
  }

  #fail(error: unknown, wished: string | null): void {
    const problem = error instanceof NoDevices ? lackOfDevices() : mediaProblem(error);
    const chosen = this.#view.choices.find(({ deviceId }) => deviceId === wished);
    // The device in use stays in use.
    if (this.#track) this.#track.enabled = this.#wanted;
    const named = this.#track !== null && problem !== "denied";
    this.#change({
      pending: false,
      problem,
      problemWith: (named && chosen?.label) || null,
      deviceId: this.#track ? idOf(this.#track) : wished,
    });
    const again = problem === "missing" && this.#listedMeanwhile && !this.#track && this.#wanted;
    if (again) void this.#reopen();
  }

  /** Handles a track that ended: the device was unplugged, or the permission taken back. */
  async #lose(track: MediaStreamTrack): Promise<void> {
    if (track !== this.#track) return;
    this.#drop();
    if (this.#wanted) await this.#reopen();
  }

  /** Reopens without being asked: not without permission, and only so many times in a row. */
  async #reopen(): Promise<void> {
    if (!this.#restarts.take(performance.now())) {
      this.#cancel();
      this.#change({ problem: this.#view.problem ?? "failed" });
      return;
    }
    const request = this.#begin();
    const permission = await this.parts.permission(this.kind);
    if (!this.#isCurrent(request)) return;
    if (permission !== "denied") await this.#open();
    else this.#change({ pending: false, problem: "denied", problemWith: null });
  }

  #watchSilence(track: MediaStreamTrack): void {
    if (!track.muted) return;
    setTimeout(() => {
      if (track !== this.#track || !track.muted || !this.#wanted || this.#view.problem) return;
      this.#change({ problem: "silent", problemWith: null });
    }, SILENT_MS);
  }

  #hearAgain(track: MediaStreamTrack): void {
    if (track === this.#track && this.#view.problem === "silent") this.#change({ problem: null });
  }

  #isChosen(track: MediaStreamTrack): boolean {
    const id = idOf(track);
    return id === null || this.#view.deviceId === null || this.#view.deviceId === id;
  }

  #change(change: Partial<DeviceView>): void {
    this.#view = { ...this.#view, ...change, on: this.#track?.enabled ?? false };
    this.parts.changed();
  }
}

const INPUTS = { microphone: "audioinput", camera: "videoinput" } as const;
/** Chromium's id for the system's default device. */
const DEFAULT = "default";

class NoDevices extends Error {}

function lackOfDevices(): MediaProblem {
  return globalThis.isSecureContext === false ? "insecure" : "unsupported";
}

function idOf(track: MediaStreamTrack): string | null {
  return track.getSettings().deviceId ?? null;
}

/** Whether the device of a track was unplugged; some browsers report that by the list of devices alone. */
function isGone(
  track: MediaStreamTrack,
  before: readonly MediaDeviceInfo[],
  now: readonly MediaDeviceInfo[],
): boolean {
  if (track.readyState === "ended") return true;
  const isIt = ({ deviceId }: MediaDeviceInfo) => deviceId === idOf(track);
  return now.length > 0 && before.some(isIt) && !now.some(isIt);
}

function hasMoved(before: readonly MediaDeviceInfo[], now: readonly MediaDeviceInfo[]): boolean {
  const [was, is] = [before, now].map((list) => list.find(({ deviceId }) => deviceId === DEFAULT));
  return was !== undefined && is !== undefined && was.groupId !== is.groupId;
}
