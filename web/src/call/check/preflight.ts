import { Store } from "../../store";
import type { IceServers } from "../../wire.gen";
import type { MediaProblem } from "../media-problem";
import { type Outcome, outcome, type RelayTransport, STEPS, type StepName } from "./findings";
import { transportOf } from "./gather";
import {
  type BrowserFacts,
  type CameraFacts,
  judgeBrowser,
  judgeCamera,
  judgeCandidates,
  judgeDirect,
  judgeMicrophone,
  judgeReconnect,
  judgeRelayed,
  judgeSignaling,
  judgeTransport,
  type Measured,
  type MicrophoneFacts,
  type SignalingFacts,
  type TransportFacts,
  type Ways,
} from "./judge";
import type { Budget } from "./loopback";

/** A connection whose ends are both in this page. */
export interface CheckedConnection {
  measure(budget: Budget, signal: AbortSignal): Promise<Measured>;
  reconnect(signal: AbortSignal): Promise<number | null>;
  close(): void;
}

/** What the steps ask of the browser, the network and the server. */
export interface Probes {
  readBrowser(): BrowserFacts;
  tryCamera(signal: AbortSignal): Promise<CameraFacts | MediaProblem>;
  tryMicrophone(signal: AbortSignal): Promise<MicrophoneFacts | MediaProblem>;
  playTone(signal: AbortSignal): Promise<boolean>;
  trySignaling(signal: AbortSignal): Promise<SignalingFacts>;
  tryTransports(signal: AbortSignal): Promise<TransportFacts>;
  /** The servers that the person is given; null for strangers, who are given none. */
  ice(): Promise<IceServers> | null;
  gatherWays(servers: IceServers["iceServers"], signal: AbortSignal): Promise<Ways>;
  connect(configuration: RTCConfiguration, signal: AbortSignal): Promise<CheckedConnection | null>;
}

export type StepState =
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  /** The person is asked whether they have heard the sound; the other steps go on. */
  | { readonly kind: "asking" }
  | ({ readonly kind: "done" } & Outcome);

export interface PreflightView {
  readonly phase: "ready" | "running" | "done";
  readonly steps: Readonly<Record<StepName, StepState>>;
}

/** The direct way leads nowhere outside of this computer, so it may have more than a relay, which others need. */
const DIRECT: Budget = { bytes: 4_000_000, ms: 1_500 };
const RELAYED: Budget = { bytes: 1_500_000, ms: 1_500 };

const WAITING: PreflightView["steps"] = Object.fromEntries(
  STEPS.map((step) => [step, { kind: "waiting" }]),
) as Record<StepName, StepState>;

/** Checks before a call what calls need, one step after the other. */
export class Preflight {
  readonly view = new Store<PreflightView>({ phase: "ready", steps: WAITING });
  #ending = new AbortController();
  /** The latest connection that stands. */
  #standing: CheckedConnection | null = null;

  constructor(private readonly probes: Probes) {}

  async start(): Promise<void> {
    this.stop();
    const { signal } = this.#ending;
    this.view.set({ phase: "running", steps: WAITING });
    try {
      await this.#run(signal);
    } finally {
      if (!signal.aborted) {
        this.#closeStanding();
        this.view.update((view) => ({ ...view, phase: "done" }));
      }
    }
  }

  /** Takes the person's answer to what is asked, during the check or after it. */
  answer(hasHeard: boolean): void {
    this.#show("speaker", outcome(hasHeard ? "speaker.heard" : "speaker.unheard"));
  }

  stop(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#closeStanding();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { probes } = this;
    const step = this.#stepper(signal);
    const browser = probes.readBrowser();
    await step("browser", async () => judgeBrowser(browser));
    await step("camera", async () => judgeCamera(await probes.tryCamera(signal)));
    await step("microphone", async () => judgeMicrophone(await probes.tryMicrophone(signal)));
    await this.#askAboutSound(signal);
    let isThere = false;
    await step("signaling", async () => {
      const facts = await probes.trySignaling(signal);
      isThere = facts.roundTripMs !== null;
      return judgeSignaling(facts);
    });
    await step("transport", async () =>
      isThere ? judgeTransport(await probes.tryTransports(signal)) : outcome("skipped.server"),
    );
    if (browser.canCall) await this.#runConnections(step, signal);
    else {
      for (const name of ["candidates", "direct", "relayed", "reconnect"] as const) {
        await step(name, async () => outcome("skipped.browser"));
      }
    }
  }

