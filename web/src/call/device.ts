import {
  type Cause,
  isRetried,
  isTakenBack,
  listChange,
  newsOf,
  retryAfterMs,
} from "./device-recovery";
import { type DeviceKind, type DeviceView, OFF } from "./device-view";
import { mediaProblem, NoDevices } from "./media-problem";
import { RateLimiter } from "./rate-limiter";

export interface DeviceParts {
  devices: MediaDevices | null;
  /** Null where the browser does not report permissions. */
  permission(kind: DeviceKind): Promise<PermissionState | null>;
  changed(): void;
}

const CONSTRAINTS = {
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
  /** The device that the person chose some other day; it is taken where it is there. */
  #kept: string | null = null;
  /** The device that the person chose, or that was in use until it went away. */
  #preferred: string | null = null;
  /** The device in use, or the one that was. */
  #last: { readonly id: string | null; readonly label: string } | null = null;
  /** As last heard; null while unknown. */
  #permission: PermissionState | null = null;
  #retrying: ReturnType<typeof setTimeout> | undefined;
  /** Attempts in a row that were made by itself and failed. */
  #retries = 0;
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

  /** What to ask the browser for where no device has been chosen since the page was loaded. */
  get constraints(): MediaTrackConstraints {
    const common = CONSTRAINTS[this.kind];
    return this.#kept === null ? common : { ...common, deviceId: { ideal: this.#kept } };
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  async turn(on: boolean): Promise<void> {
    this.#wanted = on;
    if (this.#state !== "running") return;
    this.#retries = 0;
    this.#change({ news: null });
    if (!on) this.#rest();
    else if (this.#track && this.#isChosen(this.#track)) this.#wake(this.#track);
    else await this.#open("asked");
  }

  /** Prefers a device that was chosen some other day, for as long as none is chosen now. */
  keep(deviceId: string | null): void {
    this.#kept = deviceId;
  }

  /** Chooses a device without turning it on: a muted microphone is opened muted, an off camera only remembered. */
  async choose(deviceId: string): Promise<void> {
    if (this.#state !== "running") return;
    this.#retries = 0;
    this.#preferred = deviceId;
    this.#change({ deviceId, problem: null, problemWith: null, news: null });
    const isMuted = this.kind === "microphone" && this.#track !== null;
    if (this.#wanted || isMuted) await this.#open("asked");
  }

  /** Wishes the device on; the caller, who asks for both devices at once, hands the track, or null, to the result. */
  expect(): (track: MediaStreamTrack | null) => Promise<void> {
    this.#wanted = true;
    const request = this.#begin();
    return async (track) => {
      if (!this.#isCurrent(request)) track?.stop();
      else if (track) this.#adopt(track, "asked");
      else await this.#open("asked");
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
    const used = track && { deviceId: idOf(track), hasEnded: track.readyState === "ended" };
    const change = listChange({ before, now: choices, used, preferred: this.#preferred });
    if (change === "returned") this.#change({ deviceId: this.#preferred });
    if (track && change === "lost") void this.#lose(track);
    else if (change === "returned" || change === "default-moved") this.#switch(change);
    if (!track && there.length > 0) {
      if (this.#view.pending) this.#listedMeanwhile = true;
      else if (this.#wanted && this.#view.problem === "missing") {
        void this.#reopen(change === "returned" ? change : "recovered");
      }
    }
  }

  /** Opens another device in the place of the one that is open. A camera that is off stays closed. */
  #switch(cause: Cause): void {
    const isMuted = this.kind === "microphone" && !this.#wanted;
    if (this.#track && (this.#wanted || isMuted)) void this.#open(cause);
  }

  /** Takes the permission as it is when it begins to be followed. */
  notePermission(state: PermissionState): void {
    this.#permission = state;
  }

  /** Reacts to a permission that was given or taken back. */
  permit(state: PermissionState): void {
    const isTaken = isTakenBack(this.#permission, state);
    this.#permission = state;
    if (this.#state !== "running") return;
    if (isTaken) {
      this.#cancel();
      this.#drop();
      if (this.#wanted) this.#change({ problem: "denied", problemWith: null });
    } else if (state === "granted" && this.#wanted && this.#view.problem === "denied") {
      void this.#open("recovered");
    } else {
      this.#change({});
      this.#retryLater();
    }
  }

  /** Releases the device for a page that goes away and may come back. */
  suspend(): void {
    if (this.#state === "running") this.#end("suspended");
  }

  async resume(): Promise<void> {
    if (this.#state !== "suspended") return;
    this.#state = "running";
    if (this.#wanted) await this.#open("asked");
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

  #begin({ isQuiet = false } = {}): number {
    clearTimeout(this.#retrying);
    this.#listedMeanwhile = false;
    this.#change({ pending: !isQuiet });
    return ++this.#request;
  }

  #cancel(): void {
    clearTimeout(this.#retrying);
    this.#request++;
    this.#change({ pending: false });
  }

  #drop(): void {
    this.#track?.stop();
    this.#track = null;
    this.#change({});
  }

  async #open(cause: Cause, { isQuiet = false } = {}): Promise<void> {
    if (this.#state !== "running") return;
    const request = this.#begin({ isQuiet });
    const wished = this.#view.deviceId;
    try {
      await this.#acquire(wished, request, cause);
    } catch (error) {
      if (!(error instanceof Superseded)) this.#fail(error, wished, cause);
    }
  }

  async #acquire(wished: string | null, request: number, cause: Cause): Promise<void> {
    try {
      this.#adopt(await this.#capture(wished, request), cause);
    } catch (error) {
      const problem = mediaProblem(error);
      if (problem === "missing" && wished !== null && !this.#track) {
        this.#adopt(await this.#capture(null, request), "replaced");
      } else if (problem === "busy" && this.#track) {
        await this.#exchange(this.#track, wished, { request, cause });
      } else throw error;
    }
  }

  /** Releases the used device first, for systems that open one camera at a time; takes it back if the other fails. */
  async #exchange(
    used: MediaStreamTrack,
    wished: string | null,
    { request, cause }: { request: number; cause: Cause },
  ): Promise<void> {
    const former = idOf(used);
    this.#drop();
    try {
      this.#adopt(await this.#capture(wished, request), cause);
    } catch (error) {
      if (error instanceof Superseded || former === null || former === wished) throw error;
      this.#adopt(await this.#capture(former, request), "asked");
      throw error;
    }
  }

  /** Captures a track. The single place that does: tracks of superseded requests are stopped here. */
  async #capture(deviceId: string | null, request: number): Promise<MediaStreamTrack> {
    const { devices } = this.parts;
    if (!devices?.getUserMedia) throw new NoDevices();
    const constraints = {
      ...this.constraints,
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

  #adopt(track: MediaStreamTrack, cause: Cause): void {
    const former = this.#track;
    const known = this.#last?.id === this.#view.deviceId ? this.#last?.label : null;
    const news = newsOf(cause, track.label || `another ${this.kind}`, known ?? null);
    this.#track = track;
    this.#last = { id: idOf(track), label: track.label };
    this.#retries = 0;
    track.enabled = this.#wanted;
    former?.stop();
    track.addEventListener("ended", () => void this.#lose(track));
    track.addEventListener("mute", () => this.#watchSilence(track));
    track.addEventListener("unmute", () => this.#hearAgain(track));
    if (cause !== "replaced") this.#preferred = idOf(track) ?? this.#preferred;
    this.#change({
      pending: false,
      problem: null,
      problemWith: null,
      deviceId: idOf(track) ?? this.#view.deviceId,
      news: news ?? this.#view.news,
    });
    this.#watchSilence(track);
  }

  #fail(error: unknown, wished: string | null, cause: Cause): void {
    const used = this.#track;
    if (used && cause !== "asked") {
      // Nobody asked for the other device.
      used.enabled = this.#wanted;
      this.#change({ pending: false, deviceId: idOf(used) });
      return;
    }
    const problem = mediaProblem(error);
    const chosen = this.#view.choices.find(({ deviceId }) => deviceId === wished);
    // The device in use stays in use.
    if (used) used.enabled = this.#wanted;
    const named = used !== null && problem !== "denied";
    this.#change({
      pending: false,
      problem,
      problemWith: (named && chosen?.label) || null,
      deviceId: used ? idOf(used) : wished,
    });
    const isHere = problem === "missing" && this.#listedMeanwhile && !used && this.#wanted;
    if (isHere) void this.#reopen("recovered");
    else this.#retryLater();
  }

  /** Handles a track that ended: the device was unplugged, or the permission taken back. */
  async #lose(track: MediaStreamTrack): Promise<void> {
    if (track !== this.#track) return;
    this.#drop();
    if (this.#wanted) await this.#reopen("ended");
  }

  /** Reopens without being asked: not without permission, and only so many times in a row. */
  async #reopen(cause: Cause): Promise<void> {
    if (!this.#restarts.take(performance.now())) {
      this.#cancel();
      this.#change({ problem: this.#view.problem ?? "failed" });
      this.#retryLater();
      return;
    }
    const request = this.#begin();
    const permission = await this.parts.permission(this.kind);
    if (!this.#isCurrent(request)) return;
    if (!isTakenBack(this.#permission, permission)) await this.#open(cause);
    else this.#change({ pending: false, problem: "denied", problemWith: null });
  }

  /** Tries again later where a device that is wished on could not be opened. */
  #retryLater(): void {
    if (!this.#wanted || this.#track || !this.#view.isRetried) return;
    clearTimeout(this.#retrying);
    this.#retrying = setTimeout(() => void this.#retry(), retryAfterMs(this.#retries++));
  }

  async #retry(): Promise<void> {
    const request = this.#request;
    this.#permission = await this.parts.permission(this.kind);
    if (!this.#isCurrent(request) || this.#track || !this.#wanted) return;
    this.#change({});
    if (this.#view.isRetried) await this.#open("recovered", { isQuiet: true });
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
    const view = { ...this.#view, ...change };
    this.#view = {
      ...view,
      on: this.#track?.enabled ?? false,
      isRetried: !this.#track && this.#wanted && isRetried(view.problem, this.#permission),
    };
    this.parts.changed();
  }
}

const INPUTS = { microphone: "audioinput", camera: "videoinput" } as const;

function idOf(track: MediaStreamTrack): string | null {
  return track.getSettings().deviceId ?? null;
}
