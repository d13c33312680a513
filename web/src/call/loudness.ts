import { bestEffort } from "./best-effort";

const EVERY_MS = 200;
/** To open a context takes the CPU that the first pictures of a call need. */
const AFTER_MS = 1_500;
const AUDIBLE = 0.02;

/**
 * Reports how loud a microphone's track is, until the returned function is called. A browser that cannot measure
 * it reports nothing.
 */
export function followLoudness(
  track: MediaStreamTrack,
  heard: (speaking: boolean, level: number) => void,
): () => void {
  let stop = () => {};
  const beginning = setTimeout(() => {
    stop = measureLoudness(track, heard);
  }, AFTER_MS);
  return () => {
    clearTimeout(beginning);
    stop();
  };
}

/**
 * Reports as `followLoudness` does, from now on. Each time it looks at the latest sound of at least `windowMs`, as far
 * as a browser keeps it, which is two thirds of a second; without any, at a moment of it.
 */
export function measureLoudness(
  track: MediaStreamTrack,
  heard: (speaking: boolean, level: number) => void,
  everyMs = EVERY_MS,
  windowMs = 0,
): () => void {
  const context = bestEffort("a level meter", () => new AudioContext());
  if (!context) return () => {};
  bestEffort("a level meter after a telephone call", () => goOn(context));
  const measure = bestEffort("a level meter", () => meter(context, track, windowMs));
  const tick = () => {
    // A context that the browser holds up hears nothing, which is no silence.
    if (context.state !== "running") return;
    const level = measure && bestEffort("a level meter", measure);
    if (level === null) clearInterval(timer);
    else heard(level > AUDIBLE, level);
  };
  const timer = measure ? setInterval(tick, everyMs) : undefined;
  return () => {
    clearInterval(timer);
    bestEffort("closing the level meter", () => void context.close().catch(() => {}));
  };
}

/** A telephone call interrupts a context, and leaves it so in some browsers. */
function goOn(context: AudioContext): void {
  context.addEventListener("statechange", () => {
    if (context.state === "running" || context.state === "closed") return;
    context.resume().catch((error: unknown) => console.warn("The level meter rests", error));
  });
}

const PART = 512;
const MOST_SAMPLES = 32_768;

/** Measures the latest samples, 0 to 1. */
function meter(context: AudioContext, track: MediaStreamTrack, windowMs: number): () => number {
  const analyser = context.createAnalyser();
  analyser.fftSize = powerOfTwo((context.sampleRate * windowMs) / 1000);
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return () => {
    analyser.getFloatTimeDomainData(samples);
    return loudestPart(samples);
  };
}

/** The next size that an analyser can have. */
function powerOfTwo(count: number): number {
  let size = PART;
  while (size < count && size < MOST_SAMPLES) size *= 2;
  return size;
}

/** The greatest root mean square of the parts of 512 samples: a short sound counts as one in the middle of silence. */
export function loudestPart(samples: Float32Array): number {
  let loudest = 0;
  for (let start = 0; start < samples.length; start += PART) {
    const part = samples.subarray(start, start + PART);
    const sum = part.reduce((total, value) => total + value * value, 0);
    loudest = Math.max(loudest, sum / part.length);
  }
  return Math.sqrt(loudest);
}

/** The least and the greatest that a level meter shows, in decibels below full scale. */
const QUIET_DB = -60;
const LOUD_DB = -12;

/** How much of a level meter a level fills, 0 to 1: by decibels, as people hear. */
export function meterFill(level: number): number {
  if (level <= 0) return 0;
  const decibels = 20 * Math.log10(level);
  return Math.min(Math.max((decibels - QUIET_DB) / (LOUD_DB - QUIET_DB), 0), 1);
}
