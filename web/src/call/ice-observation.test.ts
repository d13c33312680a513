import { describe, expect, it } from "vitest";
import { IceObservation } from "./ice-observation";

function observed() {
  const connection = new EventTarget();
  const observation = new IceObservation(connection);
  const say = (type: string, values: object) =>
    connection.dispatchEvent(Object.assign(new Event(type), values));
  return {
    observation,
    finds: (type: string, relayProtocol: string | null = null) =>
      say("icecandidate", { candidate: { candidate: "candidate:1", type, relayProtocol } }),
    findsLine: (candidate: string) => say("icecandidate", { candidate: { candidate } }),
    ends: () => say("icecandidate", { candidate: null }),
    fails: (errorCode: number) => say("icecandidateerror", { errorCode }),
  };
}

describe("what is observed of a relay", () => {
  it("is silence until something is heard", () => {
    const { observation, ends, fails } = observed();
    ends();
    fails(701);
    expect(observation.relayFault).toBe("silent");
  });

  it("is a refusal, of credentials or for want of room", () => {
    for (const code of [401, 403, 486, 508]) {
      const { observation, fails } = observed();
      fails(701);
      fails(code);
      expect(observation.relayFault).toBe("refused");
    }
  });

  it("is nothing once there is an address of it", () => {
    const { observation, fails, findsLine } = observed();
    fails(401);
    findsLine("candidate:1 1 udp 1 192.0.2.1 5000 typ relay raddr 0.0.0.0 rport 0");
    expect(observation.relayFault).toBeNull();
    expect(observation.isUdpBlocked).toBe(false);
  });

  it("is that UDP is blocked where only TCP leads there", () => {
    const { observation, finds } = observed();
    finds("host");
    expect(observation.isUdpBlocked).toBe(false);
    finds("relay", "tls");
    expect(observation.isUdpBlocked).toBe(true);
    finds("relay", "udp");
    expect(observation.isUdpBlocked).toBe(false);
    const other = observed();
    other.finds("srflx");
    other.finds("relay", "tcp");
    expect(other.observation.isUdpBlocked).toBe(false);
  });
});
