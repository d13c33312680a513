import { expect, it } from "vitest";
import type { ServerRecording } from "../wire.gen";
import { ServerRecordings } from "./server-recordings";

const ONE: ServerRecording = {
  recordingID: "one",
  username: "ann",
  since: "2026-11-28T10:00:00.000Z",
  consented: false,
};

function recordings() {
  const said: string[] = [];
  const refusals: string[] = [];
  const answer = async (what: string) => {
    said.push(what);
    const code = refusals.shift();
    return code === undefined
      ? ({ ok: true } as const)
      : ({ ok: false, code, message: "" } as const);
  };
  const subject = new ServerRecordings({
    startRecording: () => answer("start"),
    stopRecording: () => answer("stop"),
    consentToRecording: (recordingID) => answer(`consent ${recordingID}`),
  });
  return { subject, said, refusals };
}

it("consents to what a person has agreed to before the entry, and to nothing else", () => {
  const { subject, said } = recordings();
  subject.agreeTo("one");
  subject.hear({ ...ONE, recordingID: "other" });
  subject.hear({ ...ONE, consented: true });
  subject.hear(null);
  expect(said).toEqual([]);
  subject.hear(ONE);
  expect(said).toEqual(["consent one"]);
});

it("says again what did not arrive, at the next word of the server", async () => {
  const { subject, said, refusals } = recordings();
  refusals.push("no_answer");
  subject.hear(ONE);
  await subject.consent();
  expect(subject.agreed.get()).toBe("one");
  subject.hear(ONE);
  expect(said).toEqual(["consent one", "consent one"]);
});

it("remembers who stays without being recorded, until they agree", async () => {
  const { subject, said } = recordings();
  subject.hear(ONE);
  subject.decline();
  expect(subject.declined.get()).toBe("one");
  expect(await subject.consent()).toBeNull();
  expect(subject.declined.get()).toBeNull();
  subject.hear(null);
  await subject.consent();
  subject.decline();
  expect(said).toEqual(["consent one"]);
  expect(subject.declined.get()).toBeNull();
});

it("says why the server does not record", async () => {
  const { subject, refusals } = recordings();
  refusals.push("too_many_recordings", "not_recorded");
  expect(await subject.start()).toMatchObject({ code: "too_many_recordings" });
  expect(await subject.stop()).toMatchObject({ code: "not_recorded" });
  expect(await subject.start()).toBeNull();
});
