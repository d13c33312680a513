import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  latestStream,
  onlyLayer,
  stacked,
  withoutLeaving,
  withPicture,
  withStream,
  withStreamAtOnce,
} from "./layers";
import { playTracks } from "./played-tracks";

class FakeVideo {
  srcObject: MediaStream | null = null;
}

class FakeStream {
  readonly #tracks: Set<object>;

  constructor(tracks: Iterable<object>) {
    this.#tracks = new Set(tracks);
  }

  getTracks(): object[] {
    return [...this.#tracks];
  }

  addTrack(track: object): void {
    this.#tracks.add(track);
  }

  removeTrack(track: object): void {
    this.#tracks.delete(track);
  }
}

beforeEach(() => {
  vi.stubGlobal("HTMLVideoElement", FakeVideo);
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("document", { pictureInPictureElement: null });
});

afterEach(() => vi.unstubAllGlobals());

function stream(readyState: MediaStreamTrackState = "live"): MediaStream {
  return new FakeStream([{ readyState }]) as unknown as MediaStream;
}

test("another stream is shown once it has a picture, above the one before", () => {
  const [mesh, sfu] = [stream(), stream()];
  const moving = withStream(onlyLayer(mesh), sfu);
  expect(moving).toMatchObject({ shown: { stream: mesh }, coming: { stream: sfu } });
  expect(latestStream(moving)).toBe(sfu);
  const moved = withPicture(moving, sfu);
  expect(moved).toMatchObject({ shown: { stream: sfu }, coming: null, leaving: { stream: mesh } });
  expect(stacked(moved).map((layer) => layer.stream)).toEqual([mesh, sfu]);
  expect(stacked(withoutLeaving(moved)).map((layer) => layer.stream)).toEqual([sfu]);
});

test("the elements of two streams stay what they are while their streams change places", () => {
  const [mesh, sfu] = [stream(), stream()];
  const moving = withStream(onlyLayer(mesh), sfu);
  const keys = ({ key }: { key: number }) => key;
  expect(stacked(withPicture(moving, sfu)).map(keys)).toEqual(stacked(moving).map(keys));
});

test("a move back before the other stream has a picture changes nothing", () => {
  const [mesh, sfu] = [stream(), stream()];
  const layers = withStream(withStream(onlyLayer(mesh), sfu), mesh);
  expect(layers).toEqual(onlyLayer(mesh));
  expect(withPicture(layers, sfu)).toBe(layers);
});

test("a third stream takes the place of the one that is still to come", () => {
  const [mesh, sfu, other] = [stream(), stream(), stream()];
  const layers = withStream(withStream(onlyLayer(mesh), sfu), other);
  expect(stacked(layers).map((layer) => layer.stream)).toEqual([mesh, other]);
  expect(new Set(stacked(layers).map(({ key }) => key)).size).toBe(2);
  expect(withPicture(layers, sfu)).toBe(layers);
});

test("a move back while the former stream leaves gives it an element of its own", () => {
  const [mesh, sfu, again] = [stream(), stream(), stream()];
  const moved = withPicture(withStream(onlyLayer(mesh), sfu), sfu);
  const layers = withStream(moved, again);
  expect(new Set(stacked(layers).map(({ key }) => key)).size).toBe(3);
});

test("a stream of which nothing is left is replaced at once, in its element", () => {
  const [ended, next] = [stream("ended"), stream()];
  expect(withStream(onlyLayer(ended), next)).toEqual(onlyLayer(next));
  expect(withStreamAtOnce(onlyLayer(stream()), next)).toEqual(onlyLayer(next));
});

test("an element with a window of its own takes the other stream, since the window would close", () => {
  const [mesh, sfu] = [stream(), stream()];
  const element = new FakeVideo();
  element.srcObject = mesh;
  vi.stubGlobal("document", { pictureInPictureElement: element });
  expect(withStream(onlyLayer(mesh), sfu)).toEqual(onlyLayer(sfu));
  // Now it plays the tracks of that one, in the stream that it had.
  playTracks(mesh, sfu.getTracks());
  expect(mesh.getTracks()).toEqual(sfu.getTracks());
  const another = stream();
  expect(withStream(onlyLayer(sfu), another)).toEqual(onlyLayer(another));
});
