import {
  ConnectionState,
  Encryption_Type,
  getLogger,
  LocalAudioTrack,
  type LocalTrack,
  LocalVideoTrack,
  LoggerNames,
  LogLevel,
  type RemoteTrackPublication,
  Room,
  RoomEvent,
  Track,
  type TrackPublishOptions,
  VideoPreset,
} from "livekit-client";
import { bestEffort } from "../best-effort";
import { readSample, type StatsReport } from "../mesh/connection-sample";
import { RUNGS, rungFor } from "../quality/picture-ladder";
import { SCREENS, SOUND_OF, type TrackSource } from "../topology";
import { FrameEncryption } from "./frame-encryption";
import type {
  ConnectToSfu,
  RemoteMedia,
  SendingOptions,
  SentMedia,
  SfuConnection,
  SfuListener,
  WantedMedia,
  WayToSfu,
} from "./sfu-connection";

/** The pauses before attempts to come back, and the time after which there are no more. */
const PAUSES_MS = [0, 300, 1_000, 2_000];
const LONGEST_PAUSE_MS = 3_000;
const GIVEN_UP_AFTER_MS = 30_000;
/** Where media flow on, as while the server between here and LiveKit is away: LiveKit's token lasts ten minutes. */
const GIVEN_UP_WITH_MEDIA_AFTER_MS = 600_000;
const CONNECT_WITHIN_MS = 10_000;
/** The topic of our messages among the data of LiveKit, and the most bytes of one. */
const TOPIC = "parlour";
const MOST_BYTES = 4_000;
/** In bit/s, as in a mesh of many. */
const VOICE = 24_000;
const SCREEN_SOUND = 64_000;
const CAMERA = { lines: 720, framesPerSecond: 30 };
const CAMERA_LAYERS = [
  { lines: 180, framesPerSecond: 15 },
  { lines: 360, framesPerSecond: 25 },
];
const SCREEN_LAYERS = [{ lines: 360, framesPerSecond: 5 }];
const WIDE = 16 / 9;

/** LiveKit's kinds of sources, of which screens share one; the names of tracks tell them apart. */
const KINDS: Readonly<Record<TrackSource, Track.Source>> = {
  microphone: Track.Source.Microphone,
  camera: Track.Source.Camera,
  screen: Track.Source.ScreenShare,
  screen2: Track.Source.ScreenShare,
  screen3: Track.Source.ScreenShare,
  sound: Track.Source.ScreenShareAudio,
  sound2: Track.Source.ScreenShareAudio,
  sound3: Track.Source.ScreenShareAudio,
};
/** The sources of tracks that have none of our names, such as those of other programs. */
const FIRST_OF_KIND = new Map<Track.Source, TrackSource>([
  [Track.Source.Microphone, "microphone"],
  [Track.Source.Camera, "camera"],
  [Track.Source.ScreenShare, "screen"],
  [Track.Source.ScreenShareAudio, "sound"],
]);

/** Events after which something is different of what `SfuConnection` tells. */
const CHANGES = [
  RoomEvent.ConnectionStateChanged,
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.TrackStreamStateChanged,
  RoomEvent.ActiveSpeakersChanged,
] as const;

/** Connects to LiveKit by its own client. */
export const connectToLiveKit: ConnectToSfu = async (way, listener) => {
  keepQuiet();
  const encryption = way.encryptedAs === undefined ? null : new FrameEncryption(way.encryptedAs);
  try {
    const connection = new LiveKitConnection(listener, encryption);
    await connection.open(way);
    return connection;
  } catch (error) {
    encryption?.close();
    throw error;
  }
};

/** LiveKit's client writes each step into the console. What goes wrong is told by its errors and events, too. */
function keepQuiet(): void {
  // The first one is the default of all that are made later.
  for (const name of Object.values(LoggerNames)) getLogger(name).setDefaultLevel(LogLevel.silent);
}

