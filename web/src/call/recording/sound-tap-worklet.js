/** Gives the sound that goes through it to a port, in blocks: see requested-frames.ts. */

/** Samples of a channel in a block. */
const BLOCK = 1024;

class SoundTap extends AudioWorkletProcessor {
  #port = null;
  #samples = new Float32Array(2 * BLOCK);
  #filled = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#port = data;
    };
  }

  process([[left, right = left] = []]) {
    const length = left?.length ?? 128;
    if (left) {
      this.#samples.set(left, this.#filled);
      this.#samples.set(right, BLOCK + this.#filled);
    }
    this.#filled += length;
    if (this.#filled < BLOCK) return true;
    const samples = this.#samples;
    this.#samples = new Float32Array(2 * BLOCK);
    this.#filled = 0;
    this.#port?.postMessage({ samples, sampleRate }, [samples.buffer]);
    return true;
  }
}

registerProcessor("sound-tap", SoundTap);
