import { withBasePath } from "./base-path";
import { Problem } from "./problem";
import { catalogues } from "./texts/browser-texts";
import type {
  AccountExport,
  AttendanceList,
  CallEntry,
  CallList,
  ClientConfirmation,
  ClientRegistration,
  Configuration,
  ConfirmedClient,
  Diagnosis,
  DiagnosisPermission,
  IceServers,
  InvitationAcceptance,
  InvitationEntry,
  InvitationOutcome,
  InvitationSummary,
  LinkStatus,
  LinkToken,
  MessagePage,
  NewEvent,
  NewRoom,
  RecordingList,
  RefreshedSession,
  RoomChange,
  RoomCheck,
  RoomCreation,
  RoomEntrance,
  RoomEntry,
  SessionEntry,
} from "./wire.gen";

export interface TokenSource {
  /** A token that stays valid for some seconds at least; null while nobody is logged in. */
  token(): Promise<string | null>;
  /** Fetches a new token, even if the present one still seems valid. */
  renew(): Promise<string | null>;
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  body?: unknown;
  token?: string | null;
  credentials?: RequestCredentials;
}

/**
 * The longest time for a request and its answer. A connection that broke unheard keeps a request for minutes, and with it
 * what waits for a new token.
 */
const LONGEST_REQUEST_MS = 30_000;

async function ask(fetch: Fetch, { method, path, body, token, credentials }: ApiRequest) {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const ending = new AbortController();
  const { signal } = ending;
  const init: RequestInit = { method, headers, credentials: credentials ?? "omit", signal };
  if (body !== undefined) init.body = JSON.stringify(body);
  const timer = setTimeout(() => ending.abort(), LONGEST_REQUEST_MS);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(path, init);
    answer = await readJson(response);
  } catch {
    throw Problem.unreachable();
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) throw Problem.from(response.status, answer);
  return answer;
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The mails that a request causes are in the language of the interface, which may be another than the browser's. */
const defaultFetch: Fetch = (path, init) => {
  const headers = new Headers(init.headers);
  headers.set("Accept-Language", catalogues.texts.get().language);
  return fetch(withBasePath(path), { ...init, headers });
};

/** Requests that work without a login. They alone send the refresh cookie. */
export class AccountApi {
  constructor(private readonly fetch: Fetch = defaultFetch) {}

  async config(): Promise<Configuration> {
    return (await ask(this.fetch, { method: "GET", path: "/config" })) as Configuration;
  }

  async registerClient(account: ClientRegistration) {
    const credentials = "same-origin"; // keeps the cookie by which the link knows this browser again
    await ask(this.fetch, { method: "POST", path: "/client", body: account, credentials });
  }

  async registerGuest(email: string, displayName: string | null = null) {
    await ask(this.fetch, { method: "POST", path: "/guest", body: { email, displayName } });
  }

  async sendVerificationAgain(email: string) {
    const credentials = "same-origin";
    await ask(this.fetch, { method: "POST", path: "/verification", body: { email }, credentials });
  }

  /** Reads the state of a mailed link without using it. */
  async link(token: string): Promise<LinkStatus> {
    const body: LinkToken = { token };
    const credentials = "same-origin"; // the browser that registered needs no password
    return (await ask(this.fetch, {
      method: "POST",
      path: "/link",
      body,
      credentials,
    })) as LinkStatus;
  }

  /**
   * Confirms a registration. The answer has an access token if the password is right or this browser registered;
   * the server refuses with `registration_not_proven` where only the password can tell who registered.
   */
  async verifyClient(token: string, password: string | null): Promise<ConfirmedClient> {
    const path = `/client/verify?token=${encodeURIComponent(token)}`;
    const body: ClientConfirmation = { password, log_in: true };
    return (await ask(this.fetch, {
      method: "PUT",
      path,
      body,
      credentials: "same-origin",
    })) as ConfirmedClient;
  }

  /** Reads who invites to which room, by the token of the mailed link. */
  async invitation(token: string): Promise<InvitationSummary> {
    const body: LinkToken = { token };
    return (await ask(this.fetch, {
      method: "POST",
      path: "/invitation/link",
      body,
    })) as InvitationSummary;
  }

