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

/** Reports as `followLoudness` does, from now on. */
export function measureLoudness(
  track: MediaStreamTrack,
  heard: (speaking: boolean, level: number) => void,
  everyMs = EVERY_MS,
): () => void {
  const context = bestEffort("a level meter", () => new AudioContext());
  if (!context) return () => {};
  const measure = bestEffort("a level meter", () => meter(context, track));
  const tick = () => {
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

/** Measures the root mean square of the latest samples, 0 to 1. */
function meter(context: AudioContext, track: MediaStreamTrack): () => number {
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return () => {
    analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
  };
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
