import { describe, expect, it } from "vitest";
import { NO_LOCAL_TRACKS, type Participant, type RemoteTrack } from "../topology";
import { OWN, picturesOf, type RecordedCall, soundsOf, speakerOf } from "./recorded-sources";

const track = (id: string) => ({ id }) as MediaStreamTrack;
const source = (given: Partial<RemoteTrack> = {}): RemoteTrack => ({
  track: null,
  on: null,
  flowing: false,
  paused: false,
  ...given,
});
const person = (id: string, given: Partial<Participant> = {}): Participant => ({
  id,
  username: id,
  tracks: {
    microphone: source({ track: track(`${id} voice`), on: true }),
    camera: source({ track: track(`${id} face`), on: true }),
    screen: source(),
  },
  speaking: false,
  health: { connection: "connected", unreachable: null },
  code: null,
  codeChanged: false,
  ...given,
});
const call = (...participants: Participant[]): RecordedCall => ({
  participants,
  own: NO_LOCAL_TRACKS,
  ownName: "Ann",
  ownSpeaks: false,
});
const whole = { everybody: true, screenName: (name: string) => `Screen of ${name}` };
const shown = (recorded: RecordedCall, how = whole) =>
  picturesOf(recorded, how).map(({ seat, track: shownTrack }) => [seat.name, shownTrack?.id]);

describe("what is recorded", () => {
  it("is everybody with their screens, or oneself", () => {
    const bob = person("bob", { displayName: "Bob Lee" });
    const sharing = {
      ...bob,
      tracks: { ...bob.tracks, screen: source({ track: track("slides"), on: true }) },
    };
    const mine = {
      ...NO_LOCAL_TRACKS,
      camera: track("my face"),
      microphone: track("my voice"),
      screen: track("my slides"),
      on: { microphone: true, camera: true, screen: true },
    };
    const recorded = { ...call(sharing), own: mine };
    expect(shown(recorded)).toEqual([
      ["Ann", "my face"],
      ["Bob Lee", "bob face"],
      ["Screen of Bob Lee", "slides"],
      ["Screen of Ann", "my slides"],
    ]);
    expect(shown(recorded, { ...whole, everybody: false })).toEqual([["Ann", "my face"]]);
    expect(soundsOf(recorded, whole).map(({ id }) => id)).toEqual(["my voice", "bob voice"]);
    expect(soundsOf(recorded, { everybody: false }).map(({ id }) => id)).toEqual(["my voice"]);
  });

  it("has faces for cameras that are off, paused or not there", () => {
    const [bob, eve] = [person("bob"), person("eve")];
    const off = {
      ...bob,
      tracks: { ...bob.tracks, camera: source({ track: track("x"), on: false }) },
    };
    const late = {
      ...eve,
      tracks: { ...eve.tracks, camera: source({ track: track("y"), on: true, paused: true }) },
    };
    expect(picturesOf(call(off, late), whole).map(({ seat }) => seat.hasPicture)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("stays with who spoke last", () => {
    const bob = person("bob", { speaking: true });
    const eve = person("eve", { speaking: true });
    expect(speakerOf(call(), null)).toBeNull();
    expect(speakerOf(call(bob, eve), null)).toBe("camera bob");
    expect(speakerOf(call(bob, eve), "camera eve")).toBe("camera eve");
    expect(speakerOf(call(person("bob")), "camera bob")).toBe("camera bob");
    expect(speakerOf({ ...call(person("bob")), ownSpeaks: true }, "camera bob")).toBe(OWN);
  });
});
