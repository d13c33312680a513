import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fetchFiles, SILENCE_MS } from "./fetched-files";

const server = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();

beforeEach(() => vi.stubGlobal("fetch", server));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  server.mockReset();
});

it("fetches each file once", async () => {
  server.mockImplementation(async () => new Response("export default 1;"));
  await fetchFiles(["https://talk.example/a.js", "https://talk.example/b.js"]);
  await fetchFiles(["https://talk.example/b.js", "https://talk.example/c.js"]);
  expect(server.mock.calls.map(([url]) => url.at(-4))).toEqual(["a", "b", "c"]);
});

it("says that a file cannot be fetched, and fetches it again the next time", async () => {
  server.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  await expect(fetchFiles(["https://talk.example/d.js"])).rejects.toThrow("Failed to fetch");
  server.mockResolvedValueOnce(new Response("", { status: 404 }));
  await expect(fetchFiles(["https://talk.example/d.js"])).rejects.toThrow("404");
  server.mockResolvedValueOnce(new Response("export default 1;"));
  await fetchFiles(["https://talk.example/d.js"]);
  expect(server).toHaveBeenCalledTimes(3);
});

it("gives up a file that comes to a halt, and fetches it again the next time", async () => {
  vi.useFakeTimers();
  const file = "https://talk.example/e.js";
  server.mockImplementationOnce(
    (_, { signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  const never = expect(fetchFiles([file])).rejects.toThrow("no answer in time");
  await vi.advanceTimersByTimeAsync(SILENCE_MS);
  await never;
  server.mockResolvedValueOnce(new Response("export default 1;"));
  await fetchFiles([file]);
  expect(server).toHaveBeenCalledTimes(2);
});

it("waits for a file that comes slowly, as long as it comes", async () => {
  vi.useFakeTimers();
  server.mockImplementationOnce(async (_, { signal }) => {
    let parts = 0;
    const slow = new ReadableStream<Uint8Array>({
      start: (body) => signal?.addEventListener("abort", () => body.error(signal.reason)),
      pull: async (body) => {
        await new Promise((later) => setTimeout(later, 10_000));
        parts += 1;
        if (parts === 5) body.close();
        else body.enqueue(new Uint8Array(9));
      },
    });
    return new Response(slow);
  });
  const fetched = fetchFiles(["https://talk.example/f.js"]);
  await vi.advanceTimersByTimeAsync(50_000);
  await fetched;
  expect(vi.getTimerCount()).toBe(0);
});
