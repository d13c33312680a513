import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type LocalScreen,
  type LocalTracks,
  NO_LOCAL_TRACKS,
  type ScreenSource,
} from "../topology";
import { newMesh } from "./fake-mesh";

/** Two meshes of which ann's opens the connections; the server and the data channel between them are ours. */
let ann: Side;
let bob: Side;

type Side = ReturnType<typeof newMesh> & { readonly peerID: string; told: number };

const camera = (of: string) => ({ kind: "video", id: `${of}'s camera` }) as MediaStreamTrack;
const screen = (of: string) => ({ kind: "video", id: `${of}'s screen` }) as MediaStreamTrack;
const showing = (of: string): LocalTracks => ({
  ...NO_LOCAL_TRACKS,
  camera: camera(of),
  on: { microphone: false, camera: true, screen: false },
});
const shared = (
  source: ScreenSource,
  picture: MediaStreamTrack,
  sound: MediaStreamTrack | null = null,
): LocalScreen => ({ source, picture, sound, isText: true, framesPerSecond: 5 });
const sharing = (of: string): LocalTracks => ({
  ...showing(of),
  screens: [shared("screen", screen(of))],
  on: { microphone: false, camera: true, screen: true },
});

const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  vi.stubGlobal("MediaStream", class extends EventTarget {});
  ann = Object.assign(newMesh("ann"), { peerID: "ann", told: 0 });
  bob = Object.assign(newMesh("bob"), { peerID: "bob", told: 0 });
  ann.mesh.publish(showing("ann"));
  bob.mesh.publish(showing("bob"));
});

afterEach(() => {
  ann.mesh.close();
  bob.mesh.close();
  vi.unstubAllGlobals();
});

function deliverSignals(from: Side, to: Side): void {
  for (const sessionDescription of from.unsent.splice(0)) {
    to.hear("session-description", {
      peerID: from.peerID,
      peerUsername: from.peerID,
      sessionDescription,
    });
  }
}

function deliverStates(from: Side, to: Side): void {
  const sent = from.connection().channels[0]?.sent ?? [];
  for (const state of sent.slice(from.told)) to.connection().channels[0]?.hear(state);
  from.told = sent.length;
}

/** Delivers until nothing is on its way, and negotiates where a browser would ask for it. */
async function untilQuiet(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    for (const side of [ann, bob]) {
      const connection = side.connection();
      const isUndescribed = connection.transceivers.some(({ mid }) => mid === null);
      if (isUndescribed && connection.signalingState === "stable") connection.negotiate();
    }
    await settled();
    for (const [from, to] of [
      [ann, bob],
      [bob, ann],
    ] as const) {
      deliverSignals(from, to);
      deliverStates(from, to);
    }
  }
  await settled();
}

async function connect(): Promise<void> {
  ann.told = 0;
  bob.told = 0;
  ann.addPeer({ peerID: "bob", peerUsername: "bob", createOffer: true });
  bob.addPeer({ peerID: "ann", peerUsername: "ann", createOffer: false });
  ann.connection().negotiate();
  await settled();
  // The offer of a real connection names the data channel, too.
  for (const description of ann.unsent) description.sdp += "\nm=application 9 UDP\n";
  deliverSignals(ann, bob);
  await settled();
  deliverSignals(bob, ann);
  await settled();
}

async function openChannels(): Promise<void> {
  for (const side of [ann, bob]) side.connection().channels[0]?.open();
  await untilQuiet();
}

const sent = (side: Side) =>
  side.connection().transceivers.map(({ sender }) => (sender.track as MediaStreamTrack | null)?.id);
const seen = (side: Side) => side.mesh.participants.get()[0]?.tracks;
const receivers = (side: Side) => side.connection().transceivers.map(({ receiver }) => receiver);

it("negotiates no section before a screen is shared", async () => {
  await connect();
  await openChannels();
  expect(sent(ann)).toEqual([undefined, "ann's camera"]);
  expect(sent(bob)).toEqual([undefined, "bob's camera"]);
});

it.each([
  ["the side that opened the connection", () => ann, () => bob],
  ["the other side", () => bob, () => ann],
])("shows camera and screen at once where %s shares", async (_, sharer, viewer) => {
  await connect();
  await openChannels();
  const name = sharer().peerID;
  sharer().mesh.publish(sharing(name));
  expect(sent(sharer())[1]).toBe(`${name}'s screen`);
  await untilQuiet();
  expect(sent(sharer())).toEqual([undefined, `${name}'s camera`, `${name}'s screen`]);
  const [, camera, screen] = receivers(viewer());
  expect(seen(viewer())).toMatchObject({ camera: { on: true }, screen: { on: true } });
  expect(seen(viewer())?.camera.track).toBe(camera?.track);
  expect(seen(viewer())?.screen.track).toBe(screen?.track);

  sharer().mesh.publish(showing(name));
  await untilQuiet();
  expect(sent(sharer())).toEqual([undefined, `${name}'s camera`, undefined]);
  expect(seen(viewer())?.screen).toMatchObject({ track: null, on: false });

  sharer().mesh.publish(sharing(name));
  await untilQuiet();
  expect(sent(sharer())).toEqual([undefined, `${name}'s camera`, `${name}'s screen`]);
  expect(ann.connection().transceivers).toHaveLength(3);
});