  async joinByInvitation(token: string, displayName: string | null): Promise<RefreshedSession> {
    const body: InvitationAcceptance = { token, displayName };
    return this.#withCookie({ method: "POST", path: "/invitation/guest", body });
  }

  async forgotPassword(email: string) {
    await ask(this.fetch, { method: "POST", path: "/password/forgotten", body: { email } });
  }

  async resetPassword(token: string, password: string) {
    await ask(this.fetch, { method: "PUT", path: "/password/reset", body: { token, password } });
  }

  async verifyEmail(token: string) {
    await ask(this.fetch, { method: "PUT", path: "/email/verify", body: { token } });
  }

  async stopEmailChange(token: string) {
    await ask(this.fetch, { method: "PUT", path: "/email/stop", body: { token } });
  }

  async verifyGuest(token: string): Promise<RefreshedSession> {
    const path = `/guest/verify?token=${encodeURIComponent(token)}`;
    return this.#withCookie({ method: "PUT", path });
  }

  /** `remember` keeps the login when the browser is closed. */
  async logIn(username: string, password: string, remember: boolean): Promise<RefreshedSession> {
    const body = { username, password, remember_device: true, remember };
    return this.#withCookie({ method: "POST", path: "/client/login", body });
  }

  async refresh(): Promise<RefreshedSession> {
    return this.#withCookie({ method: "GET", path: "/refresh" });
  }

  /** Ends the session of the access token. A cookie that another tab's login has set since stays. */
  async logOut(token: string | null): Promise<void> {
    const credentials = "same-origin";
    await ask(this.fetch, { method: "PUT", path: "/logout", token, credentials });
  }

  async #withCookie(request: ApiRequest): Promise<RefreshedSession> {
    return (await ask(this.fetch, { ...request, credentials: "same-origin" })) as RefreshedSession;
  }
}

/** Requests that need a login. */
export class Api {
  constructor(
    private readonly tokens: TokenSource,
    private readonly fetch: Fetch = defaultFetch,
  ) {}

