import { Store } from "../store";
import type { Outgoing } from "./topology";

export type MediaProblem = "denied" | "missing" | "busy" | "insecure" | "failed";
export type DeviceKind = "microphone" | "camera";

export interface DeviceView {
  readonly on: boolean;
  /** Being opened. */
  readonly pending: boolean;
  readonly problem: MediaProblem | null;
  readonly deviceId: string | null;
  readonly choices: readonly MediaDeviceInfo[];
}

export interface MediaView {
  readonly microphone: DeviceView;
  readonly camera: DeviceView;
  readonly screen: boolean;
  /** What one sees of oneself. */
  readonly preview: MediaStream | null;
}

const OFF: DeviceView = { on: false, pending: false, problem: null, deviceId: null, choices: [] };
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** Long enough for some black frames to go out, so that nobody is left with a frozen picture. */
const BLACK_MS = 250;

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

/** This computer's microphone, camera and screen. */
export class LocalMedia {
  readonly view = new Store<MediaView>({
    microphone: OFF,
    camera: OFF,
    screen: false,
    preview: null,
  });
  readonly outgoing = new Store<Outgoing>({
    audio: null,
    video: null,
    devices: { microphone: false, camera: false, screen: false },
  });
  #audio: MediaStreamTrack | null = null;
  #camera: MediaStreamTrack | null = null;
  #screen: MediaStreamTrack | null = null;
  #closed = false;

  constructor(private readonly devices: MediaDevices | null = navigator.mediaDevices ?? null) {
    this.devices?.addEventListener("devicechange", this.#list);
  }

  /** Asks for both in one go, so that the browser asks the person once. */
  async open(wanted: { microphone: boolean; camera: boolean }): Promise<void> {
    const both = wanted.microphone && wanted.camera && !this.#audio && !this.#camera;
    if (both && this.devices) {
      this.#pend("microphone", true);
      this.#pend("camera", true);
      try {
        const stream = await this.devices.getUserMedia({ audio: VOICE, video: CAMERA });
        for (const track of stream.getTracks()) this.#adopt(track);
        return await this.#list();
      } catch {
        // One of the two is the trouble; each on its own tells which.
      }
    }
    if (wanted.microphone) await this.setMicrophone(true);
    if (wanted.camera) await this.setCamera(true);
  }

  async setMicrophone(on: boolean): Promise<void> {
    if (on && !this.#audio) await this.#acquire("microphone");
    // Muted, the microphone stays open: speaking again must cost no time.
    else if (this.#audio) this.#audio.enabled = on;
    this.#show();
  }

  async setCamera(on: boolean): Promise<void> {
    if (on && this.#camera) this.#camera.enabled = true;
    else if (on) await this.#acquire("camera");
    else if (this.#camera) this.#closeCamera(this.#camera);
    this.#show();
  }

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#device(kind, { deviceId });
    await this.#acquire(kind);
    this.#show();
  }

  /** False where the person changed their mind. */
  async shareScreen(): Promise<boolean> {
    if (!this.devices?.getDisplayMedia) return false;
    try {
      const stream = await this.devices.getDisplayMedia({ video: true });
      const [track] = stream.getVideoTracks();
      if (!track || this.#closed) return false;
      track.contentHint = "detail";
      track.addEventListener("ended", () => this.stopScreen());
      this.#screen = track;
      this.#show();
      return true;
    } catch {
      return false;
    }
  }

  stopScreen(): void {
    this.#screen?.stop();
    this.#screen = null;
    this.#show();
  }

  get canShareScreen(): boolean {
    return Boolean(this.devices?.getDisplayMedia);
  }

  close(): void {
    this.#closed = true;
    this.devices?.removeEventListener("devicechange", this.#list);
    for (const track of [this.#audio, this.#camera, this.#screen]) track?.stop();
    this.#audio = this.#camera = this.#screen = null;
    this.#show();
  }

  async #acquire(kind: DeviceKind): Promise<void> {
    if (!this.devices) return this.#device(kind, { problem: "insecure" });
    const { deviceId } = this.view.get()[kind];
    const exact = deviceId ? { deviceId: { exact: deviceId } } : {};
    this.#pend(kind, true);
    try {
      const stream = await this.devices.getUserMedia(
        kind === "microphone"
          ? { audio: { ...VOICE, ...exact } }
          : { video: { ...CAMERA, ...exact } },
      );
      for (const track of stream.getTracks()) this.#adopt(track);
      await this.#list();
    } catch (error) {
      this.#device(kind, { problem: mediaProblem(error), pending: false });
    }
  }

  #adopt(track: MediaStreamTrack): void {
    if (this.#closed) {
      track.stop();
      return;
    }
    const kind = track.kind === "audio" ? "microphone" : "camera";
    const old = kind === "microphone" ? this.#audio : this.#camera;
    if (kind === "microphone") this.#audio = track;
    else this.#camera = track;
    old?.stop();
    track.addEventListener("ended", () => this.#lost(track, kind));
    const deviceId = track.getSettings().deviceId ?? null;
    this.#device(kind, { problem: null, pending: false, deviceId });
    this.#show();
  }

  /** Unplugged, or taken back by the person or the system. */
  #lost(track: MediaStreamTrack, kind: DeviceKind): void {
    if (track === this.#audio) this.#audio = null;
    else if (track === this.#camera) this.#camera = null;
    else return;
    this.#device(kind, { problem: "missing", deviceId: null });
    this.#show();
  }

  #closeCamera(track: MediaStreamTrack): void {
    track.enabled = false;
    setTimeout(() => {
      if (track.enabled || this.#camera !== track) return;
      this.#camera = null;
      this.#show();
      track.stop();
    }, BLACK_MS);
  }

  readonly #list = async (): Promise<void> => {
    const all = (await this.devices?.enumerateDevices().catch(() => [])) ?? [];
    // Before a permission is given, browsers list devices without an id.
    const named = all.filter(({ deviceId }) => deviceId !== "");
    this.#device("microphone", { choices: named.filter(({ kind }) => kind === "audioinput") });
    this.#device("camera", { choices: named.filter(({ kind }) => kind === "videoinput") });
  };

  #pend(kind: DeviceKind, pending: boolean): void {
    this.#device(kind, { pending });
  }

  #device(kind: DeviceKind, change: Partial<DeviceView>): void {
    this.view.update((view) => ({ ...view, [kind]: { ...view[kind], ...change } }));
  }

  #show(): void {
    const microphone = this.#audio?.enabled ?? false;
    const camera = this.#camera?.enabled ?? false;
    const screen = this.#screen !== null;
    const video = this.#screen ?? this.#camera;
    const shown = this.#screen ?? (camera ? this.#camera : null);
    const { preview } = this.view.get();
    this.#device("microphone", { on: microphone });
    this.#device("camera", { on: camera });
    const same = preview?.getVideoTracks()[0] === (shown ?? undefined);
    this.view.update((view) => ({
      ...view,
      screen,
      preview: same ? preview : shown && new MediaStream([shown]),
    }));
    this.outgoing.set({ audio: this.#audio, video, devices: { microphone, camera, screen } });
  }
}