it("uses one section for both screens where two begin at once", async () => {
  await connect();
  await openChannels();
  ann.mesh.publish(sharing("ann"));
  bob.mesh.publish(sharing("bob"));
  await untilQuiet();
  expect(sent(ann)).toEqual([undefined, "ann's camera", "ann's screen"]);
  expect(sent(bob)).toEqual([undefined, "bob's camera", "bob's screen"]);
});

it("sends a screen in the camera's section until the channel is open", async () => {
  bob.mesh.publish(sharing("bob"));
  await connect();
  await untilQuiet();
  expect(sent(bob)).toEqual([undefined, "bob's screen"]);
  await openChannels();
  expect(sent(bob)).toEqual([undefined, "bob's camera", "bob's screen"]);
});

it("sends it there for good to clients that know no section for it, and shows theirs as screens", async () => {
  bob.mesh.publish(sharing("bob"));
  await connect();
  bob.connection().channels[0]?.open();
  bob.connection().channels[0]?.hear('{"microphone":true,"camera":true,"screen":true}');
  await settled();
  expect(sent(bob)).toEqual([undefined, "bob's screen"]);
  const [, video] = receivers(bob);
  expect(seen(bob)?.camera).toMatchObject({ track: null, on: true });
  expect(seen(bob)?.screen.track).toBe(video?.track);
});

it("does not send in a second video section of a client that has not said that it knows of it", async () => {
  bob.addPeer({ peerID: "ann", peerUsername: "ann", createOffer: false });
  bob.hear("session-description", {
    peerID: "ann",
    peerUsername: "ann",
    sessionDescription: {
      type: "offer",
      sdp: "v=0\nm=audio 9 UDP\na=mid:0\na=sendrecv\nm=video 9 UDP\na=mid:1\na=sendrecv\nm=video 9 UDP\na=mid:2\na=sendrecv\n",
    },
  });
  await settled();
  const directions = bob.connection().transceivers.map(({ direction }) => direction);
  expect(directions).toEqual(["sendrecv", "sendrecv", "recvonly"]);
});

it("survives an offer of the other side that crosses the one for the section", async () => {
  await connect();
  await openChannels();
  ann.mesh.publish(sharing("ann"));
  ann.connection().negotiate();
  bob.connection().negotiate();
  await untilQuiet();
  expect(ann.connection().log).toContain("rollback");
  expect(sent(ann)).toEqual([undefined, "ann's camera", "ann's screen"]);
  for (const side of [ann, bob]) expect(side.connection().transceivers).toHaveLength(3);
});

it("negotiates the section again on a connection that replaces another one", async () => {
  await connect();
  await openChannels();
  bob.mesh.publish(sharing("bob"));
  await untilQuiet();
  await connect();
  const [, video] = receivers(ann);
  expect(sent(bob)).toEqual([undefined, "bob's screen"]);
  expect(seen(ann)?.camera.track).toBeNull();
  expect(seen(ann)?.screen.track).toBe(video?.track);
  await openChannels();
  expect(sent(bob)).toEqual([undefined, "bob's camera", "bob's screen"]);
  expect(seen(ann)?.camera.track).not.toBeNull();
});

it("keeps the screen where it is when the section is refused", async () => {
  await connect();
  await openChannels();
  ann.mesh.publish(sharing("ann"));
  ann.connection().negotiate();
  await settled();
  const mid = ann.connection().transceivers[2]?.mid;
  ann.unsent.length = 0;
  ann.hear("session-description", {
    peerID: "bob",
    peerUsername: "bob",
    sessionDescription: { type: "answer", sdp: `m=video 0 UDP\na=mid:${mid}\na=inactive\n` },
  });
  await settled();
  expect(sent(ann)).toEqual([undefined, "ann's screen", undefined]);
});

it("resends the offer for the section after signals were lost", async () => {
  await connect();
  await openChannels();
  ann.mesh.publish(sharing("ann"));
  ann.connection().negotiate();
  await settled();
  ann.unsent.length = 0;
  ann.mesh.enter({
    continuity: "resumed-with-losses",
    others: [{ peerID: "bob", peerUsername: "bob" }],
  });
  await untilQuiet();
  expect(sent(ann)).toEqual([undefined, "ann's camera", "ann's screen"]);
});

