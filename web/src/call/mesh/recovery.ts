import type { HealthCheckReason } from "../topology";

export interface RecoverySteps {
  /** Restarts ICE: new candidates for the same connection. */
  restart(): void;
  /** Whether anything comes from the other side within a few seconds; true where that cannot be told. */
  hears(): Promise<boolean>;
  /** Puts another connection in its place. */
  rebuild(): void;
  /** Whether signaling is up. Each step needs an offer, so none helps without it. */
  canSignal(): boolean;
}

export interface RecoveryRole {
  /** Whether this side acts first and alone may rebuild, so that steps of both sides do not cross. */
  readonly leads: boolean;
  /** Whether the connection replaces one that could not be healed. */
  readonly replaces: boolean;
}

/** Wait before the first step: short losses heal by themselves. */
export const PATIENCE_MS = 2_000;
/** Extra wait of the side that does not lead; it acts where the leading side does nothing. */
export const FOLLOW_MS = 1_500;
/** For this long after a change of the network, a loss is not expected to heal by itself. */
export const ALERT_MS = 15_000;
/** Time limit for a restart of ICE to connect. */
export const RESTART_MS = 8_000;
/** Several events tell of one change of the network. */
export const ONE_CHANGE_MS = 1_000;

/** Decides when to restart ICE and when to rebuild, for a connection that is broken or about to be. */
export class Recovery {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #alertUntil = 0;
  /** Until then a loss is this side's to heal: the other one need not know of it yet. */
  #oursUntil = 0;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #isConnected = false;
  #isListening = false;
  #state: "standing" | "opening" | "waiting" | "healing" | "closed" = "opening";

  constructor(
    private readonly steps: RecoverySteps,
    private readonly role: RecoveryRole,
  ) {
    if (role.replaces) this.#heal();
  }

  follow(state: RTCPeerConnectionState): void {
    this.#isConnected = state === "connected";
    if (this.#state === "closed") return;
    if (state === "connected") {
      clearTimeout(this.#timer);
      this.#state = "standing";
    } else if (state === "connecting" && this.#state === "waiting") {
      this.#heal();
    } else if (state === "failed" && this.#state !== "healing") {
      this.#needed(0);
    } else if (state === "disconnected" && this.#state === "standing") {
      this.#needed(Date.now() < this.#alertUntil ? 0 : PATIENCE_MS);
    }
  }

  /**
   * Acts at once on a lost connection, and on one that stands where the network has changed, since a browser says
   * for five seconds that it stands. Where it is only in doubt, it is listened to first. A connection that is still
   * opening is left alone, unless the signals that open it may be lost.
   */
  check(reason: HealthCheckReason): void {
    const now = Date.now();
    this.#alertUntil = now + ALERT_MS;
    if (reason === "network-changed") this.#oursUntil = this.#alertUntil;
    if (this.#state === "opening" && reason === "signals-lost") this.#heal();
    else if (this.#state === "standing" && reason !== "network-changed") void this.#doubt();
    else if (this.#state !== "opening" && this.#state !== "closed") {
      if (now - this.#restartedAt >= ONE_CHANGE_MS) this.#needed(0);
    }
  }

  /** Gives up on an opening that takes too long: without any candidates, a browser never reports a failure. */
  overdue(): void {
    if (this.#state === "opening") this.#heal();
  }

  close(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
  }

  async #doubt(): Promise<void> {
    if (this.#isListening) return;
    this.#isListening = true;
    const hears = await this.steps.hears();
    this.#isListening = false;
    if (!hears && this.#state === "standing") this.#needed(0);
  }

  #needed(inMs: number): void {
    this.#state = "waiting";
    const isOurs = this.role.leads || Date.now() < this.#oursUntil;
    this.#after(inMs + (isOurs ? 0 : FOLLOW_MS), () => this.#restart());
  }

  #restart(): void {
    // When signaling is back, check() is called.
    if (!this.steps.canSignal()) return;
    this.#restartedAt = Date.now();
    this.steps.restart();
    this.#heal();
  }

  #heal(): void {
    this.#state = "healing";
    this.#after(RESTART_MS, () => this.#escalate());
  }

  #escalate(): void {
    if (this.#isConnected) {
      // The restart has changed ways without a break, or there was none to notice yet.
      this.#state = "standing";
      void this.#doubt();
      return;
    }
    this.#state = "waiting";
    if (!this.role.leads) this.#restart();
    else if (this.steps.canSignal()) this.steps.rebuild();
  }

  #after(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, ms);
  }
}
