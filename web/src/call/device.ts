import { RateLimiter } from "./rate-limiter";

export type DeviceKind = "microphone" | "camera";

/** Why a device gives nothing; "silent" is one that is open but muted by the system or by a switch on it. */
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
  /** Being opened. */
  readonly pending: boolean;
  readonly problem: MediaProblem | null;
  /** What the problem is with, where it is not the device in use. */
  readonly problemWith: string | null;
  /** The name of what has taken the place of a device that is gone. */
  readonly replacement: string | null;
  readonly deviceId: string | null;
  readonly choices: readonly MediaDeviceInfo[];
}

export interface DeviceParts {
  devices: MediaDevices | null;
  /** Null where the browser does not tell. */
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
/** Long enough for some black frames to go out, so that nobody is left with a frozen picture. */
const BLACK_MS = 250;
/** A camera that stutters is muted for a moment, and nothing that anybody could do something about. */
const SILENT_MS = 5_000;
/** A device that ends whenever it is opened is not opened for ever. */
const RESTARTS = 3;
const RESTART_EVERY_MS = 10_000;

/** An answer to a request that is over: something else was asked for meanwhile, or nothing any more. */
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
 * A microphone or a camera. What the person wants, on or off, is one thing and what can be had is another:
 * whatever is opened, chosen, lost or replaced is as the person wants it. Each request supersedes the one
 * before, and what answers a superseded one is stopped at once.
 */
export class Device {
  #view = OFF;
  #track: MediaStreamTrack | null = null;
  #wanted = false;
  #request = 0;
  #state: "running" | "suspended" | "closed" = "running";
  /** Devices came or went while one was being opened. */
  #listedMeanwhile = false;
  readonly #restarts = new RateLimiter(RESTARTS, RESTART_EVERY_MS);

  constructor(
    readonly kind: DeviceKind,
    private readonly parts: DeviceParts,
  ) {}

  get view(): DeviceView {
    return this.#view;
  }

  /** Silent or black where it is off. */
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

  /** Turns nothing on: what is off is only remembered, or is opened as silent as it was. */
  async choose(deviceId: string): Promise<void> {
    if (this.#state !== "running") return;
    this.#change({ deviceId, problem: null, problemWith: null, replacement: null });
    const isMuted = this.kind === "microphone" && this.#track !== null;
    if (this.#wanted || isMuted) await this.#open();
  }

  /** Is wanted on, and gets its track, or null, from who asked for both devices at once. */
  expect(): (track: MediaStreamTrack | null) => Promise<void> {
    this.#wanted = true;
    const request = this.#begin();
    return async (track) => {
      if (!this.#isCurrent(request)) track?.stop();
      else if (track) this.#adopt(track, { replaces: false });
      else await this.#open();
    };
  }

  /** Takes note of what is plugged in, and acts where that is not what it was. */
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

  /** The person, or the system, has given or taken back the permission. */
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

  /** For a page that goes away and may come back. */
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

  /** Muted, the microphone stays open: speaking again must cost no time. A camera is let go of. */
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

  /** Some systems open one camera at a time: the one in use has to go first, and comes back in vain. */
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

  /** Whoever asks for it, nothing that is captured gets past this place once nobody waits for it. */
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

  /** A refusal that comes too late is nobody's concern either. */
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
    // The one in use goes on in its place.
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

  /** Unplugged, or taken back by the person or the system. */
  async #lose(track: MediaStreamTrack): Promise<void> {
    if (track !== this.#track) return;
    this.#drop();
    if (this.#wanted) await this.#reopen();
  }

  /** Unasked, and so neither against a permission taken back nor without end. */
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
/** What Chromium calls the microphone that the system names as its default. */
const DEFAULT = "default";

class NoDevices extends Error {}

function lackOfDevices(): MediaProblem {
  return globalThis.isSecureContext === false ? "insecure" : "unsupported";
}

function idOf(track: MediaStreamTrack): string | null {
  return track.getSettings().deviceId ?? null;
}

/** Not every browser tells at the track itself that it was unplugged. */
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