it("repeats the offer for the section that a peer never got, less and less often", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "Date"] });
  try {
    ann.mesh.close();
    ann = Object.assign(newMesh("ann"), { peerID: "ann", told: 0 });
    ann.mesh.publish(sharing("ann"));
    await connect();
    for (const side of [ann, bob]) side.connection().change("connected");
    for (const side of [ann, bob]) side.connection().channels[0]?.open();
    deliverStates(bob, ann);
    deliverStates(ann, bob);
    ann.connection().negotiate();
    await settled();
    ann.unsent.length = 0;
    vi.advanceTimersByTime(300_000);
    expect(ann.unsent.length).toBeGreaterThan(3);
    expect(ann.unsent.length).toBeLessThan(12);
    await untilQuiet();
    expect(sent(ann)).toEqual([undefined, "ann's camera", "ann's screen"]);
  } finally {
    vi.useRealTimers();
  }
});

describe("several screens", () => {
  const sound = (of: string) => ({ kind: "audio", id: `${of}'s sound` }) as MediaStreamTrack;
  const two = (of: string): LocalTracks => ({
    ...sharing(of),
    screens: [
      shared("screen2", { kind: "video", id: `${of}'s window` } as MediaStreamTrack),
      shared("screen", screen(of), sound(of)),
    ],
  });
  const shown = (side: Side) =>
    side.mesh.participants.get()[0]?.screens.map(({ source, track, sound }) => {
      const indexOf = (one: MediaStreamTrack | null) =>
        receivers(side).findIndex((receiver) => (receiver.track as object) === one);
      return [source, indexOf(track), indexOf(sound)];
    });

  it.each([
    ["the side that opened the connection", () => ann, () => bob],
    ["the other side", () => bob, () => ann],
  ])("have sections and sound of their own where %s shares them", async (_, sharer, viewer) => {
    await connect();
    await openChannels();
    const name = sharer().peerID;
    sharer().mesh.publish(two(name));
    await untilQuiet();
    expect(sent(sharer())).toEqual([
      undefined,
      `${name}'s camera`,
      `${name}'s screen`,
      `${name}'s window`,
      `${name}'s sound`,
    ]);
    expect(shown(viewer())).toEqual([
      ["screen2", 3, -1],
      ["screen", 2, 4],
    ]);
    expect(viewer().mesh.participants.get()[0]?.tracks.screen.track).toBe(
      receivers(viewer())[2]?.track,
    );

    sharer().mesh.publish({ ...sharing(name), screens: two(name).screens.slice(0, 1) });
    await untilQuiet();
    expect(shown(viewer())).toEqual([["screen2", 3, -1]]);
    sharer().mesh.publish(showing(name));
    await untilQuiet();
    expect(shown(viewer())).toEqual([]);
    expect(sent(sharer())).toEqual([undefined, `${name}'s camera`, ...Array(3).fill(undefined)]);
  });

  it("of both sides at once share the sections", async () => {
    await connect();
    await openChannels();
    ann.mesh.publish(two("ann"));
    bob.mesh.publish(two("bob"));
    await untilQuiet();
    for (const side of [ann, bob]) {
      expect(side.connection().transceivers).toHaveLength(5);
      expect(shown(side)).toEqual([
        ["screen2", 3, -1],
        ["screen", 2, 4],
      ]);
    }
  });

  it("are seen by who comes later, also where the first one has ended", async () => {
    bob.mesh.publish({ ...sharing("bob"), screens: two("bob").screens.slice(0, 1) });
    await connect();
    await openChannels();
    expect(sent(bob)).toEqual([undefined, "bob's camera", undefined, "bob's window"]);
    expect(shown(ann)).toEqual([["screen2", 3, -1]]);
  });

  it("are the one that was shared last to a client that knows of one alone", async () => {
    await connect();
    const channel = bob.connection().channels[0];
    channel?.open();
    channel?.hear('{"microphone":true,"camera":true,"screen":true,"screenMid":null}');
    bob.hear("session-description", {
      peerID: "ann",
      peerUsername: "ann",
      sessionDescription: {
        type: "offer",
        sdp: "v=0\nm=audio 9 UDP\na=mid:ann00\na=sendrecv\nm=video 9 UDP\na=mid:ann01\na=sendrecv\nm=video 9 UDP\na=mid:ann02\na=sendrecv\n",
      },
    });
    await settled();
    bob.mesh.publish({ ...sharing("bob"), screens: two("bob").screens.slice(0, 1) });
    expect(sent(bob)).toEqual([undefined, "bob's camera", "bob's window"]);
    bob.mesh.publish(two("bob"));
    expect(sent(bob)).toEqual([undefined, "bob's camera", "bob's screen"]);
    expect(JSON.parse(channel?.sent.at(-1) ?? "")).toMatchObject({ screenMid: "ann02" });
  });
});
