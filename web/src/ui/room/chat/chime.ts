const LOUDNESS = 0.08;
const LASTS_SECONDS = 0.35;
const NOTES_HZ = [659.25, 880];
const APART_SECONDS = 0.09;

/** Plays two soft notes, made here: no file is fetched. */
export async function chime(): Promise<void> {
  const context = new AudioContext();
  const last = NOTES_HZ.map((note, index) => {
    const start = context.currentTime + index * APART_SECONDS;
    const oscillator = new OscillatorNode(context, { frequency: note });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.01);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + LASTS_SECONDS);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(start);
    oscillator.stop(start + LASTS_SECONDS);
    return oscillator;
  }).at(-1);
  last?.addEventListener("ended", () => void context.close());
}
