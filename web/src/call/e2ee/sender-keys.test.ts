import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MemberKeys } from "./member-keys";
import {
  FORGOTTEN_AFTER_MS,
  REPEATED_AFTER_MS,
  type SenderKeyMessage,
  SenderKeys,
  USED_WITHIN_MS,
} from "./sender-keys";

const EPOCH = "1-1-a";

interface Sent extends SenderKeyMessage {
  readonly from: string;
  readonly to: string;
}

/** A member of a call with what its frames are encrypted with: secrets by sender and number. */
interface Member {
  readonly keys: MemberKeys;
  readonly sender: SenderKeys;
  readonly frames: Map<string, string>;
  /** The number of the secret that it encrypts with. */
  sendsWith: number | null;
}

const open = new Set<SenderKeys>();

/** Members whose messages reach each other, but for those that the test loses. */
class Town {
  readonly members = new Map<string, Member>();
  readonly sent: Sent[] = [];
  isLost: (sent: Sent) => boolean = () => false;

  async of(...names: string[]): Promise<Town> {
    for (const name of names) await this.add(name);
    return this;
  }

  async add(name: string): Promise<Member> {
    const keys = new MemberKeys(() => true);
    await keys.ready();
    for (const [other, { keys: theirs }] of this.members) {
      keys.note(other, theirs.own?.text);
      theirs.note(name, keys.own?.text);
    }
    const frames = new Map<string, string>();
    let numbers = 0;
    const sender = new SenderKeys({
      epoch: EPOCH,
      ownID: name,
      keys,
      frames: {
        take: (from, number, secret) => {
          frames.set(`${from} ${number}`, secret.join());
          if (from === name) member.sendsWith = number;
        },
        forget: (from, number) => void frames.delete(`${from} ${number}`),
      },
      nextNumber: () => numbers++,
      send: (to, message) => this.pass({ ...message, from: name, to }),
      now: () => Date.now(),
    });
    const member: Member = { keys, sender, frames, sendsWith: null };
    open.add(sender);
    this.members.set(name, member);
    this.follow();
    return member;
  }

  leave(name: string): void {
    this.members.get(name)?.sender.close();
    this.members.delete(name);
    this.follow();
  }

  follow(): void {
    const all = [...this.members.keys()];
    for (const [name, { sender }] of this.members) {
      sender.follow(new Set(all.filter((other) => other !== name)));
    }
  }

  pass(sent: Sent): void {
    this.sent.push(sent);
    const { from, to, ...message } = sent;
    if (!this.isLost(sent)) void this.members.get(to)?.sender.hear(from, message);
  }

  at(name: string): Member {
    return this.members.get(name) as Member;
  }

  /** Whether a member decodes what another one sends now. */
  decodes(receiver: Member, name: string): boolean {
    const sender = this.at(name);
    const key = `${name} ${sender.sendsWith}`;
    return sender.sendsWith !== null && receiver.frames.get(key) === sender.frames.get(key);
  }

  allDecode(): boolean {
    return [...this.members.values()].every((receiver) =>
      [...this.members.keys()].every((name) => this.decodes(receiver, name)),
    );
  }
}

/** Lets time pass in short steps, between which keys are computed, until something holds. */
async function within(ms: number, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < ms && !holds(); waited += 10) await pass(10);
  expect(holds()).toBe(true);
}

/** WebCrypto works in threads, whose answers come between turns of the event loop. */
async function pass(ms: number): Promise<void> {
  for (let waited = 0; waited < ms; waited += 10) {
    await vi.advanceTimersByTimeAsync(10);
    await crypto.subtle.digest("SHA-256", new Uint8Array(1));
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));

afterEach(() => {
  for (const sender of open) sender.close();
  open.clear();
  vi.useRealTimers();
});

describe("the secrets of a call", () => {
  it("reach all members, who decode each other", async () => {
    const town = await new Town().of("ann", "bob", "cyd");
    await within(5_000, () => town.allDecode());
    const wraps = town.sent.filter(({ key }) => key !== undefined);
    expect(new Set(wraps.map(({ key }) => key)).size).toBe(wraps.length);
  });

  it("are used before long where somebody does not confirm them", async () => {
    const town = await new Town().of("ann", "bob");
    town.isLost = ({ key, from }) => from === "bob" && key === undefined;
    await within(USED_WITHIN_MS + 3_000, () => town.decodes(town.at("bob"), "ann"));
  });

  it("are sent again to whom they did not reach", async () => {
    const town = new Town();
    town.isLost = ({ key }) => key !== undefined;
    await town.of("ann", "bob");
    await pass(USED_WITHIN_MS + 500);
    expect(town.allDecode()).toBe(false);
    town.isLost = () => false;
    await within(REPEATED_AFTER_MS * 3, () => town.allDecode());
  });

  it("are new for those who stay when one leaves, who decodes nothing more", async () => {
    const town = await new Town().of("ann", "bob", "cyd");
    await within(5_000, () => town.allDecode());
    const cyd = town.at("cyd");
    const count = town.sent.length;
    town.leave("cyd");
    const isOut = () => !town.decodes(cyd, "ann") && !town.decodes(cyd, "bob");
    await within(3_000, () => isOut() && town.allDecode());
    await pass(REPEATED_AFTER_MS);
    expect(town.decodes(cyd, "ann")).toBe(false);
    expect(town.decodes(cyd, "bob")).toBe(false);
    expect(town.sent.slice(count).map(({ to }) => to)).not.toContain("cyd");
  });

  it("are new for one who comes, who decodes nothing of before", async () => {
    const town = await new Town().of("ann", "bob");
    await within(5_000, () => town.allDecode());
    const before = town.at("ann").sendsWith;
    const cyd = await town.add("cyd");
    await within(6_000, () => town.allDecode());
    expect(town.at("ann").sendsWith).not.toBe(before);
    expect(cyd.frames.has(`ann ${before}`)).toBe(false);
  });

  it("of before are forgotten, and do not come back", async () => {
    const town = await new Town().of("ann", "bob", "cyd");
    await within(5_000, () => town.allDecode());
    const before = town.at("ann").sendsWith;
    const old = town.sent.findLast(
      ({ from, to, key, number }) => from === "ann" && to === "bob" && key && number === before,
    );
    town.leave("cyd");
    await within(2_000, () => town.at("ann").sendsWith !== before && town.allDecode());
    await pass(FORGOTTEN_AFTER_MS + 200);
    expect(town.at("bob").frames.has(`ann ${before}`)).toBe(false);
    if (!old) throw new Error("nothing was sent");
    town.pass(old);
    await pass(200);
    expect(town.at("bob").frames.has(`ann ${before}`)).toBe(false);
    expect(town.allDecode()).toBe(true);
  });

  it("go to no one whose key the server has made up, nor are its secrets taken", async () => {
    const town = await new Town().of("ann", "bob");
    await within(5_000, () => town.allDecode());
    const eve = new MemberKeys(() => true);
    await eve.ready();
    // A first key counts: another one for the same member is noticed, and not used.
    expect(town.at("ann").keys.note("bob", eve.own?.text)).toBe(true);
    expect(town.at("ann").keys.hasChanged("bob")).toBe(true);
    expect(town.at("ann").keys.of("bob")).toEqual(town.at("bob").keys.own?.publicBytes);
    const known = town.at("bob").frames.size;
    town.pass({ from: "ann", to: "bob", epoch: EPOCH, number: 99, key: "A".repeat(80) });
    town.pass({ from: "eve", to: "bob", epoch: EPOCH, number: 0, key: "A".repeat(80) });
    await pass(200);
    expect(town.at("bob").frames.size).toBe(known);
  });
});