  async #runConnections(step: RunStep, signal: AbortSignal): Promise<void> {
    const { probes } = this;
    const asking = probes.ice();
    const isMember = asking !== null;
    const ice = (await asking?.catch(noServers)) ?? null;
    const servers = ice?.iceServers ?? [];
    let transport: RelayTransport | undefined;
    await step("candidates", async () => {
      if (isMember && ice === null) return outcome("candidates.unknown");
      const ways = await probes.gatherWays(servers, signal);
      transport = ways.relays.find(({ way }) => way === "works")?.transport;
      return judgeCandidates(ways, isMember);
    });
    const iceServers = servers.map(asBrowsersWantIt);
    await step("direct", async () => {
      if (ice?.iceTransportPolicy === "relay") return outcome("skipped.relayOnly");
      const stun = iceServers.filter(({ urls }) => !isRelay(urls));
      return judgeDirect(await this.#connect({ iceServers: stun }, DIRECT, signal));
    });
    const relays = iceServers.filter(({ urls }) => isRelay(urls));
    await step("relayed", async () => {
      if (!isMember) return outcome("skipped.logIn");
      if (relays.length === 0) return outcome(ice === null ? "skipped.server" : "skipped.noRelay");
      if (!transport) return outcome("relayed.failed");
      return judgeRelayed(await this.#connectByRelay(relays, transport, signal));
    });
    await step("reconnect", async () =>
      this.#standing === null
        ? outcome("skipped.noConnection")
        : judgeReconnect(await this.#standing.reconnect(signal)),
    );
  }

  /** Connects and measures; the connection stands until the next one does, or the end. */
  async #connect(
    configuration: RTCConfiguration,
    budget: Budget,
    signal: AbortSignal,
  ): Promise<Measured | null> {
    const connection = await this.probes.connect(configuration, signal);
    if (connection === null) return null;
    if (signal.aborted) {
      connection.close();
      return null;
    }
    this.#closeStanding();
    this.#standing = connection;
    return await connection.measure(budget, signal);
  }

  /**
   * Measures the best transport that leads to a relay, and the others where that one carries nothing. Left to
   * ICE, the pair of candidates that is ready first would be measured, and only a call would outlast the change
   * to a better one.
   */
  async #connectByRelay(
    relays: readonly RTCIceServer[],
    transport: RelayTransport,
    signal: AbortSignal,
  ): Promise<Measured | null> {
    const [best, others] = dividedByTransport(relays, transport);
    for (const iceServers of [best, others]) {
      if (iceServers.length === 0 || signal.aborted) continue;
      const configuration = { iceServers, iceTransportPolicy: "relay" } as const;
      const measured = await this.#connect(configuration, RELAYED, signal);
      if (measured) return measured;
    }
    return null;
  }

  async #askAboutSound(signal: AbortSignal): Promise<void> {
    this.#set("speaker", { kind: "running" });
    const hasPlayed = await this.probes.playTone(signal);
    if (signal.aborted) return;
    if (hasPlayed) this.#set("speaker", { kind: "asking" });
    else this.#show("speaker", outcome("speaker.unplayable"));
  }

  #stepper(signal: AbortSignal): RunStep {
    return async (name, work) => {
      if (signal.aborted) return;
      this.#set(name, { kind: "running" });
      const found = await work();
      if (!signal.aborted) this.#show(name, found);
    };
  }

  #show(name: StepName, found: Outcome): void {
    this.#set(name, { kind: "done", ...found });
  }

  #set(name: StepName, state: StepState): void {
    this.view.update((view) => ({ ...view, steps: { ...view.steps, [name]: state } }));
  }

  #closeStanding(): void {
    this.#standing?.close();
    this.#standing = null;
  }
}

type RunStep = (name: StepName, work: () => Promise<Outcome>) => Promise<void>;

function noServers(error: unknown): null {
  console.warn("The check's ICE servers", error);
  return null;
}

function isRelay(urls: string | string[]): boolean {
  return [urls].flat().some((url) => url.startsWith("turn"));
}

/** Leaves out members that are null, which browsers would take for the text "null". */
function asBrowsersWantIt({
  urls,
  username,
  credential,
}: IceServers["iceServers"][number]): RTCIceServer {
  return username && credential ? { urls, username, credential } : { urls };
}

/** The servers with their addresses of one transport, and with their other ones. */
function dividedByTransport(
  servers: readonly RTCIceServer[],
  transport: RelayTransport,
): readonly [RTCIceServer[], RTCIceServer[]] {
  const having = (isWanted: boolean) =>
    servers.flatMap((server) => {
      const urls = [server.urls]
        .flat()
        .filter((url) => (transportOf(url) === transport) === isWanted);
      return urls.length > 0 ? [{ ...server, urls }] : [];
    });
  return [having(true), having(false)];
}
