import { describe, expect, it, vi } from "vitest";
import type { IceServers } from "../../wire.gen";
import { STEPS, type StepName } from "./findings";
import type { Measured, Ways } from "./judge";
import { type CheckedConnection, Preflight, type Probes, type StepState } from "./preflight";

const TURN: IceServers["iceServers"][number] = {
  urls: ["turn:turn.example.org"],
  username: "1:7",
  credential: "secret",
};
const STUN = { urls: ["stun:turn.example.org"], username: null, credential: null };
const WAYS: Ways = {
  host: true,
  reflexive: true,
  relays: [{ transport: "udp", way: "works" }],
};
const MEASURED: Measured = {
  bits: 2e6,
  loss: 0,
  delayMs: 5,
  path: { isRelayed: false, transport: "udp" },
};

/** Connections that stand, and how many of them have been closed. */
function connections() {
  const made: { configuration: RTCConfiguration; isClosed: boolean }[] = [];
  const connect = async (configuration: RTCConfiguration): Promise<CheckedConnection> => {
    const one = { configuration, isClosed: false };
    made.push(one);
    return {
      measure: async () => MEASURED,
      reconnect: async () => 120,
      close: () => {
        one.isClosed = true;
      },
    };
  };
  return { made, connect };
}

function probes(values: Partial<Probes> = {}): Probes {
  return {
    readBrowser: () => ({ isSecure: true, canCall: true, canShareScreen: true, codecs: [] }),
    tryCamera: async () => ({ label: "Camera", width: 640, height: 360 }),
    tryMicrophone: async () => ({ label: "Microphone", isHeard: true }),
    playTone: async () => true,
    trySignaling: async () => ({ roundTripMs: 12 }),
    tryTransports: async () => ({ webSocket: true, polling: true, upgraded: true }),
    ice: async () => ({ iceServers: [STUN, TURN], expires_at: null }),
    gatherWays: async () => WAYS,
    connect: connections().connect,
    ...values,
  };
}

function findings(preflight: Preflight): Record<StepName, string> {
  const { steps } = preflight.view.get();
  const name = (state: StepState) => (state.kind === "done" ? state.finding : state.kind);
  return Object.fromEntries(STEPS.map((step) => [step, name(steps[step])])) as Record<
    StepName,
    string
  >;
}

async function checked(values: Partial<Probes> = {}): Promise<Record<StepName, string>> {
  const preflight = new Preflight(probes(values));
  await preflight.start();
  expect(preflight.view.get().phase).toBe("done");
  return findings(preflight);
}