  /** Reads a page of the rooms that this person may see, by name; `after` is the last name of the page before. */
  async rooms(page: Omit<RoomCheck, "username"> = {}): Promise<RoomEntry[]> {
    return (await this.#ask({ method: "POST", path: "/room/check", body: page })) as RoomEntry[];
  }

  /** Reads who is in the calls of some rooms, as far as this person may know. */
  async callsIn(rooms: readonly string[]): Promise<CallEntry[]> {
    const answer = await this.#ask({ method: "POST", path: "/room/people", body: { rooms } });
    return (answer as CallList).calls;
  }

  async mayCreateRooms(): Promise<boolean> {
    const answer = await this.#ask({ method: "GET", path: "/room/creation" });
    return (answer as RoomCreation).allowed;
  }

  async createRoom(room: NewRoom) {
    await this.#ask({ method: "POST", path: "/room", body: room });
  }

  /** Asks how this person gets into a room. */
  async entrance(name: string): Promise<RoomEntrance> {
    const path = `/room/entry?name=${encodeURIComponent(name)}`;
    return (await this.#ask({ method: "GET", path })) as RoomEntrance;
  }

  async enterByPassword(name: string, password: string) {
    await this.#ask({ method: "POST", path: "/room/access", body: { name, password } });
  }

  /** What is absent stays as it is. */
  async changeRoom(change: RoomChange) {
    await this.#ask({ method: "POST", path: "/room/change", body: change });
  }

  async removeRoom(room: string) {
    await this.#ask({ method: "POST", path: "/room/remove", body: { room } });
  }

  async makeEvent(event: NewEvent) {
    await this.#ask({ method: "POST", path: "/event", body: event });
  }

  async invite(room: string, email: readonly string[]): Promise<InvitationOutcome> {
    const answer = await this.#ask({ method: "POST", path: "/invitation", body: { email, room } });
    return { invited: [...email], rejected: [], ...(answer as Partial<InvitationOutcome>) };
  }

  async takeBackInvitation(room: string, email: string) {
    await this.#ask({ method: "POST", path: "/invitation/remove", body: { room, email } });
  }

  async invitations(room: string): Promise<InvitationEntry[]> {
    const path = `/invitation?room=${encodeURIComponent(room)}`;
    const answer = await this.#ask({ method: "GET", path });
    return (answer as { invitations: InvitationEntry[] }).invitations;
  }

  /** Reads a page, oldest first; `after` is the `next` of the page before. */
  async attendance(room: string, after?: number): Promise<AttendanceList> {
    const query = new URLSearchParams({ room });
    if (after !== undefined) query.set("after", String(after));
    return (await this.#ask({ method: "GET", path: `/event/log?${query}` })) as AttendanceList;
  }

  /** The recordings of a room of one's own, the newest first; `before` is when the last one that is known began. */
  async recordings(room: string, before?: string): Promise<RecordingList> {
    const query = new URLSearchParams({ room, ...(before && { before }) });
    const request = { method: "GET", path: `/recordings?${query}` } as const;
    return (await this.#ask(request)) as RecordingList;
  }

  async removeRecording(recording: string) {
    await this.#ask({ method: "POST", path: "/recording/remove", body: { recording } });
  }

  async messages(room: string, { before, limit = 50 }: { before?: string; limit?: number } = {}) {
    const query = new URLSearchParams({ roomname: room, limit: String(limit), deleted: "true" });
    if (before) query.set("before", before);
    return (await this.#ask({ method: "GET", path: `/message?${query}` })) as MessagePage;
  }

  async sessions(): Promise<SessionEntry[]> {
    const answer = await this.#ask({ method: "GET", path: "/session" });
    return (answer as { sessions: SessionEntry[] }).sessions;
  }

  async endSession(id: string) {
    await this.#ask({ method: "DELETE", path: `/session/${encodeURIComponent(id)}` });
  }

  async rememberSession(remember: boolean) {
    await this.#ask({ method: "PUT", path: "/session", body: { remember } });
  }

  async endOtherSessions() {
    await this.#ask({ method: "DELETE", path: "/session" });
  }

  async changePassword(password: string, newPassword: string) {
    const body = { password, new_password: newPassword };
    await this.#ask({ method: "PUT", path: "/client/password", body });
  }

  /** Null removes the display name. */
  async changeName(displayName: string | null) {
    await this.#ask({ method: "PUT", path: "/account/name", body: { displayName } });
  }

  async changeEmail(email: string, password: string) {
    await this.#ask({ method: "PUT", path: "/client/email", body: { email, password } });
  }

  async exportAccount(): Promise<AccountExport> {
    return (await this.#ask({ method: "GET", path: "/account/export" })) as AccountExport;
  }

  async deleteAccount(password: string) {
    await this.#ask({ method: "POST", path: "/account/deletion", body: { password } });
  }

  /** Whether this person administers the server. */
  async administers(): Promise<boolean> {
    const answer = await this.#ask({ method: "GET", path: "/diagnosis/permission" });
    return (answer as DiagnosisPermission).allowed;
  }

  async diagnosis(): Promise<Diagnosis> {
    return (await this.#ask({ method: "GET", path: "/diagnosis" })) as Diagnosis;
  }

  /** Starts a diagnosis of the server, unless one is under way. */
  async diagnose(): Promise<Diagnosis> {
    return (await this.#ask({ method: "POST", path: "/diagnosis" })) as Diagnosis;
  }

  async ice(): Promise<IceServers> {
    return (await this.#ask({ method: "GET", path: "/ice" })) as IceServers;
  }

  /** Sends a request; where the server rejects the access token, it is renewed and the request sent once more. */
  async #ask(request: ApiRequest): Promise<unknown> {
    const token = await this.tokens.token();
    try {
      return await ask(this.fetch, { ...request, token });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401 || !token) throw error;
      // This 401 rejects the room's password, not the token.
      if (error.code.includes("password")) throw error;
      const renewed = await this.tokens.renew();
      if (!renewed) throw error;
      return ask(this.fetch, { ...request, token: renewed });
    }
  }
}
