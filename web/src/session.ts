import { type AccessToken, readAccessToken } from "./access-token";
import type { AccountApi, TokenSource } from "./api";
import { Problem } from "./problem";
import { Store } from "./store";

export interface Identity {
  readonly email: string;
  /** Null for a guest. */
  readonly username: string | null;
  /** Absent for people without a display name. */
  readonly displayName?: string;
  /** When a guest's time ends, in milliseconds of this computer's clock. */
  readonly guestUntil: number | null;
}

export type SessionState =
  /** With `unreachable`, the server has not answered yet and is asked again. */
  | { readonly kind: "restoring"; readonly unreachable?: boolean }
  | { readonly kind: "anonymous" }
  | { readonly kind: "logged-in"; readonly identity: Identity }
  | {
      readonly kind: "over";
      readonly code: string;
      /** The server's sentence; absent where this client knows by itself. */
      readonly message?: string;
      /** Who has logged in instead. */
      readonly who?: string;
    };

export interface SessionEnvironment {
  now(): number;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Runs one refresh at a time over all tabs, since each refresh replaces the cookie. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  after(ms: number, work: () => void): () => void;
}

const TRUST_KEY = "parlour.trust";
/** The id of the session whose token the cookie holds, as far as this browser's tabs know. */
const SESSION_KEY = "parlour.session";
/** A session that ended so may have a successor in the cookie: a login in another tab. */
const MAY_CONTINUE = new Set(["session_replaced", "session_ended"]);
const RENEW_AHEAD_MS = 45_000;
const STALE_WITHIN_MS = 10_000;
const RETRY_MS = 5_000;