describe("a check", () => {
  it("goes through all steps, and asks whether the sound was heard", async () => {
    expect(await checked()).toEqual({
      browser: "browser.fine",
      camera: "camera.fine",
      microphone: "microphone.fine",
      speaker: "asking",
      signaling: "signaling.fine",
      transport: "transport.webSocket",
      candidates: "candidates.fine",
      direct: "direct.fine",
      relayed: "relayed.fine",
      reconnect: "reconnect.fine",
    });
  });

  it("takes the answer whenever it comes", async () => {
    const preflight = new Preflight(probes());
    await preflight.start();
    preflight.answer(false);
    expect(findings(preflight).speaker).toBe("speaker.unheard");
    preflight.answer(true);
    expect(findings(preflight).speaker).toBe("speaker.heard");
  });

  it("keeps relays out of the direct connection, and all else out of the relayed one", async () => {
    const { made, connect } = connections();
    await checked({ connect });
    expect(made.map(({ configuration }) => configuration)).toEqual([
      { iceServers: [{ urls: STUN.urls }] },
      { iceServers: [TURN], iceTransportPolicy: "relay" },
    ]);
    expect(made.every(({ isClosed }) => isClosed)).toBe(true);
  });

  const urls = [
    "turn:turn.example.org",
    "turn:turn.example.org?transport=tcp",
    "turns:turn.example.org",
  ];
  const all = { iceServers: [STUN, { ...TURN, urls }], expires_at: null };

  it.each([
    ["udp", [{ transport: "udp", way: "works" } as const], [urls.slice(0, 1)]],
    [
      "tcp where udp leads nowhere",
      [{ transport: "udp", way: "silent" } as const, { transport: "tcp", way: "works" } as const],
      [urls.slice(1, 2)],
    ],
  ])("measures a relay by its best transport: %s", async (_, relays, measured) => {
    const { made, connect } = connections();
    await checked({ connect, ice: async () => all, gatherWays: async () => ({ ...WAYS, relays }) });
    const relayed = made.slice(1).map(({ configuration }) => configuration);
    expect(relayed.flatMap(({ iceServers }) => iceServers?.map((server) => server.urls))).toEqual(
      measured,
    );
  });

  it("measures a relay by what is left where its best transport carries nothing", async () => {
    const { made, connect } = connections();
    const found = await checked({
      ice: async () => all,
      connect: async (configuration) => {
        const one = await connect(configuration);
        return [configuration.iceServers?.[0]?.urls].flat()[0] === urls[0] ? null : one;
      },
    });
    expect(found.relayed).toBe("relayed.fine");
    expect(made.at(-1)?.configuration.iceServers?.[0]?.urls).toEqual(urls.slice(1));
  });

  it("asks nothing of a relay for strangers", async () => {
    const { made, connect } = connections();
    const found = await checked({
      ice: () => null,
      gatherWays: async () => ({ ...WAYS, relays: [] }),
      connect,
    });
    expect(found).toMatchObject({
      candidates: "skipped.logIn",
      direct: "direct.fine",
      relayed: "skipped.logIn",
      reconnect: "reconnect.fine",
    });
    expect(made).toHaveLength(1);
  });

  it.each([
    [{ iceServers: [STUN], expires_at: null }, { relayed: "skipped.noRelay" }],
    [
      { iceServers: [TURN], expires_at: null, iceTransportPolicy: "relay" },
      { direct: "skipped.relayOnly", relayed: "relayed.fine" },
    ],
  ] as const)("follows what the server names: %j", async (ice, found) => {
    expect(await checked({ ice: async () => ice as unknown as IceServers })).toMatchObject(found);
  });

  it("goes on without the server", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const found = await checked({
      trySignaling: async () => ({ roundTripMs: null }),
      ice: () => Promise.reject(new Error("gone")),
    });
    expect(found).toMatchObject({
      signaling: "signaling.gone",
      transport: "skipped.server",
      candidates: "candidates.unknown",
      direct: "direct.fine",
      relayed: "skipped.server",
    });
  });

  it("says what leads nowhere", async () => {
    expect(await checked({ connect: async () => null })).toMatchObject({
      direct: "direct.failed",
      relayed: "relayed.failed",
      reconnect: "skipped.noConnection",
    });
  });

  it("waits for no relay that no way leads to", async () => {
    const { made, connect } = connections();
    const relays = [{ transport: "udp", way: "refused" }] as const;
    const found = await checked({ gatherWays: async () => ({ ...WAYS, relays }), connect });
    expect(found).toMatchObject({
      candidates: "candidates.relayRefused",
      relayed: "relayed.failed",
    });
    expect(made).toHaveLength(1);
  });

  it("makes no connection in a browser without calls", async () => {
    const readBrowser = () => ({ ...probes().readBrowser(), canCall: false });
    const { made, connect } = connections();
    expect(await checked({ readBrowser, connect })).toMatchObject({
      browser: "browser.noCalls",
      candidates: "skipped.browser",
      reconnect: "skipped.browser",
    });
    expect(made).toEqual([]);
  });

  it("shows nothing more once it is ended", async () => {
    const { made, connect } = connections();
    const preflight: Preflight = new Preflight(
      probes({
        connect: async (configuration) => {
          preflight.stop();
          return await connect(configuration);
        },
      }),
    );
    await preflight.start();
    expect(findings(preflight)).toMatchObject({ candidates: "candidates.fine", direct: "running" });
    expect(made).toEqual([expect.objectContaining({ isClosed: true })]);
  });
});
