import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchNetwork } from "./network-watch";

class Connection extends EventTarget {
  type: string | undefined = "wifi";
}

let news: string[];
let connection: Connection;
let page: EventTarget;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  news = [];
  [connection, page] = [new Connection(), new EventTarget()];
  vi.stubGlobal("window", page);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("navigator", { connection });
  stop = watchNetwork((told) => news.push(told));
});

afterEach(() => {
  stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("tells another network from another estimate of its bandwidth", () => {
  connection.dispatchEvent(new Event("change"));
  connection.type = "cellular";
  connection.dispatchEvent(new Event("change"));
  connection.dispatchEvent(new Event("change"));
  expect(news).toEqual(["may-be-broken", "network-changed", "may-be-broken"]);
  page.dispatchEvent(new Event("online"));
  expect(news.at(-1)).toBe("network-changed");
});

it("knows no other network where the browser tells no type", () => {
  stop();
  connection.type = undefined;
  stop = watchNetwork((told) => news.push(told));
  connection.dispatchEvent(new Event("change"));
  expect(news).toEqual(["may-be-broken"]);
});

it("doubts after a sleep and after a tab was hidden, until it is ended", () => {
  document.dispatchEvent(new Event("visibilitychange"));
  expect(news).toEqual(["may-be-broken"]);
  vi.setSystemTime(Date.now() + 60_000);
  vi.advanceTimersByTime(2_000);
  expect(news).toEqual(["may-be-broken", "may-be-broken"]);
  stop();
  page.dispatchEvent(new Event("online"));
  expect(news).toHaveLength(2);
});
