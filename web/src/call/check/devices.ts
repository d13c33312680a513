import { browserSound } from "../browser-sound";
import { canCall } from "../browser-support";
import { measureLoudness } from "../loudness";
import { type MediaProblem, mediaProblem, NoDevices } from "../media-problem";
import { pause, within } from "./aborted";
import type { BrowserFacts, CameraFacts, MicrophoneFacts } from "./judge";

/** How long somebody may take to allow a device. */
const OPENED_MS = 60_000;
/** More than the sound takes, without which some browsers never end where there is nothing to play it on. */
const TONE_MS = 4_000;
/** How long somebody has to make a sound. */
const LISTENED_MS = 5_000;
const LISTEN_EVERY_MS = 100;
/** Longer than the time between two looks: no sound falls between them, also on a busy computer. */
const HEARD_MS = 500;
/** Formats that repair others, and are none of pictures. */
const NO_PICTURES = new Set(["rtx", "red", "ulpfec", "flexfec-03"]);

export function readBrowser(): BrowserFacts {
  const formats = globalThis.RTCRtpSender?.getCapabilities?.("video")?.codecs ?? [];
  const names = formats.map(({ mimeType }) => mimeType.replace("video/", ""));
  return {
    isSecure: globalThis.isSecureContext !== false,
    canCall: canCall(),
    canShareScreen: typeof navigator.mediaDevices?.getDisplayMedia === "function",
    codecs: [...new Set(names)].filter((name) => !NO_PICTURES.has(name)),
  };
}

/** Opens the camera for as long as it takes to see that it opens. */
export async function tryCamera(signal: AbortSignal): Promise<CameraFacts | MediaProblem> {
  return await withTrack({ video: true }, signal, async (track) => {
    const { width = 0, height = 0 } = track.getSettings();
    return { label: track.label, width, height };
  });
}

/** Listens until something is heard. */
export async function tryMicrophone(signal: AbortSignal): Promise<MicrophoneFacts | MediaProblem> {
  return await withTrack({ audio: true }, signal, async (track) => {
    return { label: track.label, isHeard: await isHeard(track, signal) };
  });
}

async function withTrack<T>(
  constraints: MediaStreamConstraints,
  signal: AbortSignal,
  look: (track: MediaStreamTrack) => Promise<T>,
): Promise<T | MediaProblem> {
  try {
    if (!navigator.mediaDevices?.getUserMedia) throw new NoDevices();
    const opening = navigator.mediaDevices.getUserMedia(constraints);
    try {
      const stream = await within(OPENED_MS, signal, opening);
      const [track] = stream?.getTracks() ?? [];
      return track ? await look(track) : "busy";
    } finally {
      opening.then(close, () => {}); // what is opened too late is closed then
    }
  } catch (error) {
    return mediaProblem(error);
  }
}

function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Null where the browser measures nothing. */
async function isHeard(track: MediaStreamTrack, signal: AbortSignal): Promise<boolean | null> {
  const over = new AbortController();
  let heard: boolean | null = null;
  const stop = measureLoudness(
    track,
    (isAudible) => {
      heard = heard || isAudible;
      if (isAudible) over.abort();
    },
    LISTEN_EVERY_MS,
    HEARD_MS,
  );
  await pause(LISTENED_MS, AbortSignal.any([signal, over.signal]));
  stop();
  return heard;
}

/** False where the browser cannot play. */
export async function playTone(signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  try {
    const playing = browserSound.playTone("", ending).then(() => true);
    return (await within(TONE_MS, signal, playing)) ?? false;
  } catch (error) {
    console.warn("The sound of the check", error);
    return false;
  } finally {
    over.abort();
  }
}
