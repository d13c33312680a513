import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { IceCandidate, SessionDescription } from "../../wire.gen";
import { FakeConnection } from "./fake-connection";
import { type NegotiatedConnection, Negotiation } from "./negotiation";

type Signal =
  | { description: SessionDescription; refused: (code: string) => void }
  | { candidate: IceCandidate };

/** One side, with what it sent and has not been delivered yet. */
function side(name: string, { polite, awaitsFirstOffer = false }: SideOptions) {
  const connection = new FakeConnection(name);
  const unsent: Signal[] = [];
  const errors: unknown[] = [];
  const negotiation = new Negotiation(connection as unknown as NegotiatedConnection, {
    polite,
    awaitsFirstOffer,
    sendDescription: (description, refused) => unsent.push({ description, refused }),
    sendCandidate: (candidate) => unsent.push({ candidate }),
    beforeAnswer: async () => void connection.log.push("before answer"),
    report: (error) => errors.push(error),
  });
  return { connection, negotiation, unsent, errors };
}

interface SideOptions {
  polite: boolean;
  awaitsFirstOffer?: boolean;
}

type Side = ReturnType<typeof side>;

const settled = () => new Promise((resolve) => setTimeout(resolve));

function deliver(from: Side, to: Side): void {
  for (const signal of from.unsent.splice(0)) {
    if ("description" in signal) void to.negotiation.receiveDescription(signal.description);
    else void to.negotiation.receiveCandidate(signal.candidate);
  }
}

async function untilQuiet(a: Side, b: Side): Promise<void> {
  await settled();
  while (a.unsent.length + b.unsent.length > 0) {
    deliver(a, b);
    deliver(b, a);
    await settled();
  }
}

function pair() {
  return {
    newcomer: side("newcomer", { polite: true }),
    present: side("present", { polite: false, awaitsFirstOffer: true }),
  };
}

const candidate = (text: string): IceCandidate => ({
  candidate: text,
  sdpMid: "0",
  sdpMLineIndex: 0,
  usernameFragment: null,
});

describe("the first offer", () => {
  it("comes from the newcomer and is answered", async () => {
    const { newcomer, present } = pair();
    newcomer.connection.negotiate();
    await untilQuiet(newcomer, present);
    expect(newcomer.connection.log).toEqual(["local offer", "remote answer"]);
    expect(present.connection.log).toEqual(["remote offer", "before answer", "local answer"]);
  });

  it("is never made by the side that waits", async () => {
    const { present } = pair();
    present.connection.negotiate();
    await settled();
    expect(present.unsent).toEqual([]);
    expect(present.connection.log).toEqual([]);
  });

  it("may be followed by offers of either side", async () => {
    const { newcomer, present } = pair();
    newcomer.connection.negotiate();
    await untilQuiet(newcomer, present);
    present.connection.negotiate();
    await untilQuiet(newcomer, present);
    expect(present.connection.log.slice(-2)).toEqual(["local offer", "remote answer"]);
    expect(newcomer.connection.signalingState).toBe("stable");
  });
});

describe("two offers that cross", () => {
  it("end with the impolite side's offer", async () => {
    const { newcomer, present } = pair();
    newcomer.connection.negotiate();
    await untilQuiet(newcomer, present);
    newcomer.connection.negotiate();
    present.connection.negotiate();
    await untilQuiet(newcomer, present);
    expect(newcomer.connection.log).toContain("rollback");
    expect(present.connection.log).not.toContain("rollback");
    expect(newcomer.connection.remoteDescription?.sdp).toBe("present offer 2");
    expect(present.connection.remoteDescription?.type).toBe("answer");
    for (const { connection, errors } of [newcomer, present]) {
      expect(connection.signalingState).toBe("stable");
      expect(errors).toEqual([]);
    }
  });

  it("leave candidates of the ignored offer without an error", async () => {
    const { newcomer, present } = pair();
    newcomer.connection.negotiate();
    await untilQuiet(newcomer, present);
    newcomer.connection.negotiate();
    present.connection.negotiate();
    await settled();
    newcomer.connection.gather("foreign to the ignored offer");
    await untilQuiet(newcomer, present);
    expect(present.errors).toEqual([]);
  });
});

