import { Store } from "../store";
import { facingOf, otherWay } from "./camera-facing";
import { Device, type DeviceParts } from "./device";
import { type DeviceKind, type DeviceView, OFF } from "./device-view";
import type { Background } from "./effects/background";
import type { EffectView } from "./effects/effect";
import { type EffectStarters, LOADED_STARTERS, LocalEffects } from "./effects/local-effects";
import { isOnHold } from "./hold";
import { DEFAULT_SCREEN_SETTINGS, type ScreenSettings } from "./screen-settings";
import { type ScreenProblem, ScreenShare } from "./screen-share";
import { Speaker } from "./speaker";
import { type LocalTracks, NO_LOCAL_TRACKS, type ScreenSource } from "./topology";

export type { DeviceKind, DeviceNews, DeviceView } from "./device-view";
export type { MediaProblem } from "./media-problem";
export type { ScreenProblem } from "./screen-share";

/** A screen that is shared, as the person who shares it sees it. */
export interface ScreenView {
  readonly source: ScreenSource;
  readonly preview: MediaStream;
  /** As the browser calls it; empty where it does not tell. */
  readonly label: string;
  readonly hasSound: boolean;
}

export interface MediaView {
  readonly microphone: DeviceView;
  readonly camera: DeviceView;
  /** Whether a telephone call, or the like, has taken the devices. */
  readonly onHold: boolean;
  /** Whether the camera in use looks away from the person, whose picture is a mirror otherwise. */
  readonly looksAway: boolean;
  /** The camera that looks the other way; null where there is none. */
  readonly otherCamera: string | null;
  /** Whether any screen is shared. */
  readonly screen: boolean;
  /** In the order in which their sharing began. */
  readonly screens: readonly ScreenView[];
  readonly screenSettings: ScreenSettings;
  readonly screenProblem: ScreenProblem | null;
  /** What is done to what is behind the person. */
  readonly background: EffectView<Background>;
  /** Whether noise is taken out of the microphone's sound. */
  readonly noise: EffectView<true>;
  /** The picture that is sent of the camera, for the person in front of it. */
  readonly preview: MediaStream | null;
}

const NO_EFFECT = { choice: null, state: "off", cost: null } as const;

type Permitting = Pick<Permissions, "query">;

/** Microphone, camera and screen of this computer. All captured tracks are stopped when it is closed. */
export class LocalMedia {
  readonly view = new Store<MediaView>({
    microphone: OFF,
    camera: OFF,
    onHold: false,
    looksAway: false,
    otherCamera: null,
    screen: false,
    screens: [],
    screenSettings: DEFAULT_SCREEN_SETTINGS,
    screenProblem: null,
    background: NO_EFFECT,
    noise: NO_EFFECT,
    preview: null,
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
    private readonly page: Document | null = globalThis.document ?? null,
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
    page?.addEventListener("visibilitychange", () => this.#show(), { signal });
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

  /** Uses the camera that looks the other way, where there is one. */
  async switchCamera(): Promise<void> {
    const { otherCamera } = this.view.get();
    if (otherCamera) await this.#camera.choose(otherCamera);
  }

  shareScreen(): Promise<boolean> {
    return this.#screen.start();
  }

  /** Ends the sharing of one screen, or of all. */
  stopScreen(source?: ScreenSource): void {
    this.#screen.stop(source);
  }

  setScreens(settings: ScreenSettings): void {
    this.#screen.set(settings);
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
    const [microphone, camera] = [this.#microphone.view, this.#camera.view];
    const { screens, settings: screenSettings, problem: screenProblem } = this.#screen;
    const { preview, screens: before, onHold: wasOnHold } = this.view.get();
    const onHold = isOnHold(wasOnHold, {
      microphone: this.#microphone.supply,
      camera: this.#camera.supply,
      isHidden: this.page?.visibilityState === "hidden",
    });
    const used = camera.choices.find(({ deviceId }) => deviceId === camera.deviceId);
    const screen = screens.length > 0;
    this.view.set({
      microphone,
      camera: background.isHeld && camera.on ? { ...camera, pending: true } : camera,
      onHold,
      looksAway: used !== undefined && facingOf(used) === "back",
      otherCamera: camera.on ? (otherWay(camera.choices, camera.deviceId)?.deviceId ?? null) : null,
      screen,
      screens: screens.map(({ source, picture, sound }) => {
        const known = before.find((one) => one.source === source)?.preview ?? null;
        const stream = streamOf(picture, known) ?? new MediaStream([picture]);
        return { source, preview: stream, label: picture.label, hasSound: sound !== null };
      }),
      screenSettings,
      screenProblem,
      background: background.view,
      noise: noise.view,
      preview: streamOf(camera.on ? picture : null, preview),
    });
    this.#send({
      microphone: sound,
      camera: picture,
      screens,
      // Those who are on hold are neither heard nor seen.
      on: {
        microphone: microphone.on && !onHold,
        camera: camera.on && picture !== null && !(onHold && this.#camera.supply === "muted"),
        screen,
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
  const devices = ["microphone", "camera", "screens"] as const;
  return (
    sources.every((source) => a.on[source] === b.on[source]) &&
    devices.every((device) => a[device] === b[device])
  );
}
