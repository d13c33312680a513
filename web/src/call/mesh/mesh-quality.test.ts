import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LocalTracks } from "../topology";
import { newMesh } from "./fake-mesh";

const settled = () => new Promise((resolve) => setTimeout(resolve));
const track = (kind: string) => ({ kind, getSettings: () => ({}) }) as unknown as MediaStreamTrack;
const sending: LocalTracks = {
  microphone: track("audio"),
  camera: track("video"),
  screens: [],
  on: { microphone: true, camera: true, screen: false },
};

let subject: ReturnType<typeof newMesh>;

beforeEach(() => {
  vi.stubGlobal("MediaStream", class extends EventTarget {});
  subject = newMesh();
  subject.mesh.publish(sending);
});

afterEach(() => {
  subject.mesh.close();
  vi.unstubAllGlobals();
});

const add = (peerID: string, createOffer = true) =>
  subject.addPeer({ peerID, peerUsername: peerID, createOffer });
/** Ends the first negotiation, as a peer that takes part in all that is offered. */
const answered = async () => {
  subject.connection().negotiate();
  await settled();
  const sdp = subject.unsent.at(-1)?.sdp ?? "";
  subject.hear("session-description", {
    peerID: "bob",
    peerUsername: "bob",
    sessionDescription: { type: "answer", sdp },
  });
  await settled();
};
const camera = () => subject.connection().transceivers[1]?.sender.encoding;

it("sends what a peer wants, as long as it says so", async () => {
  add("bob");
  const [channel] = subject.connection().channels;
  await answered();
  channel?.open();
  expect(camera()).toMatchObject({ active: true, scaleResolutionDownBy: 2 });
  channel?.hear('{"version":1,"wants":{"camera":180}}');
  await settled();
  expect(camera()).toMatchObject({ scaleResolutionDownBy: 4 });
  channel?.hear('{"version":1,"wants":{"camera":0}}');
  await settled();
  expect(camera()?.active).toBe(false);
  channel?.hear('{"version":1,"wants":{}}');
  await settled();
  expect(camera()).toMatchObject({ active: true, scaleResolutionDownBy: 2 });
});

it("tells a peer what is wanted of them once the channel is open, and nothing before", () => {
  add("bob");
  const [channel] = subject.connection().channels;
  subject.mesh.wish("bob", { camera: 360 });
  expect(channel?.sent).toEqual([]);
  channel?.open();
  expect(channel?.sent).toHaveLength(2);
  expect(channel?.sent[1]).toBe('{"version":1,"wants":{"camera":360}}');
  subject.mesh.wish("bob", { camera: 360 });
  subject.mesh.wish("bob", {});
  expect(channel?.sent.slice(2)).toEqual(['{"version":1,"wants":{}}']);
});

it("knows what a peer leaves out for now", () => {
  add("bob");
  const [channel] = subject.connection().channels;
  const paused = () => subject.mesh.participants.get()[0]?.tracks.camera.paused;
  expect(paused()).toBe(false);
  channel?.hear('{"version":1,"paused":["camera"]}');
  expect(paused()).toBe(true);
  channel?.hear('{"version":1,"paused":[]}');
  expect(paused()).toBe(false);
});

it("sends less to each, the more they are, before any has said a word", async () => {
  subject.begin("ann", "bob", "cyd", "dan");
  add("bob");
  await answered();
  expect(camera()).toMatchObject({ maxBitrate: 500_000, scaleResolutionDownBy: 2 });
});

it("asks for no sound where there is none, in what it sends alone", async () => {
  add("bob");
  const connection = subject.connection();
  const opus = "v=0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n";
  vi.spyOn(connection, "setLocalDescription").mockImplementation(async () => {
    connection.localDescription = { type: "offer", sdp: opus, toJSON: () => ({ type: "offer" }) };
  });
  connection.negotiate();
  await settled();
  expect(subject.unsent.at(-1)?.sdp).toContain("useinbandfec=1;usedtx=1\r\n");
});
