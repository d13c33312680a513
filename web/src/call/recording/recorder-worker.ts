import { endAfter, type RecorderNews, type RecorderOrder } from "./recorder-messages";
import { Recording } from "./recording";
import { repair } from "./repair";
import { requestedFrames, soundOf } from "./requested-frames";

const tell = (news: RecorderNews) => self.postMessage(news);
let recording: Promise<Recording> | null = null;

/** Carries out one order; those that follow the start wait for it, in their order. */
async function carryOut(order: RecorderOrder): Promise<void> {
  switch (order.kind) {
    case "start":
      recording = Recording.start(order.file, soundOf(order.sound), order.soundRate, tell);
      await recording;
      return;
    case "repair":
      await repair(order.file, order.repaired);
      tell({ kind: "repaired", ok: true });
      return;
    case "scene":
      (await recording)?.composer.show(order.scene);
      return;
    case "frames":
      (await recording)?.composer.follow(order.id, requestedFrames(order.frames));
      return;
    default:
      await (await recording)?.[order.kind]();
  }
}

self.addEventListener("message", ({ data }: MessageEvent<RecorderOrder>) => {
  carryOut(data).catch((error: unknown) => {
    console.warn("Recording", error);
    if (data.kind === "start") tell({ kind: "ended", end: endAfter(error), isWhole: false });
    if (data.kind === "repair") tell({ kind: "repaired", ok: false });
  });
});
