import type { SoundDevices } from "./sound-check";
import { playOn } from "./speaker";

/** A chord that rises: pitches in hertz, and when each begins in seconds. */
const NOTES = [
  { pitch: 523.25, at: 0 },
  { pitch: 659.25, at: 0.22 },
  { pitch: 783.99, at: 0.44 },
];
const NOTE_SECONDS = 0.9;
const LOUDNESS = 0.25;
/** Recorders take at most this long to hand out what they have. */
const RECORDER_MS = 5_000;

/** Plays and records by Web Audio and MediaRecorder. */
export const browserSound: SoundDevices = {
  playTone: (speaker, signal) =>
    playing(speaker, signal, async (context, output) =>
      NOTES.map((note) => tone(context, output, note)),
    ),

  play: (recorded, speaker, signal) =>
    playing(speaker, signal, async (context, output) => {
      const source = context.createBufferSource();
      source.buffer = await context.decodeAudioData(await recorded.arrayBuffer());
      source.connect(output);
      source.start();
      return [source];
    }),

  record: (microphone, ms, signal) =>
    new Promise((resolve, reject) => {
      const recorder = new MediaRecorder(new MediaStream([microphone]));
      const pieces: Blob[] = [];
      const stop = () => recorder.state !== "inactive" && recorder.stop();
      const timers = [
        setTimeout(stop, ms),
        setTimeout(() => reject(new Error("the recorder does not answer")), ms + RECORDER_MS),
      ];
      const isOver = () => timers.forEach(clearTimeout);
      recorder.ondataavailable = ({ data }) => void pieces.push(data);
      recorder.onerror = (event) => {
        isOver();
        reject(new Error(`the recorder failed: ${event.type}`));
      };
      recorder.onstop = () => {
        isOver();
        resolve(new Blob(pieces, { type: recorder.mimeType }));
      };
      signal.addEventListener("abort", stop, { once: true });
      recorder.start();
    }),
};

type Sources = readonly AudioScheduledSourceNode[];

/**
 * Plays through an element, since all browsers that let pages choose a speaker let elements use it, while few let
 * an AudioContext. Settles when the last source has ended.
 */
async function playing(
  speaker: string,
  signal: AbortSignal,
  start: (context: AudioContext, output: AudioNode) => Promise<Sources>,
): Promise<void> {
  const context = new AudioContext();
  try {
    const output = context.createMediaStreamDestination();
    const element = new Audio();
    element.srcObject = output.stream;
    await playOn(element, speaker);
    await element.play();
    await ended(await start(context, output), signal);
    element.srcObject = null;
  } finally {
    await context.close();
  }
}

function ended(sources: Sources, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    sources.at(-1)?.addEventListener("ended", () => resolve());
  });
}

function tone(context: AudioContext, output: AudioNode, note: { pitch: number; at: number }) {
  const oscillator = new OscillatorNode(context, { frequency: note.pitch });
  const volume = new GainNode(context, { gain: 0 });
  const begin = context.currentTime + 0.05 + note.at;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, begin + NOTE_SECONDS);
  oscillator.connect(volume).connect(output);
  oscillator.start(begin);
  oscillator.stop(begin + NOTE_SECONDS);
  return oscillator;
}
