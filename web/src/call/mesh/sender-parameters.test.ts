import { expect, it } from "vitest";
import { FakeSender } from "./fake-sender";
import { SenderParameters, type WantedEncoding } from "./sender-parameters";

const VP8 = { mimeType: "video/VP8", clockRate: 90_000 };
const VP9 = { mimeType: "video/VP9", clockRate: 90_000, sdpFmtpLine: "profile-id=0" };

function newSubject() {
  const sender = new FakeSender({ kind: "video" });
  sender.codecs = [VP8, VP9];
  const refusals: unknown[] = [];
  const parameters = new SenderParameters(sender, (error) => void refusals.push(error));
  return { sender, parameters, refusals };
}

const wanted: WantedEncoding = {
  active: true,
  maxBitrate: 500_000,
  maxFramerate: 25,
  scaleResolutionDownBy: 2,
  priority: "low",
  codecs: ["video/VP9"],
};
const settled = () => new Promise((resolve) => setTimeout(resolve));

it("sets what is wanted, and nothing twice", async () => {
  const { sender, parameters } = newSubject();
  parameters.want(wanted);
  await settled();
  parameters.want({ ...wanted });
  parameters.want({ ...wanted, maxBitrate: 540_000 });
  await settled();
  expect(sender.set).toMatchObject([
    { active: true, maxBitrate: 500_000, maxFramerate: 25, scaleResolutionDownBy: 2, codec: VP9 },
  ]);
});

it("makes one call at a time, and of what was wanted meanwhile only the last", async () => {
  const { sender, parameters, refusals } = newSubject();
  for (const maxBitrate of [100_000, 200_000, 300_000]) parameters.want({ ...wanted, maxBitrate });
  await settled();
  expect(sender.set.map(({ maxBitrate }) => maxBitrate)).toEqual([100_000, 300_000]);
  expect(refusals).toEqual([]);
});

it("does not bother a sender that is to send nothing with sizes", async () => {
  const { sender, parameters } = newSubject();
  parameters.want({ ...wanted, active: false });
  await settled();
  parameters.want({ ...wanted, active: false, scaleResolutionDownBy: 4, maxBitrate: 10_000 });
  await settled();
  expect(sender.set).toHaveLength(1);
  parameters.want(wanted);
  await settled();
  expect(sender.encoding).toMatchObject({ active: true, scaleResolutionDownBy: 2 });
});

it("asks a browser that refuses for the plain parameters", async () => {
  const { sender, parameters, refusals } = newSubject();
  sender.refuses = ["codec"];
  parameters.want(wanted);
  await settled();
  parameters.want(wanted);
  await settled();
  expect(refusals).toHaveLength(1);
  expect(sender.encoding).toMatchObject({ maxBitrate: 500_000, scaleResolutionDownBy: 2 });
  expect(sender.encoding?.priority).toBeUndefined();
});

it("leaves a sender alone that refuses all", async () => {
  const { sender, parameters, refusals } = newSubject();
  sender.refuses = ["maxBitrate"];
  for (let times = 0; times < 10; times++) {
    parameters.want(wanted);
    await settled();
  }
  expect(refusals).toHaveLength(3);
  expect(sender.set).toEqual([]);
});

it("chooses the codec once there are some that both sides have", async () => {
  const { sender, parameters } = newSubject();
  sender.codecs = [];
  parameters.want(wanted);
  await settled();
  expect(sender.encoding?.codec).toBeUndefined();
  sender.codecs = [VP8, VP9];
  parameters.want(wanted);
  await settled();
  expect(sender.encoding?.codec).toMatchObject(VP9);
});