class LiveKitConnection implements SfuConnection {
  readonly #room: Room;
  readonly #remote = new Map<RemoteTrackPublication, LiveKitMedia>();
  readonly #followed = new WeakSet<RTCIceTransport>();
  #isClosed = false;

  constructor(
    private readonly listener: SfuListener,
    private readonly encryption: FrameEncryption | null,
  ) {
    this.#room = newRoom(encryption, () => this.isReconnecting);
    encryption?.guard(this.#room);
    for (const event of CHANGES) this.#room.on(event, () => this.#follow());
    this.#room.on(RoomEvent.Disconnected, () => {
      if (!this.#isClosed) listener.ended();
    });
    this.#room.on(RoomEvent.DataReceived, (bytes, sender, _kind, topic, encryptionType) => {
      if (!sender || topic !== TOPIC || bytes.byteLength > MOST_BYTES) return;
      // LiveKit's client also passes on what was not encrypted, in the name of whomever the SFU says.
      if (encryption && encryptionType !== Encryption_Type.GCM) return;
      listener.heard(sender.identity, new TextDecoder().decode(bytes));
    });
  }

  /** Ends a connection in which the SFU gives this browser another name: frames would have another key. */
  #follow(): void {
    if (this.encryption && !this.encryption.isOurs(this.#room)) this.listener.ended();
    else this.listener.changed();
  }

  async open({ url, token, iceServers, iceTransportPolicy = "all" }: WayToSfu): Promise<void> {
    if (this.encryption) await this.#room.setE2EEEnabled(true);
    await this.#room.connect(url, token, {
      autoSubscribe: false,
      maxRetries: 0,
      websocketTimeout: CONNECT_WITHIN_MS,
      peerConnectionTimeout: CONNECT_WITHIN_MS,
      rtcConfig: { iceServers: [...iceServers], iceTransportPolicy },
    });
    if (this.encryption && !this.encryption.isOurs(this.#room)) {
      await this.close();
      throw new Error("The SFU knows this browser by another name");
    }
  }

  setSecret(sender: string, number: number, secret: Uint8Array<ArrayBuffer> | null): void {
    this.encryption?.setSecret(sender, number, secret);
  }

  get isReconnecting(): boolean {
    const { state } = this.#room;
    // Media flow on while LiveKit's own line of signaling comes back, as long as their transports stand.
    const isOpen =
      state === ConnectionState.Connected || state === ConnectionState.SignalReconnecting;
    return !isOpen || this.#transports.some(isBroken);
  }

  get present(): ReadonlySet<string> {
    return new Set(this.#room.remoteParticipants.keys());
  }

  get remote(): readonly RemoteMedia[] {
    const media: LiveKitMedia[] = [];
    for (const [identity, { trackPublications }] of this.#room.remoteParticipants) {
      for (const publication of trackPublications.values()) {
        const source = sourceOf(publication);
        if (source) media.push(this.#mediaOf(identity, source, publication));
      }
    }
    this.#forget(media);
    return media;
  }

  get speakers(): readonly string[] {
    return this.#room.activeSpeakers
      .map(({ identity }) => identity)
      .filter((identity) => identity !== this.#room.localParticipant.identity);
  }

  /** The transports of what is sent and received; browsers that do not tell them notice a loss later. */
  get #transports(): RTCIceTransport[] {
    const transports = new Set<RTCIceTransport>();
    const note = (end: RTCRtpSender | RTCRtpReceiver | undefined) => {
      if (end?.transport?.iceTransport) transports.add(end.transport.iceTransport);
    };
    for (const { track } of this.#room.localParticipant.trackPublications.values()) {
      note(track?.sender);
    }
    for (const { publication } of this.#remote.values()) note(publication.track?.receiver);
    for (const transport of transports) this.#followTransport(transport);
    return [...transports];
  }

  #followTransport(transport: RTCIceTransport): void {
    if (this.#followed.has(transport)) return;
    this.#followed.add(transport);
    transport.addEventListener("statechange", () => this.listener.changed());
  }

  async publish(
    source: TrackSource,
    track: MediaStreamTrack,
    options: SendingOptions,
  ): Promise<SentMedia> {
    const local =
      track.kind === "audio"
        ? new LocalAudioTrack(track, undefined, true)
        : new LocalVideoTrack(track, undefined, true);
    // LiveKit enables each track that is not muted, a microphone too that is off.
    local.isMuted = options.isMuted;
    await this.#room.localParticipant.publishTrack(local, publishOptions(source, options));
    return new LiveKitSentMedia(this.#room, local);
  }

  tell(text: string, to?: readonly string[]): void {
    const bytes = new TextEncoder().encode(text);
    const addressed = to && { destinationIdentities: [...to] };
    this.#room.localParticipant
      .publishData(bytes, { reliable: true, topic: TOPIC, ...addressed })
      .catch((error: unknown) => console.warn("A message through the SFU", error));
  }

  /**
   * LiveKit's client goes by `rtcConfig` at each restart of ICE, and the SFU restarts it on its side once signaling
   * has come back: so a line of signaling that ends renews the ways of both directions, while media flow on.
   */
  async renewIce(iceServers: readonly RTCIceServer[]): Promise<void> {
    const { engine } = this.#room;
    engine.rtcConfig = { ...engine.rtcConfig, iceServers: [...iceServers] };
    bestEffort("new ICE servers", () => engine.pcManager?.updateConfiguration(engine.rtcConfig));
    const isRelayed = await this.#isRelayed();
    if (isRelayed && !this.#isClosed) await this.#room.simulateScenario("signal-reconnect");
  }

  async #isRelayed(): Promise<boolean> {
    const { trackPublications } = this.#room.localParticipant;
    const ends = [
      ...[...trackPublications.values()].map(({ track }) => track?.sender),
      ...[...this.#remote.keys()].map(({ track }) => track?.receiver),
    ];
    const reports = await Promise.all(ends.map((end) => end?.getStats().catch(() => null)));
    return reports.some((report) => report && readSample(report, 0).path?.local === "relay");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#room.removeAllListeners();
    try {
      await this.#room.disconnect();
    } finally {
      this.encryption?.close();
    }
  }

  #mediaOf(
    participant: string,
    source: TrackSource,
    publication: RemoteTrackPublication,
  ): LiveKitMedia {
    const known = this.#remote.get(publication);
    if (known) return known;
    const media = new LiveKitMedia(participant, source, publication);
    this.#remote.set(publication, media);
    return media;
  }

  #forget(present: readonly LiveKitMedia[]): void {
    if (this.#remote.size === present.length) return;
    const still = new Set(present.map(({ publication }) => publication));
    for (const publication of this.#remote.keys()) {
      if (!still.has(publication)) this.#remote.delete(publication);
    }
  }
}

function newRoom(encryption: FrameEncryption | null, isReconnecting: () => boolean): Room {
  return new Room({
    // It watches elements that LiveKit attaches tracks to; ours follow wishes, as in a mesh.
    adaptiveStream: false,
    dynacast: true,
    disconnectOnPageLeave: false,
    // One connection for both directions has a longer handshake, which costs a second at each move.
    singlePeerConnection: false,
    reconnectPolicy: {
      nextRetryDelayInMs: ({ elapsedMs, retryCount }) =>
        elapsedMs > (isReconnecting() ? GIVEN_UP_AFTER_MS : GIVEN_UP_WITH_MEDIA_AFTER_MS)
          ? null
          : (PAUSES_MS[retryCount] ?? LONGEST_PAUSE_MS) * (0.5 + Math.random()),
    },
    ...encryption?.roomOptions,
  });
}

class LiveKitMedia implements RemoteMedia {
  constructor(
    readonly participant: string,
    readonly source: TrackSource,
    readonly publication: RemoteTrackPublication,
  ) {}

  get track(): MediaStreamTrack | null {
    return this.publication.track?.mediaStreamTrack ?? null;
  }

  get isMuted(): boolean {
    return this.publication.isMuted;
  }

  get isPaused(): boolean {
    return this.publication.track?.streamState === Track.StreamState.Paused;
  }

  want(wanted: WantedMedia | null): void {
    const { publication } = this;
    if (publication.isDesired !== (wanted !== null)) publication.setSubscribed(wanted !== null);
    if (!wanted) return;
    publication.setEnabled(wanted.isOn);
    if (wanted.isOn && wanted.lines) {
      publication.setVideoDimensions(sizeWith(wanted.lines, publication.dimensions));
    }
  }

  async stats(): Promise<StatsReport | null> {
    return (await this.publication.track?.getRTCStatsReport()) ?? null;
  }
}

class LiveKitSentMedia implements SentMedia {
  constructor(
    private readonly room: Room,
    private readonly local: LocalTrack & { isMuted: boolean },
  ) {}

  get isMuted(): boolean {
    return this.local.isMuted;
  }

  async replace(track: MediaStreamTrack): Promise<void> {
    await this.local.replaceTrack(track, { userProvidedTrack: true });
  }

  async mute(isMuted: boolean): Promise<void> {
    await (isMuted ? this.local.mute() : this.local.unmute());
  }

  async stop(): Promise<void> {
    await this.room.localParticipant.unpublishTrack(this.local, true);
  }

  async stats(): Promise<StatsReport | null> {
    return (await this.local.getRTCStatsReport()) ?? null;
  }
}

/** A transport whose other side does not answer. */
function isBroken({ state }: RTCIceTransport): boolean {
  return state === "disconnected" || state === "failed";
}

/** The source of a track, by its name where that fits its kind. */
function sourceOf({ trackName, source }: RemoteTrackPublication): TrackSource | undefined {
  const named = Object.hasOwn(KINDS, trackName) ? (trackName as TrackSource) : undefined;
  return named && KINDS[named] === source ? named : FIRST_OF_KIND.get(source);
}

function publishOptions(source: TrackSource, options: SendingOptions): TrackPublishOptions {
  const named = { source: KINDS[source], name: source };
  if (source === "microphone") {
    return { ...named, red: true, dtx: true, audioPreset: { maxBitrate: VOICE } };
  }
  if (Object.values(SOUND_OF).some((sound) => sound === source)) {
    return { ...named, red: false, dtx: false, audioPreset: { maxBitrate: SCREEN_SOUND } };
  }
  const isScreen = SCREENS.some((screen) => screen === source);
  const pictures = { ...named, videoCodec: "vp8", backupCodec: false, simulcast: true } as const;
  if (!isScreen) {
    return {
      ...pictures,
      videoEncoding: presetOf(CAMERA).encoding,
      videoSimulcastLayers: CAMERA_LAYERS.map(presetOf),
      degradationPreference: "maintain-framerate",
    };
  }
  const { isText = true, framesPerSecond = 5 } = options;
  const { most } = RUNGS[RUNGS.length - 1] ?? RUNGS[0];
  return {
    ...pictures,
    screenShareEncoding: { maxBitrate: isText ? most / 2 : most, maxFramerate: framesPerSecond },
    screenShareSimulcastLayers: SCREEN_LAYERS.map(presetOf),
    degradationPreference: isText ? "maintain-resolution" : "maintain-framerate",
  };
}

function presetOf({ lines, framesPerSecond }: typeof CAMERA): VideoPreset {
  const { most } = rungFor(lines);
  return new VideoPreset(Math.round(lines * WIDE), lines, most, framesPerSecond);
}

/** The size of a picture whose shorter side has so many pixels. */
function sizeWith(lines: number, { width, height }: Partial<Track.Dimensions> = {}) {
  const ratio = width && height ? Math.max(width, height) / Math.min(width, height) : WIDE;
  const longer = Math.round(lines * ratio);
  const isUpright = width !== undefined && height !== undefined && height > width;
  return isUpright ? { width: lines, height: longer } : { width: longer, height: lines };
}
