import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fetchFiles } from "./fetched-files";

const server = vi.fn<(url: string) => Promise<Response>>();

beforeEach(() => vi.stubGlobal("fetch", server));
afterEach(() => {
  vi.unstubAllGlobals();
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