describe("candidates", () => {
  it("wait for the description, in their order", async () => {
    const { present } = pair();
    void present.negotiation.receiveCandidate(candidate("one"));
    void present.negotiation.receiveCandidate(candidate("two"));
    await settled();
    expect(present.connection.candidates).toEqual([]);
    void present.negotiation.receiveDescription({ type: "offer", sdp: "late" });
    void present.negotiation.receiveCandidate(candidate("three"));
    await settled();
    expect(present.connection.candidates).toEqual(["one", "two", "three"]);
    expect(present.connection.log.indexOf("remote offer")).toBe(0);
  });

  it("may end with an empty one, or with none", async () => {
    const { present } = pair();
    await present.negotiation.receiveDescription({ type: "offer", sdp: "x" });
    await present.negotiation.receiveCandidate(candidate(""));
    await present.negotiation.receiveCandidate(null);
    expect(present.connection.candidates).toEqual(["", ""]);
    expect(present.errors).toEqual([]);
  });

  it("that do not fit are reported", async () => {
    const { present } = pair();
    await present.negotiation.receiveDescription({ type: "offer", sdp: "x" });
    await present.negotiation.receiveCandidate(candidate("foreign"));
    expect(present.errors).toHaveLength(1);
  });

  it("go out with all that identifies them", () => {
    const { newcomer } = pair();
    newcomer.connection.gather("host");
    expect(newcomer.unsent).toEqual([
      { candidate: { candidate: "host", sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "u" } },
    ]);
  });
});

describe("a description that the server refuses", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const passed = async () => void (await vi.advanceTimersByTimeAsync(10_000));

  /** Has what a side sent refused, and returns what it was. */
  function refuse({ unsent }: Side, code: string): (string | undefined)[] {
    return unsent.splice(0).map((signal) => {
      if (!("description" in signal)) return "candidate";
      signal.refused(code);
      return signal.description.type;
    });
  }

  it("is sent again after a while, an offer and an answer, until it is passed on", async () => {
    const { newcomer, present } = pair();
    newcomer.connection.negotiate();
    await passed();
    expect(refuse(newcomer, "unavailable")).toEqual(["offer"]);
    expect(newcomer.unsent).toEqual([]);
    await passed();
    expect(refuse(newcomer, "peer_not_found")).toEqual(["offer"]);
    await passed();
    deliver(newcomer, present);
    await passed();
    expect(refuse(present, "peer_busy")).toEqual(["answer"]);
    await passed();
    deliver(present, newcomer);
    await passed();
    expect(newcomer.connection.signalingState).toBe("stable");
    expect([...newcomer.unsent, ...present.unsent]).toEqual([]);
  });

  it("is not sent again where another one has taken its place", async () => {
    const { newcomer, present } = pair();
    newcomer.connection.negotiate();
    await passed();
    deliver(newcomer, present);
    await passed();
    deliver(present, newcomer);
    await passed();
    // The polite side's offer is rolled back by that of the other side.
    newcomer.connection.negotiate();
    present.connection.negotiate();
    await vi.advanceTimersByTimeAsync(0);
    refuse(newcomer, "unavailable");
    deliver(present, newcomer);
    await passed();
    expect(refuse(newcomer, "no")).toEqual(["answer"]);
    await passed();
    expect(newcomer.unsent).toEqual([]);
  });

  it("is not sent again where that is of no use, nor for ever, nor for a connection that is closed", async () => {
    const { newcomer } = pair();
    newcomer.connection.negotiate();
    await passed();
    expect(refuse(newcomer, "invalid_payload")).toEqual(["offer"]);
    await passed();
    expect(newcomer.unsent).toEqual([]);

    newcomer.connection.negotiate();
    await passed();
    let sent = 0;
    while (refuse(newcomer, "unavailable").length > 0 && sent < 100) {
      sent += 1;
      await passed();
    }
    expect(sent).toBeGreaterThan(5);
    expect(sent).toBeLessThan(20);

    newcomer.connection.negotiate();
    await passed();
    refuse(newcomer, "unavailable");
    newcomer.negotiation.close();
    await passed();
    expect(newcomer.unsent).toEqual([]);
  });
});

it("repeats the candidates of the latest description", () => {
  const { newcomer } = pair();
  newcomer.connection.gather("old", "before");
  newcomer.connection.gather("one", "after");
  newcomer.connection.gather("two", "after");
  newcomer.unsent.length = 0;
  newcomer.negotiation.repeatCandidates();
  const repeated = newcomer.unsent.map((one) => "candidate" in one && one.candidate.candidate);
  expect(repeated).toEqual(["one", "two"]);
});

it("takes the same answer twice without harm", async () => {
  const { newcomer } = pair();
  newcomer.connection.negotiate();
  await settled();
  await newcomer.negotiation.receiveDescription({ type: "answer", sdp: "yes" });
  await newcomer.negotiation.receiveDescription({ type: "answer", sdp: "yes" });
  expect(newcomer.errors).toEqual([]);
  expect(newcomer.connection.signalingState).toBe("stable");
});

it("works off descriptions in the order in which they came", async () => {
  const { newcomer } = pair();
  newcomer.connection.negotiate();
  await settled();
  void newcomer.negotiation.receiveDescription({ type: "answer", sdp: "yes" });
  void newcomer.negotiation.receiveDescription({ type: "offer", sdp: "and now this" });
  await settled();
  expect(newcomer.connection.log).toEqual([
    "local offer",
    "remote answer",
    "remote offer",
    "before answer",
    "local answer",
  ]);
});
