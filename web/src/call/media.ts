import { Store } from "../store";
import { Device, type DeviceParts } from "./device";
import { type DeviceKind, type DeviceView, OFF } from "./device-view";
import type { Background } from "./effects/background";
import type { EffectView } from "./effects/effect";
import { type EffectStarters, LOADED_STARTERS, LocalEffects } from "./effects/local-effects";
import { type ScreenProblem, ScreenShare } from "./screen-share";
import { Speaker } from "./speaker";
import { type LocalTracks, NO_LOCAL_TRACKS } from "./topology";

export type { DeviceKind, DeviceNews, DeviceView } from "./device-view";
export type { MediaProblem } from "./media-problem";
export type { ScreenProblem } from "./screen-share";

export interface MediaView {
  readonly microphone: DeviceView;
  readonly camera: DeviceView;
  readonly screen: boolean;
  readonly screenProblem: ScreenProblem | null;
  /** What is done to what is behind the person. */
  readonly background: EffectView<Background>;
  /** Whether noise is taken out of the microphone's sound. */
  readonly noise: EffectView<true>;
  /** The picture that is sent of the camera, for the person in front of it. */
  readonly preview: MediaStream | null;
  /** The shared screen's picture, for the person who shares it. */
  readonly screenPreview: MediaStream | null;
}

const NO_EFFECT = { choice: null, state: "off", cost: null } as const;

type Permitting = Pick<Permissions, "query">;

/** Microphone, camera and screen of this computer. All captured tracks are stopped when it is closed. */
export class LocalMedia {
  readonly view = new Store<MediaView>({
    microphone: OFF,
    camera: OFF,
    screen: false,
    screenProblem: null,
    background: NO_EFFECT,
    noise: NO_EFFECT,
    preview: null,
    screenPreview: null,
  });
  readonly outgoing = new Store<LocalTracks>(NO_LOCAL_TRACKS);
  readonly speaker = new Speaker();
  readonly #microphone: Device;
  readonly #camera: Device;
  readonly #screen: ScreenShare;
  readonly #effects: LocalEffects;
  readonly #ending = new AbortController();
  #listings = 0;

