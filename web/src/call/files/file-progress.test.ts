import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CHUNK_BYTES, type FileMessage, packed, written } from "./file-messages";
import { type FileCard, Files } from "./files";

const PIECES = 400;
const FACTS = { name: "a.bin", size: PIECES * CHUNK_BYTES, type: "", hash: "0".repeat(64) };

/** The browser's end of a channel from Ann; `say` and `piece` are what she sends. */
class Channel extends EventTarget {
  readyState = "open";
  bufferedAmount = 0;
  send(): void {}
  close(): void {}

  say(message: FileMessage): void {
    this.#arrive(written(message));
  }

  piece(index: number): void {
    const bytes = new Uint8Array(CHUNK_BYTES);
    this.#arrive(packed({ id: 7, offset: index * CHUNK_BYTES, bytes }));
  }

  #arrive(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

describe("the progress of files", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("is shown four times a second, however many pieces come, and another state at once", () => {
    const files = new Files();
    const channel = new Channel();
    files.attach("ann", { username: "ann" }, channel as unknown as RTCDataChannel);
    channel.say({ kind: "hello" });
    channel.say({ kind: "offer", id: 7, file: FACTS });
    const card = () => files.cards.get()[0] as FileCard;
    expect(card().state).toBe("offered");
    files.accept(card().key);
    expect(card().state).toBe("moving");
    const shown = vi.fn();
    files.cards.subscribe(shown);
    // Two milliseconds for each, as over a fast line: 800 in all.
    for (let index = 0; index < PIECES - 1; index++) {
      channel.piece(index);
      vi.advanceTimersByTime(2);
    }
    expect(shown).toHaveBeenCalledTimes(3);
    expect(card().progress).toBeCloseTo(0.94, 1);
    files.cancel(card().key);
    expect(card().state).toBe("cancelled");
    files.close();
    expect(files.cards.get()).toEqual([]);
    shown.mockClear();
    vi.advanceTimersByTime(1_000);
    expect(shown).not.toHaveBeenCalled();
  });
});
