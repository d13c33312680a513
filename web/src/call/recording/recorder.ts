import { Store } from "../../store";
import type { View, Views } from "../quality/views";
import type { LocalTracks, Participant } from "../topology";
import { hold, newRecorderWorker, noteEnd } from "./kept-recordings";
import { layOutPicture, type RecordedView } from "./picture-layout";
import {
  type PictureOrigin,
  picturesOf,
  type RecordedCall,
  soundsOf,
  speakerOf,
} from "./recorded-sources";
import type { RecorderNews, RecorderOrder, RecordingEnd, RecordingFile } from "./recorder-messages";
import type { SoundMix } from "./sound-mix";
import { framesOf } from "./track-frames";

export interface RecorderState {
  readonly phase: "starting" | "recording" | "paused" | "ending" | "ended";
  readonly seconds: number;
  readonly bytes: number;
  readonly free: number | null;
  /** Whether the browser holds the sound back, so that none is recorded. */
  readonly isSilent: boolean;
  /** Why it has ended; null before. */
  readonly end: RecordingEnd | null;
}

/** What a recorder needs of a call. */
export interface RecordableCall {
  readonly phase: Pick<Store<{ readonly kind: string }>, "get" | "subscribe">;
  readonly participants: Store<readonly Participant[]>;
  readonly media: { readonly outgoing: Store<LocalTracks> };
  readonly voice: { readonly isAudible: Store<boolean> };
  readonly views: Pick<Views, "open">;
  endRecording(): void;
}

export interface RecorderOptions {
  /** The whole call, or the person at this browser alone. */
  readonly everybody: boolean;
  readonly view: RecordedView;
  readonly ownName: string;
  readonly file: RecordingFile;
  screenName(owner: string, number: number): string;
}

/** Records a call into a file of this browser, until it is stopped or the call is over. */
export class Recorder {
  readonly state = new Store<RecorderState>({
    phase: "starting",
    seconds: 0,
    bytes: 0,
    free: null,
    isSilent: false,
    end: null,
  });
  readonly #worker = newRecorderWorker();
  readonly #release: () => void;
  readonly #tracks = new Map<string, MediaStreamTrack>();
  readonly #views = new Map<string, View>();
  readonly #unsubscribe: (() => void)[];
  /** Aborted at the end, also that of a worker that cannot say any more that it reads nothing. */
  readonly #over = new AbortController();
  #speaker: string | null = null;
  #told = "";

  constructor(
    private readonly call: RecordableCall,
    readonly options: RecorderOptions,
    /** Is closed at the end. */
    private readonly mix: SoundMix,
  ) {
    this.#release = hold(options.file);
    this.#worker.onmessage = ({ data }: MessageEvent<RecorderNews>) => this.#hear(data);
    this.#worker.onerror = () => this.#ended("failed", false);
    const sound = mix.sound();
    this.#order({ kind: "start", file: options.file, sound, soundRate: mix.rate }, [sound]);
    const follow = () => this.#follow();
    this.#unsubscribe = [
      call.participants.subscribe(follow),
      call.media.outgoing.subscribe(follow),
      call.voice.isAudible.subscribe(follow),
      call.phase.subscribe(() => this.#followCall()),
      mix.isHeldBack.subscribe(() => this.#set({ isSilent: mix.isHeldBack.get() })),
    ];
    this.#set({ isSilent: mix.isHeldBack.get() });
    window.addEventListener("beforeunload", warn);
    this.#follow();
    this.#followCall();
  }

  pause(): void {
    this.#change("recording", "paused", "pause");
  }

  resume(): void {
    this.#change("paused", "recording", "resume");
  }

  /** To be called within a click: asks the browser again to let the sound through. */
  turnSoundOn(): void {
    this.mix.flow();
  }

  stop(): void {
    const { phase } = this.state.get();
    if (phase === "ending" || phase === "ended") return;
    this.#set({ phase: "ending" });
    this.#order({ kind: "stop" });
  }

  #change(
    from: RecorderState["phase"],
    to: RecorderState["phase"],
    kind: "pause" | "resume",
  ): void {
    if (this.state.get().phase !== from) return;
    this.#set({ phase: to });
    this.#order({ kind });
  }

  #hear(news: RecorderNews): void {
    const { phase } = this.state.get();
    switch (news.kind) {
      case "started":
        if (phase === "starting") this.#set({ phase: "recording" });
        return;
      case "progress":
        this.#set({ seconds: news.seconds, bytes: news.bytes, free: news.free });
        return;
      case "ended":
        this.#ended(news.end, news.isWhole);
    }
  }

  #ended(end: RecordingEnd, isWhole: boolean): void {
    if (this.state.get().phase === "ended") return;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    window.removeEventListener("beforeunload", warn);
    for (const view of this.#views.values()) view.close();
    this.#over.abort();
    this.mix.close();
    this.#worker.terminate();
    if (this.options.everybody) this.call.endRecording();
    void noteEnd(this.options.file, isWhole)
      .catch((error: unknown) => console.warn("Keeping the recording", error))
      .finally(() => {
        this.#release();
        this.#set({ phase: "ended", end });
      });
  }

  #followCall(): void {
    const { kind } = this.call.phase.get();
    if (kind === "left" || kind === "refused") this.stop();
  }

  /** Tells the worker who is in the picture, and gives it the sources that are new. */
  #follow(): void {
    const recorded: RecordedCall = {
      participants: this.call.participants.get(),
      own: this.call.media.outgoing.get(),
      ownName: this.options.ownName,
      ownSpeaks: this.call.voice.isAudible.get(),
    };
    this.mix.follow(soundsOf(recorded, this.options));
    this.#speaker = speakerOf(recorded, this.#speaker);
    const pictures = picturesOf(recorded, this.options);
    const { view } = this.options;
    const scene = { view, seats: pictures.map(({ seat }) => seat), speaker: this.#speaker };
    const written = JSON.stringify(scene);
    if (written !== this.#told) {
      this.#told = written;
      this.#order({ kind: "scene", scene });
      this.#wish(pictures);
    }
    this.#giveFrames(pictures);
  }

  #giveFrames(pictures: readonly PictureOrigin[]): void {
    for (const id of this.#tracks.keys()) {
      if (!pictures.some(({ seat, track }) => seat.id === id && track)) this.#tracks.delete(id);
    }
    for (const { seat, track } of pictures) {
      if (!track || this.#tracks.get(seat.id) === track || track.readyState === "ended") continue;
      this.#tracks.set(seat.id, track);
      const frames = framesOf(track, this.#over.signal);
      this.#order({ kind: "frames", id: seat.id, frames }, [frames]);
    }
  }

  /** Asks the others for pictures as large as they are recorded, also of those whom nobody looks at here. */
  #wish(pictures: readonly PictureOrigin[]): void {
    const places = layOutPicture(
      pictures.map(({ seat }) => seat),
      { view: this.options.view, speaker: this.#speaker },
    );
    for (const { seat, remote } of pictures) {
      if (!remote) continue;
      const view =
        this.#views.get(seat.id) ?? this.call.views.open(remote.participant, remote.source);
      this.#views.set(seat.id, view);
      view.show(places.find((place) => place.seat.id === seat.id)?.height ?? 0);
    }
    for (const [id, view] of this.#views) {
      if (pictures.some(({ seat }) => seat.id === id)) continue;
      view.close();
      this.#views.delete(id);
    }
  }

  #order(order: RecorderOrder, transfer: Transferable[] = []): void {
    this.#worker.postMessage(order, transfer);
  }

  #set(change: Partial<RecorderState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/** Asks before the page is closed: what is recorded then has to be mended when it is saved. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