export const browserEnvironment: SessionEnvironment = {
  now: () => Date.now(),
  storage: localStorageOrMemory(),
  // Browsers offer the Web Locks API on secure pages only.
  exclusively: async (work) =>
    "locks" in navigator ? await navigator.locks.request("parlour.refresh", () => work()) : work(),
  after: (ms, work) => {
    const timer = setTimeout(work, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

function localStorageOrMemory(): SessionEnvironment["storage"] {
  try {
    localStorage.getItem(TRUST_KEY);
    return localStorage;
  } catch {
    // Without storage nothing tells whether there is a session, so the server is asked at each load.
    const memory = new Map<string, string>([[SESSION_KEY, "unknown"]]);
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
    };
  }
}

/** Compares identities; times may differ by rounding, since tokens count in whole seconds. */
function sameIdentity(a: Identity, b: Identity): boolean {
  const sameTime = Math.abs((a.guestUntil ?? 0) - (b.guestUntil ?? 0)) < 2_000;
  const sameNames = a.username === b.username && a.displayName === b.displayName;
  return a.email === b.email && sameNames && sameTime;
}

/** The login of this tab. The access token is kept here and nowhere else. */
export class Session implements TokenSource {
  readonly state = new Store<SessionState>({ kind: "restoring" });
  readonly trusted: Store<boolean>;
  #token: AccessToken | null = null;
  #renewal: Promise<string | null> | null = null;
  #cancelRenewal: () => void = () => {};
  /** Why the server ended the session, while a successor of it is sought in the cookie. */
  #reason: { code: string; message: string } | null = null;

  constructor(
    private readonly accounts: AccountApi,
    private readonly environment: SessionEnvironment = browserEnvironment,
  ) {
    this.trusted = new Store(environment.storage.getItem(TRUST_KEY) === "yes");
  }

  /**
   * Takes up the session of the cookie after a page load. Scripts cannot see that cookie, so an entry in the
   * storage says whether there is one. A server that does not answer is asked again: silence is no refusal.
   */
  async restore(): Promise<void> {
    if (this.#mayHaveSession()) {
      try {
        await this.renew();
      } catch {
        if (this.state.get().kind !== "restoring") return;
        this.state.set({ kind: "restoring", unreachable: true });
        this.#cancelRenewal();
        this.#cancelRenewal = this.environment.after(RETRY_MS, () => void this.restore());
        return;
      }
    }
    if (this.state.get().kind === "restoring") this.state.set({ kind: "anonymous" });
  }

  #mayHaveSession(): boolean {
    return this.environment.storage.getItem(SESSION_KEY) !== null || this.trusted.get();
  }

  async logIn(username: string, password: string, trust: boolean): Promise<void> {
    const { accessToken } = await this.accounts.logIn(username, password, trust);
    this.#token = null;
    this.#take(accessToken);
    this.trust(trust);
  }

  /** Confirms a registration; true where it logs in too, since the person has proven to be who registered. */
  async verifyClient(token: string, password: string | null): Promise<boolean> {
    const { accessToken } = await this.accounts.verifyClient(token, password);
    if (!accessToken) return false;
    this.#token = null;
    this.#take(accessToken);
    this.trust(false);
    return true;
  }

  /** Logs in as a guest, whose mailbox the link of an invitation has proven. */
  async joinByInvitation(token: string, displayName: string | null): Promise<void> {
    const { accessToken } = await this.accounts.joinByInvitation(token, displayName);
    this.trust(false);
    this.#token = null;
    this.#take(accessToken);
  }

  async verifyGuest(token: string): Promise<void> {
    const { accessToken } = await this.accounts.verifyGuest(token);
    this.trust(false);
    this.#token = null;
    this.#take(accessToken);
  }

  /** Ends this tab's session, even if the cookie names another by now; a newer login of the same person ends too. */
  async logOut(): Promise<void> {
    const token = this.#token?.raw ?? null;
    if (token && !this.#isInCookie()) await this.renew().catch(() => null);
    const last = this.#token?.raw ?? token;
    this.#drop({ kind: "anonymous" });
    await this.accounts.logOut(last).catch(() => {});
  }

  /** Takes note that the server has ended the session: a guest's time is up, the account is gone, … */
  end(code: string, message?: string): void {
    this.#drop({ kind: "over", code, ...(message !== undefined && { message }) });
  }

  /** Takes up the session of a newer login of the same person in another tab; without one, ends as `end` does. */
  async endUnlessReplaced(code: string, message: string): Promise<void> {
    if (!MAY_CONTINUE.has(code)) return this.end(code, message);
    this.#reason = { code, message };
    try {
      await this.renew();
    } catch {
      this.end(code, message);
    } finally {
      this.#reason = null;
    }
  }

  /** Goes on as the person who has logged in in another tab meanwhile. */
  async goOnAsOther(): Promise<void> {
    if (this.state.get().kind !== "over") return;
    this.state.set({ kind: "restoring" });
    await this.restore();
  }

  /** Leaves the page that says that the session is over. */
  acknowledgeEnd(): void {
    if (this.state.get().kind === "over") this.state.set({ kind: "anonymous" });
  }

  trust(trusted: boolean): void {
    if (trusted) this.environment.storage.setItem(TRUST_KEY, "yes");
    else this.environment.storage.removeItem(TRUST_KEY);
    this.trusted.set(trusted);
  }

  async token(): Promise<string | null> {
    if (!this.#token) return null;
    const stale = this.#token.expiresAt - this.environment.now() < STALE_WITHIN_MS;
    return stale ? this.renew() : this.#token.raw;
  }

  /** Renews the token. Concurrent callers share one request; without a login it stays without one. */
  async renew(): Promise<string | null> {
    if (!this.#token && this.state.get().kind !== "restoring") return null;
    this.#renewal ??= this.environment
      .exclusively(() => this.#refresh())
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }

  async #refresh(): Promise<string | null> {
    const before = this.#token;
    const noted = this.environment.storage.getItem(SESSION_KEY);
    try {
      const { accessToken } = await this.accounts.refresh();
      const loggedInMeanwhile = this.#token !== before;
      return loggedInMeanwhile ? (this.#token?.raw ?? null) : this.#take(accessToken);
    } catch (error) {
      const problem = Problem.of(error);
      if (problem.status !== 401 && problem.status !== 403) return this.#retryLater(error);
      // The cookie is worthless, unless another tab has logged in meanwhile.
      if (this.environment.storage.getItem(SESSION_KEY) === noted) this.#forget();
      if (this.#token === before) this.#refused(problem);
      return null;
    }
  }

  #refused({ code, message }: Problem): void {
    const guestUntil = this.#token?.guestUntil ?? null;
    const guestIsOver = guestUntil !== null && guestUntil - this.environment.now() < RETRY_MS;
    // The renewal may have waited for the lock until after the server had ended the session.
    if (!this.#token && this.state.get().kind === "over") return;
    if (!this.#token) this.#drop({ kind: "anonymous" });
    else if (guestIsOver) this.end("guest_expired");
    else this.end(this.#reason?.code ?? code, this.#reason?.message ?? message);
  }

  /** Keeps the present token where the server does not answer: it may still be valid. */
  #retryLater(error: unknown): string {
    if (!this.#token) throw error;
    this.#cancelRenewal();
    this.#cancelRenewal = this.environment.after(RETRY_MS, () => void this.renew().catch(() => {}));
    return this.#token.raw;
  }

  #take(raw: string): string | null {
    const token = readAccessToken(raw, this.environment.now());
    const { email, username, displayName, guestUntil } = token;
    this.environment.storage.setItem(SESSION_KEY, token.session);
    // All tabs share one cookie: a login as someone else in another tab changes whom it names.
    if (this.#token && this.#token.email !== email) {
      this.#drop({ kind: "over", code: "other_account", who: username ?? email });
      return null;
    }
    this.#token = token;
    const identity = { email, username, guestUntil, ...(displayName && { displayName }) };
    const present = this.state.get();
    const same = present.kind === "logged-in" && sameIdentity(present.identity, identity);
    if (!same) this.state.set({ kind: "logged-in", identity });
    this.#renewInTime(token);
    return raw;
  }

  #renewInTime(token: AccessToken): void {
    const left = token.expiresAt - this.environment.now();
    const delay = Math.max(left - RENEW_AHEAD_MS, left / 2, 1000);
    this.#cancelRenewal();
    this.#cancelRenewal = this.environment.after(delay, () => void this.renew().catch(() => {}));
  }

  #forget(): void {
    this.environment.storage.removeItem(SESSION_KEY);
    this.trust(false);
  }

  #isInCookie(): boolean {
    return this.environment.storage.getItem(SESSION_KEY) === this.#token?.session;
  }

  #drop(state: SessionState): void {
    this.#cancelRenewal();
    if (this.#token && this.#isInCookie()) this.#forget();
    this.#token = null;
    this.state.set(state);
  }
}
