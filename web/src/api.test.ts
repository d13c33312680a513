import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AccountApi, Api, type Fetch } from "./api";

/** A request that the browser gives up when its signal says so. */
function pending(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

/** The network went, and no end of the connection was heard of. */
const unanswered: Fetch = (_, init) => pending(init.signal);
/** It went after the head of the answer. */
const halfAnswered: Fetch = async (_, { signal }) => {
  const body = new ReadableStream({
    start: (control) => pending(signal).catch((error) => control.error(error)),
  });
  return new Response(body);
};

describe("a request over a connection that broke unheard", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([
    ["is never answered", unanswered],
    ["is answered by half", halfAnswered],
  ])("fails in time where it %s", async (_, fetch) => {
    const failed = expect(new AccountApi(fetch).refresh()).rejects.toMatchObject({
      code: "unreachable",
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await failed;
  });

  it("leaves no timer where it is answered", async () => {
    const tokens = { token: async () => "token", renew: async () => "token" };
    const api = new Api(tokens, async () => Response.json({ allowed: true }));
    expect(await api.mayCreateRooms()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
