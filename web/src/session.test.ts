import { beforeEach, describe, expect, it } from "vitest";
import { AccountApi, Api, type Fetch } from "./api";
import { Session, type SessionEnvironment, type SessionState } from "./session";

const NOW = Date.UTC(2026, 0, 1, 12);

function jwt(claims: object): string {
  const part = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part({ alg: "HS256" })}.${part(claims)}.signature`;
}

/** A server that knows ann, whose tokens last as long as `lifetime` says. */
class Backend {
  now = NOW;
  lifetime = 900;
  who: { email: string; username?: string; guest_until?: number; sid?: string } = {
    email: "ann@example.org",
    username: "ann",
    sid: "ann-1",
  };
  loggedOut: string | null = null;
  refusal: { status: number; code: string } | null = null;
  down = false;
  readonly calls: string[] = [];
  readonly timers: { ms: number; work: () => void }[] = [];
  readonly kept = new Map<string, string>();
  #issued = 0;

  readonly fetch: Fetch = async (url, init) => {
    const authorization = new Headers(init.headers).get("Authorization");
    this.calls.push(`${init.method} ${url} ${init.credentials}`);
    if (url === "/logout") this.loggedOut = authorization;
    await Promise.resolve();
    if (this.down) throw new TypeError("Failed to fetch");
    if (url === "/refresh" && this.refusal) {
      const { status, code } = this.refusal;
      return Response.json({ code, message: "No." }, { status });
    }
    if (url === "/refresh" || url === "/client/login") {
      return Response.json({ accessToken: this.issue(), ...this.who });
    }
    if (url === "/logout") return new Response(null, { status: 204 });
    const good = authorization === `Bearer ${this.latest}`;
    if (!good) return Response.json({ code: "invalid_token", message: "No." }, { status: 401 });
    return Response.json([]);
  };

  exclusively: SessionEnvironment["exclusively"] = (work) => work();

  latest = "";

  issue(): string {
    const iat = Math.floor(this.now / 1000);
    const jti = ++this.#issued;
    this.latest = jwt({ ...this.who, iat, exp: iat + this.lifetime, jti });
    return this.latest;
  }

  readonly environment: SessionEnvironment = {
    now: () => this.now,
    storage: {
      getItem: (key) => this.kept.get(key) ?? null,
      setItem: (key, value) => void this.kept.set(key, value),
      removeItem: (key) => void this.kept.delete(key),
    },
    exclusively: (work) => this.exclusively(work),
    after: (ms, work) => {
      const timer = { ms, work };
      this.timers.push(timer);
      return () => this.timers.splice(this.timers.indexOf(timer), 1);
    },
  };

  refreshes(): number {
    return this.calls.filter((call) => call.startsWith("GET /refresh")).length;
  }
}

let backend: Backend;
let session: Session;
let api: Api;

beforeEach(() => {
  backend = new Backend();
  session = new Session(new AccountApi(backend.fetch), backend.environment);
  api = new Api(session, backend.fetch);
});

const kind = () => session.state.get().kind;
/** Of the same browser. */
const anotherTab = () => new Session(new AccountApi(backend.fetch), backend.environment);

function until(tab: Session, kind: SessionState["kind"]): Promise<void> {
  return new Promise((done) => {
    const look = () => tab.state.get().kind === kind && done();
    tab.state.subscribe(look);
    look();
  });
}

describe("a page load", () => {
  it("asks nothing where nobody has logged in", async () => {
    await session.restore();
    expect(backend.calls).toEqual([]);
    expect(kind()).toBe("anonymous");
  });

  it.each([true, false])("takes up the session, trusted: %s", async (trust) => {
    await session.logIn("ann", "secret", trust);
    const reloaded = anotherTab();
    await reloaded.restore();
    expect(reloaded.state.get()).toMatchObject({
      kind: "logged-in",
      identity: { email: "ann@example.org", username: "ann" },
    });
  });

  it("takes up a session of before there was a note of it", async () => {
    backend.kept.set("parlour.trust", "yes");
    const reloaded = anotherTab();
    await reloaded.restore();
    expect(reloaded.state.get().kind).toBe("logged-in");
  });

  it("asks nothing after logging out", async () => {
    await session.logIn("ann", "secret", true);
    await session.logOut();
    const asked = backend.refreshes();
    await anotherTab().restore();
    expect(backend.refreshes()).toBe(asked);
  });

  it("goes on asking where the server does not answer", async () => {
    await session.logIn("ann", "secret", false);
    const reloaded = anotherTab();
    backend.down = true;
    await reloaded.restore();
    expect(reloaded.state.get()).toEqual({ kind: "restoring", unreachable: true });
    backend.down = false;
    backend.timers.at(-1)?.work();
    await until(reloaded, "logged-in");
  });

  it("is an anonymous one where that session is over", async () => {
    backend.kept.set("parlour.trust", "yes");
    session = new Session(new AccountApi(backend.fetch), backend.environment);
    backend.refusal = { status: 403, code: "session_over" };
    await session.restore();
    expect(kind()).toBe("anonymous");
  });
});

describe("refreshing", () => {
  it("happens once, however many need it", async () => {
    await session.logIn("ann", "secret", false);
    backend.now += 895_000;
    const tokens = await Promise.all([session.token(), session.token(), session.renew()]);
    expect(backend.refreshes()).toBe(1);
    expect(new Set(tokens)).toEqual(new Set([backend.latest]));
  });

  it("happens in time, by itself", async () => {
    await session.logIn("ann", "secret", false);
    const [timer] = backend.timers;
    expect(timer?.ms).toBe(855_000);
    backend.now += 855_000;
    timer?.work();
    await session.token();
    await Promise.resolve();
    expect(backend.refreshes()).toBe(1);
  });

  it("is tried once where the server refuses a token", async () => {
    await session.logIn("ann", "secret", false);
    backend.issue();
    await Promise.all([api.rooms(), api.rooms(), api.rooms()]);
    expect(backend.refreshes()).toBe(1);
    expect(backend.calls.filter((call) => call.startsWith("POST /room/check"))).toHaveLength(6);
  });

  it("keeps the session while the server cannot be reached", async () => {
    await session.logIn("ann", "secret", false);
    backend.down = true;
    await session.renew();
    expect(kind()).toBe("logged-in");
    expect(backend.timers.at(-1)?.ms).toBe(5000);
  });

  it("ends the session where the server says so", async () => {
    await session.logIn("ann", "secret", true);
    backend.refusal = { status: 403, code: "session_over" };
    expect(await session.renew()).toBeNull();
    expect(session.state.get()).toEqual({ kind: "over", code: "session_over", message: "No." });
    expect(session.trusted.get()).toBe(false);
  });

  it("does not turn one person into another", async () => {
    await session.logIn("ann", "secret", false);
    backend.who = { email: "bob@example.org", username: "bob", sid: "bob-1" };
    expect(await session.renew()).toBeNull();
    expect(session.state.get()).toMatchObject({ kind: "over", code: "other_account" });
    await session.goOnAsOther();
    expect(session.state.get()).toMatchObject({ kind: "logged-in", identity: { username: "bob" } });
  });

  it("takes up the login of another tab as the same person", async () => {
    await session.logIn("ann", "secret", false);
    backend.who = { ...backend.who, sid: "ann-2" };
    await session.endUnlessReplaced("session_replaced", "You have logged in again.");
    expect(kind()).toBe("logged-in");
    expect(await session.token()).toBe(backend.latest);
  });

  it("makes nobody of who was told that the session is over, nor somebody else", async () => {
    await session.logIn("ann", "secret", false);
    session.end("account_deleted", "Gone.");
    backend.who = { email: "bob@example.org", username: "bob", sid: "bob-1" };
    expect(await session.renew()).toBeNull();
    expect(session.state.get()).toMatchObject({ kind: "over", code: "account_deleted" });
  });

  it("ends where a session that was ended has no successor", async () => {
    await session.logIn("ann", "secret", false);
    backend.refusal = { status: 403, code: "session_over" };
    await session.endUnlessReplaced("session_ended", "Ended elsewhere.");
    expect(session.state.get()).toEqual({
      kind: "over",
      code: "session_ended",
      message: "Ended elsewhere.",
    });
  });
});

describe("logging out", () => {
  it("ends the session of this tab, and leaves another tab's alone", async () => {
    await session.logIn("ann", "secret", false);
    const anns = backend.latest;
    const bobs = anotherTab();
    backend.who = { email: "bob@example.org", username: "bob", sid: "bob-1" };
    await bobs.logIn("bob", "secret", true);
    await session.logOut();
    expect(backend.loggedOut).toBe(`Bearer ${anns}`);
    const reloaded = anotherTab();
    await reloaded.restore();
    expect(reloaded.state.get()).toMatchObject({ identity: { username: "bob" } });
    expect(reloaded.trusted.get()).toBe(true);
  });

  it("ends the session that the cookie has where it is the same person's", async () => {
    await session.logIn("ann", "secret", false);
    backend.who = { ...backend.who, sid: "ann-2" };
    await anotherTab().logIn("ann", "secret", false);
    await session.logOut();
    expect(backend.loggedOut).toBe(`Bearer ${backend.latest}`);
  });
});

it("tells a guest that the time is over", async () => {
  backend.who = { email: "gus@example.org", guest_until: NOW / 1000 + 60 };
  await session.logIn("gus@example.org", "", false);
  backend.now += 60_000;
  backend.refusal = { status: 403, code: "guest_expired" };
  await session.renew();
  expect(session.state.get()).toMatchObject({ kind: "over", code: "guest_expired" });
});

it("keeps saying why it ended where a renewal comes after the end", async () => {
  await session.logIn("ann", "secret", false);
  backend.refusal = { status: 401, code: "invalid_token" };
  let turn = () => {};
  backend.exclusively = (work) =>
    new Promise<void>((resolve) => {
      turn = resolve;
    }).then(work);
  const renewal = session.renew();
  session.end("guest_expired", "Your time as a guest is over.");
  turn();
  await renewal;
  expect(session.state.get()).toMatchObject({ kind: "over", code: "guest_expired" });
});

it("measures by the server's clock where this computer's is wrong", async () => {
  backend.now += 3 * 3600 * 1000;
  const token = backend.issue();
  expect(token).toBeTruthy();
  backend.now -= 3 * 3600 * 1000;
  await session.logIn("ann", "secret", false);
  expect(backend.timers[0]?.ms).toBe(855_000);
});

it("sends cookies where they are needed and nowhere else", async () => {
  await session.logIn("ann", "secret", false);
  await api.rooms();
  await session.renew();
  await session.logOut();
  expect(backend.calls).toEqual([
    "POST /client/login same-origin",
    "POST /room/check omit",
    "GET /refresh same-origin",
    "PUT /logout same-origin",
  ]);
  expect(kind()).toBe("anonymous");
});
