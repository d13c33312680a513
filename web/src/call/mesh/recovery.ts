import type { HealthCheckReason } from "../topology";

export interface RecoverySteps {
  /** New ways through the network for the connection that there is. */
  restart(): void;
  /** Another connection in its place. */
  rebuild(): void;
  /** Offers travel over signaling: while that is down no step leads anywhere. */
  canSignal(): boolean;
}

export interface RecoveryRole {
  /** This side acts first and alone may rebuild, so that two cures do not cross. */
  readonly leads: boolean;
  /** The connection takes the place of one that could not be healed. */
  readonly replaces: boolean;
}

/** Short losses heal by themselves. */
export const PATIENCE_MS = 2_000;
/** The side that does not lead steps in where the other one does nothing. */
export const FOLLOW_MS = 1_500;
/** How long after a disturbance of the network a loss is taken for one that does not heal by itself. */
export const ALERT_MS = 15_000;
/** A restart that has not connected by then will not. */
export const RESTART_MS = 8_000;

/** Decides what is done, and when, for a connection that does not stand. */
export class Recovery {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #alertUntil = 0;
  #state: "standing" | "opening" | "waiting" | "healing" = "opening";

  constructor(
    private readonly steps: RecoverySteps,
    private readonly role: RecoveryRole,
  ) {
    if (role.replaces) this.#heal();
  }

  follow(state: RTCPeerConnectionState): void {
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
   * Something changed: the network, the line to the server, or the computer woke up. An opening
   * connection is left alone, unless what opens it may be lost.
   */
  check(reason: HealthCheckReason): void {
    this.#alertUntil = Date.now() + ALERT_MS;
    if (this.#state === "waiting" || this.#state === "healing") this.#needed(0);
    else if (this.#state === "opening" && reason === "signals-lost") this.#heal();
  }

  /** Opening takes longer than it ever should: a browser that finds no candidates at all never fails. */
  overdue(): void {
    if (this.#state === "opening") this.#heal();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #needed(inMs: number): void {
    this.#state = "waiting";
    this.#after(inMs + (this.role.leads ? 0 : FOLLOW_MS), () => this.#restart());
  }

  #restart(): void {
    // Back on the line, somebody calls check().
    if (!this.steps.canSignal()) return;
    this.steps.restart();
    this.#heal();
  }

  #heal(): void {
    this.#state = "healing";
    this.#after(RESTART_MS, () => this.#escalate());
  }

  #escalate(): void {
    this.#state = "waiting";
    if (!this.role.leads) this.#restart();
    else if (this.steps.canSignal()) this.steps.rebuild();
  }

  #after(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, ms);
  }
}
