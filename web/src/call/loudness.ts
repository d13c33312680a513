const EVERY_MS = 200;
const AUDIBLE = 0.02;

/** Tells whether a microphone hears something, until the returned function ends it. */
export function followLoudness(
  track: MediaStreamTrack,
  heard: (speaking: boolean, level: number) => void,
): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const level = Math.sqrt(
      samples.reduce((sum, value) => sum + value * value, 0) / samples.length,
    );
    heard(level > AUDIBLE, level);
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
