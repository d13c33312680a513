import {
  AudioSample,
  AudioSampleSource,
  CanvasSource,
  Output,
  StreamTarget,
  WebMOutputFormat,
} from "mediabunny";
import { Composer } from "./composer";
import { freeBytes } from "./private-files";
import {
  endAfter,
  isFull,
  type RecorderNews,
  type RecordingEnd,
  type RecordingFile,
} from "./recorder-messages";
import { RecordingClock, type SoundGap, SoundTimeline } from "./recording-clock";
import { WrittenFile } from "./written-file";

const FRAMES_PER_SECOND = 25;
const PICTURE_BITRATE = 2_000_000;
const SOUND_BITRATE = 96_000;
/** Players jump to key frames: the fewer seconds between them, the more exactly one can seek. */
const KEY_FRAME_SECONDS = 2;
const TELL_EVERY_MS = 1_000;

/** A recording that is under way, in a worker: whose timers run on in a tab that nobody sees. */
export class Recording {
  readonly composer = new Composer();
  readonly #clock = new RecordingClock();
  readonly #timeline = new SoundTimeline();
  readonly #picture = new CanvasSource(this.composer.canvas, {
    codec: "vp8",
    bitrate: PICTURE_BITRATE,
    keyFrameInterval: KEY_FRAME_SECONDS,
    latencyMode: "realtime",
  });
  readonly #sound = new AudioSampleSource({ codec: "opus", bitrate: SOUND_BITRATE });
  readonly #output: Output;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** Whether the encoder still has its hands full with the frame before: then this one is left out. */
  #isDrawing = false;
  #ending: Promise<void> | null = null;
  /** Whether sound has come since that was looked at last. */
  #hears = false;

  private constructor(
    private readonly file: WrittenFile,
    private readonly soundRate: number,
    private readonly tell: (news: RecorderNews) => void,
  ) {
    this.#output = new Output({
      format: new WebMOutputFormat(),
      target: new StreamTarget(file.stream()),
    });
    this.#output.addVideoTrack(this.#picture, { frameRate: FRAMES_PER_SECOND });
    this.#output.addAudioTrack(this.#sound);
  }

  static async start(
    file: RecordingFile,
    sound: ReadableStream<AudioData>,
    soundRate: number,
    tell: (news: RecorderNews) => void,
  ): Promise<Recording> {
    let recording: Recording | null = null;
    const written = await WrittenFile.create(file, () => void recording?.stop("full"));
    recording = new Recording(written, soundRate, tell);
    await recording.#begin(sound);
    return recording;
  }

  async #begin(sound: ReadableStream<AudioData>): Promise<void> {
    await this.#output.start();
    this.#clock.run(performance.now());
    this.#timers.push(
      setInterval(() => void this.#draw(), 1000 / FRAMES_PER_SECOND),
      setInterval(() => {
        void this.#fillSound();
        void this.#measure();
      }, TELL_EVERY_MS),
    );
    void this.#hear(sound);
    void this.#measure();
    this.tell({ kind: "started" });
  }

  pause(): void {
    this.#clock.pause(performance.now());
  }

  resume(): void {
    this.#clock.run(performance.now());
  }

  /** Ends the file so that one can seek in it. Idempotent. */
  stop(end: RecordingEnd = "stopped"): Promise<void> {
    this.#ending ??= this.#finish(end);
    return this.#ending;
  }

  async #finish(wanted: RecordingEnd): Promise<void> {
    let end = wanted;
    let isWhole = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#measure();
    this.#clock.pause(performance.now());
    try {
      await this.#output.finalize();
      this.file.close();
    } catch (error) {
      isWhole = false;
      if (end === "stopped") end = endAfter(error);
      console.warn("Ending the recording", error);
      this.#cutOff();
    }
    this.composer.close();
    this.tell({ kind: "ended", end, isWhole });
  }

  /** Leaves what was written, without what was reserved. */
  #cutOff(): void {
    try {
      this.file.close();
    } catch (error) {
      console.warn("Closing the recording", error);
    }
  }

  async #draw(): Promise<void> {
    if (this.#isDrawing || !this.#clock.isRunning || this.#ending) return;
    this.#isDrawing = true;
    try {
      this.composer.draw();
      await this.#picture.add(this.#clock.at(performance.now()), 1 / FRAMES_PER_SECOND);
    } catch (error) {
      this.#fail(error);
    }
    this.#isDrawing = false;
  }

  async #hear(sound: ReadableStream<AudioData>): Promise<void> {
    const reader = sound.getReader();
    try {
      while (!this.#ending) {
        const { value: data } = await reader.read();
        if (!data) break;
        await this.#addSound(data);
      }
    } catch (error) {
      this.#fail(error);
    }
    void reader.cancel().catch(() => {});
  }

  async #addSound(data: AudioData): Promise<void> {
    this.#hears = true;
    const duration = data.numberOfFrames / data.sampleRate;
    const isWanted = this.#clock.isRunning && !this.#ending;
    const start = isWanted
      ? this.#timeline.place(this.#clock.at(performance.now()), duration)
      : null;
    if (start === null) {
      data.close();
      return;
    }
    const sample = new AudioSample(data);
    sample.setTimestamp(start);
    try {
      await this.#sound.add(sample);
    } finally {
      sample.close();
    }
  }

  /** Nothing is written without sound, since players want both together: where none comes, silence is written. */
  async #fillSound(): Promise<void> {
    const hears = this.#hears;
    this.#hears = false;
    // On a busy computer it comes late, and yet all of it is wanted.
    if (hears || !this.#clock.isRunning || this.#ending) return;
    const gap = this.#timeline.gap(this.#clock.at(performance.now()));
    if (!gap) return;
    const sample = silence(gap, this.soundRate);
    try {
      await this.#sound.add(sample);
    } catch (error) {
      this.#fail(error);
    } finally {
      sample.close();
    }
  }

  async #measure(): Promise<void> {
    const free = await freeBytes();
    const seconds = this.#clock.at(performance.now());
    this.tell({ kind: "progress", seconds, bytes: this.file.size, free });
    if (isFull(free)) void this.stop("full");
  }

  #fail(error: unknown): void {
    if (this.#ending) return;
    console.warn("Recording", error);
    void this.stop(endAfter(error));
  }
}

/** In two channels, as all sound of a recording is. */
function silence({ start, duration }: SoundGap, sampleRate: number): AudioSample {
  const numberOfChannels = 2;
  const data = new Float32Array(numberOfChannels * Math.round(duration * sampleRate));
  return new AudioSample({
    data,
    format: "f32-planar",
    numberOfChannels,
    sampleRate,
    timestamp: start,
  });
}
