import { expect, test } from "vitest";
import { requestedFrames } from "./requested-frames";

/** The page's end of a port: what it was asked, and a way to answer. */
function page() {
  const { port1, port2 } = new MessageChannel();
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  port1.onmessage = ({ data }) => {
    asked.push(data);
    waiting.shift()?.();
  };
  const isAsked = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { port1, port2, asked, isAsked };
}

test("asks for one picture after the other, and not before the last one is taken", async () => {
  const { port1, port2, asked, isAsked } = page();
  const first = isAsked();
  const reader = requestedFrames(port2 as unknown as MessagePort).getReader();
  await first;
  port1.postMessage("a picture");
  const second = isAsked();
  expect(await reader.read()).toEqual({ done: false, value: "a picture" });
  await second;
  expect(asked).toEqual(["next", "next"]);
  port1.postMessage(null);
  expect((await reader.read()).done).toBe(true);
});

test("asks once for each picture, also of a reader that is ahead of it", async () => {
  const { port1, port2, asked, isAsked } = page();
  let request = isAsked();
  const reader = requestedFrames(port2 as unknown as MessagePort).getReader();
  for (const picture of ["one", "two", "three", "four"]) {
    const read = reader.read();
    await request;
    request = isAsked();
    port1.postMessage(picture);
    expect((await read).value).toBe(picture);
  }
  port1.postMessage(null);
  expect((await reader.read()).done).toBe(true);
  expect(asked.length).toBeLessThanOrEqual(5);
});

test("tells the page when nobody reads any more", async () => {
  const { port1, port2, asked, isAsked } = page();
  const first = isAsked();
  const reader = requestedFrames(port2 as unknown as MessagePort).getReader();
  await first;
  const last = isAsked();
  await reader.cancel();
  await last;
  expect(asked).toEqual(["next", "end"]);
  port1.close();
});