  constructor(
    private readonly devices: MediaDevices | null = navigator.mediaDevices ?? null,
    private readonly permissions: Permitting | null = globalThis.navigator?.permissions ?? null,
    starters: EffectStarters = LOADED_STARTERS,
  ) {
    this.#effects = new LocalEffects(() => this.#show(), starters);
    const parts: DeviceParts = {
      devices,
      permission: async (kind) => (await this.#permission(kind))?.state ?? null,
      changed: () => this.#show(),
    };
    this.#screen = new ScreenShare(devices, () => this.#show());
    this.#microphone = new Device("microphone", parts);
    this.#camera = new Device("camera", parts);
    const { signal } = this.#ending;
    devices?.addEventListener?.("devicechange", () => void this.#list(), { signal });
    for (const device of [this.#microphone, this.#camera]) void this.#followPermission(device);
  }

  /** Prefers the devices that the person chose some other day, where they are there. */
  keep(chosen: Readonly<Record<DeviceKind | "speaker", string | null>>): void {
    this.#microphone.keep(chosen.microphone);
    this.#camera.keep(chosen.camera);
    this.speaker.choose(chosen.speaker);
  }

  /** Opens both devices with one request, so that the browser asks the person once. */
  async open(wanted: { microphone: boolean; camera: boolean }): Promise<void> {
    const askable = this.devices?.getUserMedia && this.#microphone.isRunning;
    if (askable && wanted.microphone && wanted.camera) await this.#openBoth();
    else {
      if (wanted.microphone) await this.#microphone.turn(true);
      if (wanted.camera) await this.#camera.turn(true);
    }
    await this.#list();
  }

  async setMicrophone(on: boolean): Promise<void> {
    await this.#microphone.turn(on);
    if (on) await this.#list();
  }

  async setCamera(on: boolean): Promise<void> {
    await this.#camera.turn(on);
    if (on) await this.#list();
  }

  choose(kind: DeviceKind, deviceId: string): Promise<void> {
    return (kind === "microphone" ? this.#microphone : this.#camera).choose(deviceId);
  }

  /** Chooses what is done to what is behind the person, null for nothing. */
  setBackground(background: Background | null): void {
    this.#effects.background.choose(background);
  }

  setNoiseSuppression(on: boolean): void {
    this.#effects.noise.choose(on || null);
  }

  /** Gives up what costs much, since the CPU does not suffice for what is sent. */
  relieveCpu(): void {
    this.#effects.background.relieve();
  }

  shareScreen(): Promise<boolean> {
    return this.#screen.start();
  }

  stopScreen(): void {
    this.#screen.stop();
  }

  get canShareScreen(): boolean {
    return this.#screen.isPossible;
  }

  /** Stops capturing while the page is hidden away. A screen is not shared again by itself. */
  suspend(): void {
    this.#microphone.suspend();
    this.#camera.suspend();
    this.#screen.suspend();
  }

  async resume(): Promise<void> {
    this.#screen.resume();
    await Promise.all([this.#microphone.resume(), this.#camera.resume()]);
    await this.#list();
  }

  close(): void {
    this.#ending.abort();
    this.#microphone.close();
    this.#camera.close();
    this.#screen.close();
  }

  async #openBoth(): Promise<void> {
    const settle = { audio: this.#microphone.expect(), video: this.#camera.expect() };
    const constraints = { audio: this.#microphone.constraints, video: this.#camera.constraints };
    // If the common request fails, a request for each device shows which one is at fault.
    const stream = await this.devices?.getUserMedia(constraints).catch(() => null);
    await settle.audio(stream?.getAudioTracks()[0] ?? null);
    await settle.video(stream?.getVideoTracks()[0] ?? null);
  }

  /** Lists the devices. An answer that a newer request has overtaken is dropped. */
  async #list(): Promise<void> {
    const listing = ++this.#listings;
    try {
      const all = (await this.devices?.enumerateDevices()) ?? [];
      if (listing !== this.#listings || this.#ending.signal.aborted) return;
      this.#microphone.list(all);
      this.#camera.list(all);
      this.speaker.list(all);
    } catch (error) {
      console.warn("Listing devices", error);
    }
  }

  async #followPermission(device: Device): Promise<void> {
    const status = await this.#permission(device.kind);
    if (status) device.notePermission(status.state);
    const { signal } = this.#ending;
    status?.addEventListener("change", () => device.permit(status.state), { signal });
  }

  /** Null where the browser does not report permissions. */
  async #permission(kind: DeviceKind): Promise<PermissionStatus | null> {
    try {
      return (await this.permissions?.query({ name: kind as PermissionName })) ?? null;
    } catch {
      return null;
    }
  }

  #show(): void {
    const { background, noise } = this.#effects;
    const sound = noise.output(this.#microphone.track);
    const picture = background.output(this.#camera.track);
    const microphone = this.#microphone.view;
    const camera = this.#camera.view;
    const screen = this.#screen.track;
    const { preview, screenPreview } = this.view.get();
    this.view.set({
      microphone,
      camera: background.isHeld && camera.on ? { ...camera, pending: true } : camera,
      screen: screen !== null,
      screenProblem: this.#screen.problem,
      background: background.view,
      noise: noise.view,
      preview: streamOf(camera.on ? picture : null, preview),
      screenPreview: streamOf(screen, screenPreview),
    });
    this.#send({
      microphone: sound,
      camera: picture,
      screen,
      on: {
        microphone: microphone.on,
        camera: camera.on && picture !== null,
        screen: screen !== null,
      },
    });
  }

  #send(outgoing: LocalTracks): void {
    if (!isSame(this.outgoing.get(), outgoing)) this.outgoing.set(outgoing);
  }
}

/** Keeps the stream of an unchanged track, so that its picture does not restart. */
function streamOf(track: MediaStreamTrack | null, before: MediaStream | null): MediaStream | null {
  if (before?.getVideoTracks()[0] === (track ?? undefined)) return before;
  return track && new MediaStream([track]);
}

function isSame(a: LocalTracks, b: LocalTracks): boolean {
  const sources = ["microphone", "camera", "screen"] as const;
  return sources.every((source) => a.on[source] === b.on[source] && a[source] === b[source]);
}
