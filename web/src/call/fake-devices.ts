import type { DeviceKind } from "./device-view";

const INPUTS = { microphone: "audioinput", camera: "videoinput" } as const;

export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  contentHint = "";
  readyState: MediaStreamTrackState = "live";

  constructor(
    readonly kind: "audio" | "video",
    readonly deviceId: string,
  ) {
    super();
  }

  get label(): string {
    return `The ${this.deviceId}`;
  }

  getSettings = () => ({ deviceId: this.deviceId });

  constraints: MediaTrackConstraints = {};
  applyConstraints = async (constraints: MediaTrackConstraints) => {
    this.constraints = constraints;
  };

  stop(): void {
    this.readyState = "ended";
  }

  /** Ends the track as unplugging does: with an event, which `stop` does not cause. */
  end(): void {
    if (this.readyState === "ended") return;
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }

  mute(muted: boolean): void {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? "mute" : "unmute"));
  }
}

class FakeStream {
  constructor(private readonly tracks: FakeTrack[]) {}
  getTracks = () => this.tracks;
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === "audio");
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === "video");
}

interface Asked {
  readonly constraints: MediaStreamConstraints;
  readonly resolve: (stream: MediaStream) => void;
  readonly reject: (error: DOMException) => void;
}

/**
 * The devices of a computer by the Media Capture specification, for tests. A request waits until `answer` is
 * called, and is answered by the state at that time.
 */
export class FakeDevices extends EventTarget {
  readonly plugged = new Map<string, DeviceKind>();
  readonly groups = new Map<string, string>();
  readonly busy = new Set<string>();
  readonly tracks: FakeTrack[] = [];
  permission: PermissionState = "granted";
  readonly asked: Asked[] = [];
  readonly picking: Asked[] = [];
  readonly #permissions: (EventTarget & { state: PermissionState })[] = [];

  constructor(plugged: Record<string, DeviceKind> = {}) {
    super();
    for (const [id, kind] of Object.entries(plugged)) this.plugged.set(id, kind);
  }

  readonly permissions = {
    query: async () => {
      const status = Object.assign(new EventTarget(), { state: this.permission });
      this.#permissions.push(status);
      return status as unknown as PermissionStatus;
    },
  };

  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
    return new Promise((resolve, reject) => this.asked.push({ constraints, resolve, reject }));
  }

  getDisplayMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
    return new Promise((resolve, reject) => this.picking.push({ constraints, resolve, reject }));
  }

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return [...this.plugged].map(([deviceId, kind]) => ({
      deviceId,
      kind: INPUTS[kind],
      label: `The ${deviceId}`,
      groupId: this.groups.get(deviceId) ?? "",
      toJSON: () => ({}),
    }));
  }

  live(): FakeTrack[] {
    return this.tracks.filter(({ readyState }) => readyState === "live");
  }

  answer(index = 0): void {
    const [asked] = this.asked.splice(index, 1);
    if (!asked) return;
    try {
      asked.resolve(this.#stream(this.#captured(asked.constraints)));
    } catch (error) {
      asked.reject(error as DOMException);
    }
  }

  /** Answers all requests, and those that follow from the answers. */
  async answerAll(): Promise<void> {
    await settled();
    for (let count = 0; this.asked.length > 0 && count < 50; count++) {
      this.answer();
      await settled();
    }
  }

  pick(share = true): void {
    const [asked] = this.picking.splice(0, 1);
    if (share)
      asked?.resolve(this.#stream([this.#track("video", "screen"), this.#track("audio", "tab")]));
    else asked?.reject(new DOMException("Permission denied", "NotAllowedError"));
  }

  plug(id: string, kind: DeviceKind): void {
    this.plugged.set(id, kind);
    this.dispatchEvent(new Event("devicechange"));
  }

  unplug(id: string): void {
    this.plugged.delete(id);
    for (const track of this.tracks) if (track.deviceId === id) track.end();
    this.dispatchEvent(new Event("devicechange"));
  }

  permit(state: PermissionState): void {
    this.permission = state;
    if (state !== "granted") {
      for (const track of this.tracks) if (track.deviceId !== "screen") track.end();
    }
    for (const status of this.#permissions) {
      status.state = state;
      status.dispatchEvent(new Event("change"));
    }
  }

  #captured({ audio, video }: MediaStreamConstraints): FakeTrack[] {
    if (this.permission === "denied") throw new DOMException("", "NotAllowedError");
    const wanted = [
      ...(audio ? [["microphone", audio] as const] : []),
      ...(video ? [["camera", video] as const] : []),
    ];
    const ids = wanted.map(([kind, constraints]) => this.#found(kind, constraints));
    if (ids.some((id) => this.busy.has(id))) throw new DOMException("", "NotReadableError");
    return ids.map((id) =>
      this.#track(this.plugged.get(id) === "microphone" ? "audio" : "video", id),
    );
  }

  #found(kind: DeviceKind, constraints: boolean | MediaTrackConstraints): string {
    const wished = typeof constraints === "object" && constraints.deviceId;
    const exact = wished ? (wished as { exact: string }).exact : null;
    const there = [...this.plugged].filter(([, one]) => one === kind).map(([id]) => id);
    const id = exact === null ? there[0] : there.find((one) => one === exact);
    if (id === undefined) {
      throw new DOMException("", exact === null ? "NotFoundError" : "OverconstrainedError");
    }
    return id;
  }

  #track(kind: "audio" | "video", id: string): FakeTrack {
    const track = new FakeTrack(kind, id);
    this.tracks.push(track);
    return track;
  }

  #stream(tracks: FakeTrack[]): MediaStream {
    return new FakeStream(tracks) as unknown as MediaStream;
  }
}

/** Waits until all microtasks have run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
