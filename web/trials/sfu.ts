// Several people of an SFU in one page, for the tests: each has a topology of their own, and no server.

import type { Reaction } from "../src/call/gestures";
import { SfuTopology } from "../src/call/sfu/sfu-topology";
import { type LocalTracks, NO_LOCAL_TRACKS, type Participant } from "../src/call/topology";

const WITHIN_MS = 30_000;

class Person {
  readonly topology: SfuTopology;
  readonly reactions: Reaction[] = [];
  #local: LocalTracks = NO_LOCAL_TRACKS;

  constructor(way: { url: string; token: string }, others: readonly string[]) {
    this.topology = new SfuTopology({
      way,
      ice: { fresh: async () => ({ iceServers: [] }), followRenewals: () => () => {} },
      signaling: { on: () => () => {} },
    });
    const entries = others.map((peerID) => ({ peerID, peerUsername: peerID }));
    this.topology.enter({ continuity: "new", others: entries });
    this.topology.followGestures({
      reacted: (_, reaction) => this.reactions.push(reaction),
      askedToLower() {},
    });
  }

  publish(changes: Partial<LocalTracks>): void {
    this.#local = { ...this.#local, ...changes };
    this.topology.publish(this.#local);
  }

  /** The browser's fake microphone beeps too seldom for speech. */
  async useDevices(): Promise<void> {
    const video = { width: 640, height: 360 };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
    const [camera = null] = stream.getVideoTracks();
    const context = new AudioContext();
    const destination = context.createMediaStreamDestination();
    const oscillator = context.createOscillator();
    oscillator.connect(destination);
    oscillator.start();
    await context.resume();
    const [microphone = null] = destination.stream.getAudioTracks();
    this.publish({ microphone, camera, on: { microphone: true, camera: true, screen: false } });
  }

  /** Turns the microphone off or on, as the client does: its track first. */
  speak(isOn: boolean): void {
    const { microphone, on } = this.#local;
    if (microphone) microphone.enabled = isOn;
    this.publish({ on: { ...on, microphone: isOn } });
  }

  share(): void {
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const context = canvas.getContext("2d");
    setInterval(() => context?.fillRect(Math.random() * 640, Math.random() * 480, 9, 9), 100);
    const [picture] = canvas.captureStream(10).getVideoTracks();
    if (!picture) throw new Error("A canvas without a track");
    const screen = { source: "screen2", picture, sound: null, isText: true } as const;
    this.publish({ screens: [{ ...screen, framesPerSecond: 5 }] });
  }

  seen(id: string): Participant | undefined {
    return this.topology.participants.get().find((one) => one.id === id);
  }
}

const people = new Map<string, Person>();

function of(name: string): Person {
  const person = people.get(name);
  if (!person) throw new Error(`${name} has not entered`);
  return person;
}

/** Resolves once it is true, which is looked at ten times a second. */
async function until(what: string, isTrue: () => boolean): Promise<void> {
  const due = performance.now() + WITHIN_MS;
  while (!isTrue()) {
    if (performance.now() > due) throw new Error(`Not within ${WITHIN_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A picture of another one, as an element shows it: the height of its latest frame, and when it was shown. */
class Shown {
  readonly #video = document.createElement("video");
  height = 0;
  at = 0;

  constructor(track: MediaStreamTrack) {
    this.#video.muted = true;
    this.#video.srcObject = new MediaStream([track]);
    document.body.append(this.#video);
    void this.#video.play();
    this.#follow();
  }

  #follow(): void {
    this.#video.requestVideoFrameCallback((_, { height }) => {
      this.height = height;
      this.at = performance.now();
      this.#follow();
    });
  }
}

async function shown(person: Person, id: string, source: "camera" | "screen"): Promise<Shown> {
  const track = () => person.seen(id)?.tracks[source].track ?? null;
  await until(`a track of ${id}'s ${source}`, () => track() !== null);
  return new Shown(track() as MediaStreamTrack);
}

const trial = {
  enter(name: string, way: { url: string; token: string }, others: readonly string[]): void {
    people.set(name, new Person(way, others));
  },

  async useDevices(name: string): Promise<void> {
    await of(name).useDevices();
    await until(`${name} sends`, () => of(name).topology.isPublished.get());
  },

  /** The heights at which pictures come when they are wished for in these ways, one after the other. */
  async pictures(viewer: string, id: string): Promise<void> {
    const person = of(viewer);
    person.topology.wish(id, { camera: 360 });
    const camera = await shown(person, id, "camera");
    await until("a picture of 360 lines", () => camera.height === 360);
    person.topology.wish(id, { camera: 180 });
    await until("a picture of 180 lines", () => camera.height === 180);
    person.topology.wish(id, { camera: 0 });
    await until("no picture", () => performance.now() - camera.at > 1_500);
    person.topology.wish(id, { camera: 360 });
    await until("a picture again", () => performance.now() - camera.at < 500);
  },

  async voice(viewer: string, id: string): Promise<void> {
    const seen = () => of(viewer).seen(id);
    await until("a voice", () => seen()?.tracks.microphone.flowing === true);
    await until("speech", () => seen()?.speaking === true);
    of(id).speak(false);
    await until("a muted voice", () => seen()?.tracks.microphone.on === false);
    await until("silence", () => seen()?.speaking === false);
    of(id).speak(true);
    await until("speech again", () => seen()?.speaking === true);
  },

  async screen(viewer: string, id: string): Promise<void> {
    const person = of(viewer);
    of(id).share();
    person.topology.wish(id, { camera: 360, screen2: 540 });
    await until("a shared screen", () => person.seen(id)?.screens[0]?.source === "screen2");
    const screen = await shown(person, id, "screen");
    await until("the screen", () => screen.height === 480);
    of(id).publish({ screens: [] });
    await until("no screen", () => person.seen(id)?.screens.length === 0);
  },

  async gestures(viewer: string, id: string): Promise<void> {
    of(id).topology.gesture({ kind: "hand", number: 4 });
    of(id).topology.gesture({ kind: "reaction", reaction: "applause" });
    await until("a hand", () => of(viewer).seen(id)?.hand === 4);
    await until("a reaction", () => of(viewer).reactions.includes("applause"));
  },

  async measured(viewer: string, id: string): Promise<void> {
    const { topology } = of(viewer);
    const track = of(viewer).seen(id)?.tracks.microphone.track;
    if (!track || (await topology.received(id, track)) === 0) throw new Error("No sound has come");
  },

  async state(name: string, state: string): Promise<void> {
    await until(`${name} ${state}`, () => of(name).topology.state.get() === state);
  },

  leave(name: string): void {
    of(name).topology.close();
  },

  async gone(viewer: string, id: string): Promise<void> {
    await until(`${id} lost`, () => of(viewer).seen(id)?.health.connection === "reconnecting");
  },
};

Object.assign(window, { trial });
