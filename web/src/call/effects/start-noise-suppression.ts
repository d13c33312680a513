import { RnnoiseWorkletNode } from "@sapphi-red/web-noise-suppressor";
import simdAddress from "@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url";
import workletAddress from "@sapphi-red/web-noise-suppressor/rnnoiseWorklet.js?url";
import { within } from "../within";
import compilerAddress from "./compile-worker.js?url";
import type { Effect, EffectWatch } from "./effect";
import meteredAddress from "./metered-worklet.js?url";

/** RNNoise knows this rate alone. */
const SAMPLE_RATE = 48_000;
/** Costs are told for the ten milliseconds that RNNoise works on at a time. */
const PIECES_A_REPORT = 200;
const COMPILE_MS = 10_000;
const PROVE_MS = 5_000;
const PROVE_EVERY_MS = 20;

/** Takes noise out of a microphone's sound. Loaded when that is chosen. */
export async function startNoiseSuppression(
  captured: MediaStreamTrack,
  _: true,
  watch: EffectWatch,
): Promise<Effect> {
  const compiled = compile(simdAddress);
  compiled.catch(() => {}); // is handled below, once the worklets are loaded
  const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: "interactive" });
  try {
    await context.audioWorklet.addModule(meteredAddress);
    await context.audioWorklet.addModule(workletAddress);
    const node = suppressor(context, await compiled);
    await resumed(context);
    await prove(context, node);
    return connected(context, node, { captured, watch });
  } catch (error) {
    await context.close().catch(() => {});
    throw error;
  }
}

async function compile(address: string): Promise<WebAssembly.Module> {
  const worker = new Worker(compilerAddress);
  try {
    const answer = new Promise<WebAssembly.Module>((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => {
        if (data.module) resolve(data.module);
        else reject(new Error(data.failure));
      });
      worker.addEventListener("error", (event) => {
        event.preventDefault(); // it is handled: the effect ends
        reject(new Error(event.message));
      });
    });
    worker.postMessage(address);
    return await within(COMPILE_MS, answer);
  } finally {
    worker.terminate();
  }
}

/** The worklet takes the compiled module in the place of its bytes: see metered-worklet.js. */
function suppressor(context: AudioContext, module: WebAssembly.Module): RnnoiseWorkletNode {
  const wasmBinary = module as unknown as ArrayBuffer;
  const node = new RnnoiseWorkletNode(context, { maxChannels: 1, wasmBinary });
  node.channelCount = 1;
  node.channelCountMode = "explicit";
  return node;
}

/** Browsers may let no sound be processed before the person has pressed something. */
async function resumed(context: AudioContext): Promise<void> {
  if (context.state === "running") return;
  const ending = new AbortController();
  const { signal } = ending;
  const resume = () => void context.resume().catch(() => {});
  for (const gesture of ["pointerdown", "keydown"]) {
    document.addEventListener(gesture, resume, { signal, capture: true });
  }
  try {
    await context.resume();
  } finally {
    ending.abort();
  }
}

/**
 * Waits until a tone comes out of the suppressor. One that could not load its code gives silence, and says nothing:
 * nobody would hear the person.
 */
async function prove(context: AudioContext, node: AudioNode): Promise<void> {
  const tone = context.createOscillator();
  const analyser = context.createAnalyser();
  tone.connect(node).connect(analyser);
  tone.start();
  const samples = new Float32Array(analyser.fftSize);
  try {
    for (let waited = 0; waited < PROVE_MS; waited += PROVE_EVERY_MS) {
      analyser.getFloatTimeDomainData(samples);
      if (samples.some((sample) => sample !== 0)) return;
      await new Promise((resolve) => setTimeout(resolve, PROVE_EVERY_MS));
    }
  } finally {
    tone.stop();
    tone.disconnect();
    node.disconnect();
  }
  throw new Error("The noise suppressor gives no sound");
}

function connected(
  context: AudioContext,
  node: RnnoiseWorkletNode,
  { captured, watch }: { captured: MediaStreamTrack; watch: EffectWatch },
): Effect {
  const destination = context.createMediaStreamDestination();
  destination.channelCount = 1;
  const source = context.createMediaStreamSource(new MediaStream([captured]));
  source.connect(node).connect(destination);
  const [track] = destination.stream.getAudioTracks();
  if (!track) throw new Error("No track of processed sound");
  node.port.addEventListener("message", ({ data }) => {
    watch.took(data.busyMs, PIECES_A_REPORT);
  });
  node.port.start();
  node.addEventListener("processorerror", () => watch.failed(new Error("The worklet failed")));
  let isClosed = false;
  // Suspended by the system, such as by a telephone call, it would give silence.
  context.addEventListener("statechange", () => {
    if (!isClosed && context.state !== "running") watch.failed(new Error(context.state));
  });
  return {
    track,
    close: () => {
      isClosed = true;
      track.stop();
      node.destroy();
      void context.close().catch(() => {});
    },
  };
}
