import { expect, test } from "vitest";
import { playOn, Speaker } from "./speaker";

const device = (deviceId: string, kind = "audiooutput") =>
  ({ deviceId, kind, label: deviceId }) as MediaDeviceInfo;

test("the chosen speaker is in use while it is there, and again when it is back", () => {
  const speaker = new Speaker(true);
  speaker.choose("headset");
  expect(speaker.view.get().deviceId).toBe("");
  speaker.list([device("default"), device("headset"), device("camera", "videoinput")]);
  expect(speaker.view.get().deviceId).toBe("headset");
  expect(speaker.view.get().choices.map(({ deviceId }) => deviceId)).toEqual([
    "default",
    "headset",
  ]);
  speaker.list([device("default")]);
  expect(speaker.view.get().deviceId).toBe("");
  speaker.list([device("default"), device("headset")]);
  expect(speaker.view.get().deviceId).toBe("headset");
});

test("a browser that lets pages choose no speaker offers none", () => {
  const speaker = new Speaker(false);
  speaker.list([device("default"), device("headset")]);
  expect(speaker.view.get().choices).toEqual([]);
});

test("before a permission is given, devices have no ids and are not offered", () => {
  const speaker = new Speaker(true);
  speaker.list([device("")]);
  expect(speaker.view.get().choices).toEqual([]);
});

test("a speaker that cannot be used leaves the sound where it is", async () => {
  const asked: string[] = [];
  const setSinkId = async (id: string) => {
    asked.push(id);
    throw new DOMException("", "NotFoundError");
  };
  await playOn({ setSinkId }, "");
  await playOn({ setSinkId }, "gone");
  await playOn({}, "gone");
  expect(asked).toEqual(["gone"]);
});
