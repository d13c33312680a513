import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CHUNK_BYTES,
  type Chunk,
  type FileFacts,
  type FileMessage,
  packed,
  parseMessage,
  safeName,
  unpacked,
  written,
} from "./file-messages";
import { IncomingFile } from "./incoming-file";
import { OutgoingFile } from "./outgoing-file";

const settled = () => new Promise((resolve) => setTimeout(resolve));

async function sha256(content: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await content.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) % 256);
}

/** Both ends of a transfer, over a way that takes a few chunks at once and may break between any two messages. */
async function transfer(size: number, capacity: number, spoil: boolean) {
  const bytes = bytesOf(size);
  const hash = spoil ? "0".repeat(64) : await sha256(new Blob([bytes]));
  const facts: FileFacts = { name: "a.bin", size, type: "", hash };
  const toSender: string[] = [];
  const toReceiver: (string | ArrayBuffer)[] = [];
  const way = {
    say: (message: FileMessage) => void toReceiver.push(written(message)),
    send: (chunk: Chunk) => toReceiver.length < capacity && toReceiver.push(packed(chunk)) > 0,
  };
  const content = {
    size,
    read: async (from: number, to: number) => bytes.slice(from, to),
  };
  const heeded = { changed: () => {}, progressed: () => {} };
  const outgoing = new OutgoingFile(7, facts, content, way, heeded);
  const incoming = new IncomingFile(7, facts, {
    say: (message) => void toSender.push(written(message)),
    ...heeded,
    hash: sha256,
  });
  const deliver = async () => {
    const answer = toSender.shift();
    const message = answer === undefined ? null : parseMessage(answer);
    if (message?.kind === "accept") outgoing.accepted(message.from);
    if (message?.kind === "done") outgoing.finished(message.intact);
    const [next] = toReceiver.splice(0, 1);
    const chunk = unpacked(next);
    if (chunk) incoming.take(chunk);
    await settled();
    void outgoing.pump();
    await settled();
  };
  const breakOff = () => {
    toSender.length = 0;
    toReceiver.length = 0;
    outgoing.offer();
    incoming.resume();
  };
  outgoing.offer();
  incoming.accept();
  return { outgoing, incoming, bytes, deliver, breakOff };
}

describe("a file", () => {
  it("arrives whole, wherever the connection breaks and however little it takes at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 * CHUNK_BYTES }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }),
        async (size, capacity, breaks) => {
          const { outgoing, incoming, bytes, deliver, breakOff } = await transfer(
            size,
            capacity,
            false,
          );
          for (const after of breaks) {
            for (let steps = 0; steps < after; steps++) await deliver();
            breakOff();
          }
          for (let steps = 0; steps < 60 && !outgoing.isOver; steps++) await deliver();
          expect([outgoing.state, incoming.state]).toEqual(["done", "done"]);
          const got = new Uint8Array((await incoming.content?.arrayBuffer()) ?? new ArrayBuffer());
          expect(got.every((byte, index) => byte === bytes[index]) && got.length === size).toBe(
            true,
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it("that is not what was offered is not given to anybody", async () => {
    const { outgoing, incoming, deliver } = await transfer(CHUNK_BYTES + 1, 2, true);
    for (let steps = 0; steps < 20 && !outgoing.isOver; steps++) await deliver();
    expect([outgoing.state, incoming.state]).toEqual(["damaged", "damaged"]);
    expect(incoming.content).toBeNull();
  });

  it("takes no piece that is out of order, too long or for another state", async () => {
    const { incoming } = await transfer(CHUNK_BYTES, 2, false);
    const bytes = bytesOf(10);
    incoming.take({ id: 7, offset: 10, bytes });
    incoming.take({ id: 7, offset: 0, bytes: bytesOf(CHUNK_BYTES + 1) });
    expect(incoming.received).toBe(0);
    incoming.take({ id: 7, offset: 0, bytes });
    incoming.take({ id: 7, offset: 0, bytes });
    expect(incoming.received).toBe(10);
    incoming.cancel();
    incoming.take({ id: 7, offset: 10, bytes });
    expect([incoming.state, incoming.received]).toEqual(["cancelled", 10]);
  });
});

describe("what peers say", () => {
  it("is read without an error, whatever it is", () => {
    fc.assert(fc.property(fc.anything(), (data) => void [parseMessage(data), unpacked(data)]));
    fc.assert(fc.property(fc.json(), (data) => void parseMessage(data)));
  });

  it("is passed over where it is of a later version, too large or no file", () => {
    const file = { name: "a", size: 1, type: "", hash: "0".repeat(64) };
    const offer = { version: 1, kind: "offer", id: 1, file };
    expect(parseMessage(JSON.stringify(offer))).not.toBeNull();
    for (const wrong of [
      { ...offer, version: 2 },
      { ...offer, id: -1 },
      { ...offer, file: { ...file, size: 65 * 1024 * 1024 } },
      { ...offer, file: { ...file, hash: "x" } },
      { ...offer, file: { ...file, name: 1 } },
    ]) {
      expect(parseMessage(JSON.stringify(wrong))).toBeNull();
    }
  });
});

describe("a name", () => {
  it("cannot lead anywhere, hide anything or turn the text around it", () => {
    expect(safeName("../../etc/passwd")).toBe("_.._etc_passwd");
    expect(safeName("..")).toBe("_");
    expect(safeName(".bashrc")).toBe("bashrc");
    expect(safeName("photo\u202egpj.exe")).toBe("photo_gpj.exe");
    expect(safeName("C:\\a\0b.txt")).toBe("C__a_b.txt");
    expect(safeName("R\u00e9sum\u00e9 \u6587\u66f8.pdf")).toBe("R\u00e9sum\u00e9 \u6587\u66f8.pdf");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const safe = safeName(name);
        expect(safe.length).toBeGreaterThan(0);
        expect([...safe].length).toBeLessThanOrEqual(120);
        expect(safe).not.toMatch(/^\.|[/\\\p{Cc}\u202a-\u202e]/u);
      }),
    );
  });
});
