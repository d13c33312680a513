/** A picture with numbered frames and a tone reach one tile by two ways, between which the tile is switched. */

import { createRoot } from "react-dom/client";
import type { View } from "../../src/call/quality/views";
import { Video } from "../../src/ui/room/video";
import "../../src/ui/styles/tile.css";

/** What was seen and heard at one moment. */
interface Look {
  /** Milliseconds of the page. */
  readonly at: number;
  /** The number of the frame that is on top; null where it is black, or not to be read. */
  readonly shown: number | null;
  /** Those of two elements that show the two ways all the time: what the machine was able to decode. */
  readonly ways: readonly (number | null)[];
  /** How many elements are heard. */
  readonly heard: number;
  /** The largest height that is wished for. */
  readonly height: number;
}

const WIDTH = 320;
const HEIGHT = 180;
const EVERY_MS = 33;
/** Bits of a frame's number, each a column of the picture; the column before them is white. */
const BITS = 11;
const WITHIN_MS = 30_000;

const tile = document.querySelector("#tile") as HTMLElement;
const root = createRoot(tile);
const looks: Look[] = [];
const ways: MediaStream[] = [];
const constant: HTMLVideoElement[] = [];
/** By the views that are open. */
const heights = new Map<View, number>();
const readers = new WeakMap<HTMLVideoElement, CanvasRenderingContext2D>();

function numbered(): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  let number = 0;
  const column = WIDTH / (BITS + 1);
  setInterval(() => {
    number += 1;
    for (let at = 0; at <= BITS; at++) {
      const isSet = at === 0 || ((number >> (at - 1)) & 1) === 1;
      context.fillStyle = isSet ? "#fff" : "#000";
      context.fillRect(at * column, 0, column + 1, HEIGHT);
    }
  }, EVERY_MS);
  return canvas.captureStream(30);
}

function readNumber(video: HTMLVideoElement): number | null {
  if (video.videoWidth === 0) return null;
  const known = readers.get(video);
  const context =
    known ??
    (new OffscreenCanvas(BITS + 1, 1).getContext("2d", {
      willReadFrequently: true,
    }) as unknown as CanvasRenderingContext2D);
  readers.set(video, context);
  context.clearRect(0, 0, BITS + 1, 1);
  for (let at = 0; at <= BITS; at++) {
    const column = video.videoWidth / (BITS + 1);
    context.drawImage(video, (at + 0.4) * column, 0, column / 5, video.videoHeight, at, 0, 1, 1);
  }
  const { data } = context.getImageData(0, 0, BITS + 1, 1);
  const bits = Array.from({ length: BITS + 1 }, (_, at) => (data[at * 4] ?? 0) > 127);
  if (!bits[0]) return null;
  return bits.slice(1).reduce((sum, isSet, at) => sum + (isSet ? 1 << at : 0), 0);
}

async function connect(stream: MediaStream): Promise<MediaStream> {
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = ({ candidate }) => void to.addIceCandidate(candidate ?? undefined);
  to.onicecandidate = ({ candidate }) => void from.addIceCandidate(candidate ?? undefined);
  const received = new MediaStream();
  to.ontrack = ({ track }) => received.addTrack(track);
  for (const track of stream.getTracks()) from.addTrack(track, stream);
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription as RTCSessionDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription as RTCSessionDescription);
  return received;
}

function look(): void {
  const videos = [...tile.querySelectorAll("video")];
  const seen = videos.filter(
    (video) => getComputedStyle(video).opacity === "1" && video.readyState >= 2,
  );
  const top = seen.at(-1);
  looks.push({
    at: performance.now(),
    shown: top ? readNumber(top) : null,
    ways: constant.map(readNumber),
    heard: videos.filter((video) => !video.muted && !video.paused && video.readyState >= 2).length,
    height: Math.max(0, ...heights.values()),
  });
  requestAnimationFrame(look);
}

function openView(): View {
  const view: View = {
    show: (height) => void heights.set(view, height),
    close: () => void heights.delete(view),
  };
  return view;
}

function show(way: number): void {
  // A stream of its own each time, as `useStream` makes it.
  const stream = new MediaStream(ways[way]?.getTracks() ?? []);
  root.render(<Video stream={stream} label="Picture" openView={openView} />);
}

/** Waits for what the page does; a machine that is slow makes the wait longer, and nothing else. */
async function until(what: string, is: () => boolean): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (!is()) {
    if (performance.now() > end) throw new Error(`Not within ${WITHIN_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Whether the picture and the sound of a way are there, and nothing is left of the other. An element is in the page
 * before React's effect gives it its stream.
 */
function playsAlone(way: number): boolean {
  const [video, ...others] = tile.querySelectorAll("video");
  if (!video || others.length > 0 || video.muted) return false;
  if (!(video.srcObject instanceof MediaStream)) return false;
  const tracks = video.srcObject.getTracks();
  const isIts = tracks.every((track) => ways[way]?.getTracks().includes(track));
  return isIts && readNumber(video) !== null;
}

async function start(): Promise<void> {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 440 });
  const sound = context.createMediaStreamDestination();
  tone.connect(sound);
  tone.start();
  const source = numbered();
  for (const track of sound.stream.getTracks()) source.addTrack(track);
  for (let way = 0; way < 2; way++) {
    const received = await connect(source);
    ways.push(received);
    const video = document.createElement("video");
    Object.assign(video, { muted: true, autoplay: true, srcObject: received });
    document.body.append(video);
    constant.push(video);
  }
  await until("both ways", () => constant.every((video) => readNumber(video) !== null));
  show(0);
  await until("the first picture", () => playsAlone(0) && heights.size > 0);
  look();
}

/** Switches to and fro; the answer is what was seen and heard meanwhile. */
async function swap(times: number): Promise<readonly Look[]> {
  for (let time = 1; time <= times; time++) {
    show(time % 2);
    await until("the other way", () => playsAlone(time % 2));
    const since = looks.length;
    await until("more looks", () => looks.length > since + 10);
  }
  return looks;
}

Object.assign(window, { trial: { start, swap } });
