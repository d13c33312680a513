import { describe, expect, it, vi } from "vitest";
import { Chunk } from "./chunk";

describe("a chunk", () => {
  it("is fetched once, for all who ask", async () => {
    const fetch = vi.fn(async () => "here");
    const chunk = new Chunk(fetch);
    expect(chunk.loaded).toBeNull();
    expect(await Promise.all([chunk.load(), chunk.load()])).toEqual(["here", "here"]);
    expect(await chunk.load()).toBe("here");
    expect(chunk.loaded).toBe("here");
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("is fetched again after a failure, which all who asked meanwhile are told", async () => {
    const answers = [Promise.reject(new Error("away")), Promise.resolve("here")];
    const chunk = new Chunk(() => answers.shift() as Promise<string>);
    const asked = await Promise.allSettled([chunk.load(), chunk.load()]);
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(chunk.loaded).toBeNull();
    expect(await chunk.load()).toBe("here");
    expect(chunk.loaded).toBe("here");
  });

  it("has parts, which come with it", async () => {
    const fetch = vi.fn(async () => ({ menu: "menu", panel: "panel" }));
    const chunk = new Chunk(fetch);
    const [menu, panel] = [chunk.part((all) => all.menu), chunk.part((all) => all.panel)];
    expect(await Promise.all([menu.load(), panel.load()])).toEqual(["menu", "panel"]);
    expect(menu.loaded).toBe("menu");
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it("may be fetched ahead, in silence", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const chunk = new Chunk(() => Promise.reject(new Error("away")));
    chunk.fetchAhead();
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1));
    warn.mockRestore();
  });
});
