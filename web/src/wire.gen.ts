// Generated from src/parlour/wire by `make generate`. Do not edit.

/** The acknowledgement of an event that was carried out. */
export interface Accepted {
  ok: true;
}

export interface AccountDeletion {
  /** The caller's current password. */
  password: string;
}

/** Everything the server keeps about the caller, except hashes of secrets. */
export interface AccountExport {
  account: ExportedAccount;
  sessions: SessionEntry[];
  /** The rooms that the caller created. */
  rooms: ExportedRoom[];
  invitations: ExportedInvitation[];
  messages: StoredMessage[];
  attendance: ExportedVisit[];
  /** The recordings in which the caller has agreed to be. */
  recording_consents: ExportedConsent[];
}

/** Somebody to connect to. Exactly one side of each pair is told to make the offer. */
export interface AddPeer {
  peerID: string;
  peerUsername: string;
  createOffer: boolean;
  peerDisplayName?: string;
  memberKey?: string;
}

export interface Admission {
  /** The caller has to enter the room's password first. */
  needs_password: boolean;
}

export interface Attendance {
  email: string;
  username: string;
  joined_at: string;
  left_at: string | null;
  /** Absent if there is none. */
  displayName?: string | null;
}

/** Oldest first. */
export interface AttendanceList {
  attendance: Attendance[];
  /** Pass it as `after` to get the next page. Absent on the last page. */
  next?: number | null;
}

export interface BanEntry {
  email: string;
  banned_at: string;
}

export interface BanList {
  bans: BanEntry[];
}

/** Remove the person behind a peer from the room; only its creator may. */
export interface BanPeer {
  peerID: string;
}

/** Somebody came to the call that this socket asked about, or went, or began or ended recording; once for each `prepare`. */
export interface CallChanged {
  room: string;
}

/** A call that the caller may join. */
export interface CallEntry {
  room: string;
  /** How many are in it; who is in it twice counts twice. */
  count: number;
  /** The first three of them. */
  people: CallPerson[];
}

export interface CallList {
  calls: CallEntry[];
}

export interface CallPerson {
  username: string;
  /** Absent if there is none. */
  displayName?: string | null;
}

/** The server records the call from now on, or does so no longer. Who does not want to be recorded leaves, or stays without consent. `join` and `prepare` tell it, too. */
export interface CallRecording {
  recording: ServerRecording | null;
}

/** How the media of this call travel from now on. The new way is opened beside the one before, which ends when this is said again with `settled: true`. */
export interface CallTopology {
  epoch: string;
  kind: "mesh" | "sfu";
  channels: boolean;
  settled: boolean;
  url?: string;
  token?: string;
  ttl?: number;
  encrypted?: boolean;
}

/** An ICE candidate from a peer. */
export interface CandidateFromPeer {
  peerID: string;
  iceCandidate: IceCandidate;
}

/** A chat message of the room, stored. */
export interface ChatFromPeer {
  message_id: string;
  room: string;
  username: string;
  email: string;
  message: string;
  sent_at: string;
  displayName?: string | null;
  reply_to?: string | null;
  quote?: ChatQuote | null;
  edited_at?: string | null;
  deleted_at?: string | null;
}

/** The beginning of a message that another one answers; empty if it was deleted. */
export interface ChatQuote {
  username: string;
  message: string;
  displayName?: string | null;
}

/** The acknowledgement of `chat-message` and of changes of a message, after the commit. */
export interface ChatStored {
  message: ChatFromPeer;
  ok: true;
}

export interface ClientAddress {
  address: string;
}

/** Optional: the link and the browser that registered are usually enough. */
export interface ClientConfirmation {
  /** The password chosen at registration; needed after `registration_not_proven`. */
  password?: string | null;
  /** Also log in, if this browser registered or the password is given. The session ends with the browser, as with `remember: false`. If absent, nobody is logged in. */
  log_in?: boolean | null;
}

export interface ClientRegistration {
  email: string;
  username: string;
  password: string;
  /** If absent, the username is shown. */
  displayName?: string | null;
}

/** What a web client needs to know before anyone logs in. */
export interface Configuration {
  version: string;
  /** The address that people open. */
  public_url: string;
  /** The origins whose pages can use the server; calls don't work elsewhere. */
  origins: string[];
  /** Emails are shown at /dev/mail. */
  dev_mail: boolean;
  /** How many seconds a guest can stay. */
  guest_ttl: number;
  /** How many seconds a verification link works. */
  verification_ttl: number;
  /** How many seconds a password reset link works. */
  password_reset_ttl: number;
  /** How many people can be in one call at a time. */
  people_per_call: number;
  /** Who can create an account: anyone, people invited to a room, people with an address at one of `registration_domains`, or nobody. Unless it is `open`, guests need an invitation or such an address. */
  registration: "open" | "invitation" | "domains" | "closed";
  registration_domains: string[];
  /** Who can create rooms: everyone with an account, some of them, or nobody. */
  room_creation: "clients" | "listed" | "nobody";
  /** Rooms are also listed to people who are not logged in. */
  public_room_list: boolean;
  /** There is a TURN server, so rooms can be made to use it alone. */
  relay: boolean;
  /** There is an SFU, so rooms can say whether their calls use it. */
  sfu: boolean;
  /** The address of whoever helps people with this server. */
  contact: string | null;
  /** The server can record calls. */
  recording: boolean;
}

/** Empty, unless the caller asked to be logged in and was: then it is the answer of a login. */
export interface ConfirmedClient {
  accessToken?: string | null;
  email?: string | null;
  username?: string | null;
  /** Absent if there is none. */
  displayName?: string | null;
}

/** The `auth` of a CONNECT; without a token, the cookie of the handshake counts. */
export interface ConnectAuth {
  token?: string | null;
}

/** Say that one may be recorded by the server, in the call that one is in; again is harmless. */
export interface ConsentToRecording {
  recordingID: string;
}

/** Delete a message that one wrote in the room one is in. */
export interface DeleteMessage {
  message_id: string;
}

/** A session description from a peer. */
export interface DescriptionFromPeer {
  peerID: string;
  peerUsername: string;
  sessionDescription: SessionDescription;
}

/** The last run of `parlour doctor` on this server. */
export interface Diagnosis {
  /** When the run that is under way began; null if none. */
  running_since: string | null;
  /** When the last run ended; null before the first. */
  ended_at: string | null;
  findings: DoctorFinding[];
}

export interface DiagnosisPermission {
  /** Whether the caller is an administrator of this server. */
  allowed: boolean;
}

/** What `parlour doctor` has found, in English. */
export interface DoctorFinding {
  /** What was looked at. */
  check: string;
  verdict: "ok" | "warning" | "failed" | "skipped";
  says: string;
  /** What to do about it; empty if nothing has to be done. */
  todo: string;
}

/** Replace the text of a message that one wrote in the room one is in. */
export interface EditMessage {
  message_id: string;
  message: string;
}

export interface EmailChange {
  email: string;
  /** The caller's current password. */
  password: string;
}

/** End a visit that was left while its connection was lost; the visit of this connection stays. */
export interface EndVisit {
  resume: string;
}

export interface EventMove {
  /** The caller's own; can be absent. */
  email?: string | null;
  /** The event's room. */
  name: string;
  /** "j" joined, "l" left */
  move: "j" | "l";
}

/** When an event takes place. */
export interface EventTime {
  /** When the event starts: RFC 3339 with an offset, which emails to invitees mention. Null takes its time away; if absent, its time stays as it is. */
  starts_at?: string | null;
  /** How long it lasts from `starts_at`, without which it means nothing. */
  duration_minutes?: number | null;
}

export interface ExportedAccount {
  email: string;
  /** Null for a guest. */
  username: string | null;
  /** Absent if there is none. */
  displayName?: string | null;
  created_at: string;
  verified_at: string | null;
  last_login_at: string | null;
  guest_until: string | null;
  /** Of mails, such as `de`; absent if none was asked for. */
  language?: string | null;
}

export interface ExportedConsent {
  /** A recording that the server has made of a call. */
  recording: string;
  /** Null once the room is removed. */
  room: string | null;
  given_at: string;
}

export interface ExportedInvitation {
  room: string;
  invited_at: string;
}

export interface ExportedRoom {
  name: string;
  description: string;
  created_at: string;
  event: boolean;
  /** When the event starts; absent if it has no time. */
  starts_at?: string | null;
  /** How long the event lasts; absent if that is not known. */
  duration_minutes?: number | null;
}

export interface ExportedVisit {
  room: string;
  joined_at: string;
  left_at: string | null;
}

export interface FieldProblem {
  /** Dotted path of the field, such as `email.0`. */
  field: string;
  message: string;
  /** A stable snake_case word, for faults that only the server can tell. */
  code?: string | null;
}

export interface ForgottenPassword {
  email: string;
}

export interface GuestRegistration {
  email: string;
  /** If absent, Guest is shown. */
  displayName?: string | null;
}

export interface Health {
  status: "ok" | "draining";
}

/** RTCIceCandidateInit (W3C WebRTC, section 4.8); an empty candidate ends the candidates. */
export interface IceCandidate {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

/** The STUN and TURN servers for connections of this call, as `GET /ice` gives them. */
export interface IceConfiguration {
  iceServers: IceServerEntry[];
  ttl?: number;
  iceTransportPolicy?: "relay";
}

/** A member of RTCConfiguration.iceServers (W3C WebRTC). */
export interface IceServer {
  urls: string[];
  username?: string | null;
  credential?: string | null;
}

/** A member of RTCConfiguration.iceServers (W3C WebRTC); STUN servers have no credential. */
export interface IceServerEntry {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface IceServers {
  iceServers: IceServer[];
  /** When the TURN credentials expire; null without TURN. */
  expires_at: string | null;
  /** The seconds until then, for clocks that are wrong. */
  ttl?: number | null;
  /** Media go through TURN alone in all calls of this server; absent otherwise. */
  iceTransportPolicy?: "relay" | null;
}

export interface InvitationAcceptance {
  /** The token at the end of the link in the email. */
  token: string;
  /** If absent, Guest is shown. */
  displayName?: string | null;
}

export interface InvitationCheck {
  email: string;
  room: string;
}

export interface InvitationEntry {
  email: string;
  /** Null where the address has no client account. */
  username: string | null;
  /** Absent if there is none. */
  displayName?: string | null;
}

export interface InvitationList {
  invitations: InvitationEntry[];
}

export interface InvitationOutcome {
  invited: string[];
  /** Entries that weren't email addresses. */
  rejected: string[];
}

export interface InvitationRemoval {
  room: string;
  email: string;
}

export interface InvitationSummary {
  room: string;
  event: boolean;
  /** The username of the room's creator. */
  inviter: string;
  /** Null where it is the username. */
  inviterDisplayName: string | null;
  /** The invited address. */
  email: string;
  /** The address belongs to a client, who has to log in. */
  has_account: boolean;
  /** When the event starts; absent if it has no time. */
  starts_at?: string | null;
  /** How long the event lasts; absent if that is not known. */
  duration_minutes?: number | null;
}

/** Enter the call of a room. Identity comes from the login, never from `username`. */
export interface Join {
  room: string;
  username?: string | null;
  resumable?: boolean;
  resume?: string | null;
  known?: string[];
  received?: number | null;
  offers?: OfferSdp[];
  topologies?: string[];
  attempt?: string | null;
  memberKey?: string | null;
}

/** The acknowledgement of `join`: who one is in the call, and who is there already. The last members are for those who asked for a resumable visit. */
export interface Joined {
  room: string;
  peerID: string;
  peers: PeerEntry[];
  ok: true;
  resume?: string;
  grace?: number;
  resumed?: boolean;
  received?: number | null;
  topology?: "mesh";
  move?: CallTopology;
  offered?: string[];
  recording?: ServerRecording;
  ice?: IceConfiguration;
}

export interface LinkStatus {
  purpose: "client" | "guest" | "password" | "email" | "stop_email";
  /** `used`: it has been used, or is void because of a newer link or the end of its account. `disabled`: the account can't log in or get a new password. */
  state: "valid" | "expired" | "used" | "disabled";
  /** The address that it is about, if still known. */
  email: string | null;
  /** Confirming needs the password chosen at registration. */
  password_needed: boolean;
}

export interface LinkToken {
  /** The token at the end of the link in the email. */
  token: string;
}

export interface Login {
  /** The username or the email. */
  username: string;
  password: string;
  /** Set the cookie `parlour-device`: others' wrong passwords don't delay logins from here. */
  remember_device?: boolean | null;
  /** True, or absent: the session outlives the browser. False: the cookie ends with the browser, and the session after an hour without use. Either value replaces the session that the request's cookie names. */
  remember?: boolean | null;
}

/** Somebody has come to the call to whom no connection is to be made: their media come through an SFU. */
export interface MemberJoined {
  peerID: string;
  peerUsername: string;
  peerDisplayName?: string;
  memberKey?: string;
}

/** A chat message of the room was deleted by its author, or removed by the room's creator. */
export interface MessageDeleted {
  message_id: string;
  room: string;
  deleted_at: string;
}

export interface MessageDeletion {
  roomname: string;
  message_id: string;
}

export interface MessageEdit {
  roomname: string;
  message_id: string;
  message: string;
}

/** A chat message of the room has another text. */
export interface MessageEdited {
  message_id: string;
  room: string;
  message: string;
  edited_at: string;
}

/** Newest first. */
export interface MessagePage {
  messages: StoredMessage[];
  /** Older ones exist: ask again with `before`. */
  more: boolean;
}

export interface NameChange {
  /** Null removes it: the username, or Guest, is shown. */
  displayName: string | null;
}

export interface NewBan {
  room: string;
  email: string;
}

/** The room that becomes an event, and when it takes place. */
export interface NewEvent {
  /** When the event starts: RFC 3339 with an offset, which emails to invitees mention. Null takes its time away; if absent, its time stays as it is. */
  starts_at?: string | null;
  /** How long it lasts from `starts_at`, without which it means nothing. */
  duration_minutes?: number | null;
  room: string;
}

export interface NewInvitation {
  /** Addresses, or lists of them as mail programs write them (`Ann <ann@example.org>; …`), 200 at a time. Entries that aren't email addresses are skipped, but one has to be valid. */
  email: string[];
  room: string;
}

export interface NewMessage {
  roomname: string;
  /** The caller's own; can be absent. */
  email?: string | null;
  message: string;
  /** Chosen by the client; sending the same id again stores nothing new. */
  message_id?: string | null;
  /** The message of the same room that this answers. */
  reply_to?: string | null;
}

export interface NewRoom {
  name: string;
  password: string;
  description: string;
  /** The caller's own username (or email). */
  creator: string;
  /** False hides the room from all but its members; they enter by link or name. */
  listed?: boolean | null;
  /** True asks browsers to send media of its calls through TURN alone. */
  relay_only?: boolean | null;
  /** The way in which media of its calls travel: `mesh`, from browser to browser; `sfu`, through the server's SFU; `auto`, as if absent, by the number of people. */
  topology?: "auto" | "mesh" | "sfu" | null;
  /** Whether its calls are encrypted end to end through the SFU: `on`, or they do not go there; `off`, never, so that the server can record them; `auto`, as if absent: as the server says. */
  encryption?: "auto" | "on" | "off" | null;
}

/** A success with nothing to say: an empty object. */
export type Nothing = Record<string, never>;

/** Send an ICE candidate (RFC 8838) to one peer of the same room. */
export interface OfferIce {
  peerID: string;
  iceCandidate: IceCandidate;
}

/** Send a session description, offer and answer alike, to one peer of the same room. */
export interface OfferSdp {
  peerID: string;
  sessionDescription: SessionDescription;
}

export interface PasswordChange {
  /** The caller's current password. */
  password: string;
  new_password: string;
}

export interface PasswordReset {
  /** The token at the end of the link in the email. */
  token: string;
  password: string;
}

export interface PeerEntry {
  peerID: string;
  peerUsername: string;
  peerDisplayName?: string;
  recording?: boolean;
  memberKey?: string;
}

/** A peer records the call from now on, or does so no longer. `peers` and `prepare` tell it, too. */
export interface PeerRecording {
  peerID: string;
  recording: boolean;
}

/** A peer has another display name from now on; without one it is shown by its username. */
export interface PeerRenamed {
  peerID: string;
  peerUsername: string;
  peerDisplayName?: string;
}

/** Ask who is in the call of a room that one may enter, in order to prepare connections to them. */
export interface Prepare {
  room: string;
  topologies?: string[];
}

/** The acknowledgement of `prepare`: who is in the call. The next change is told by `call-changed`. */
export interface Prepared {
  room: string;
  peers: PeerEntry[];
  topology: "mesh";
  move?: CallTopology;
  ok: true;
  ice?: IceConfiguration;
  recording?: ServerRecording;
}

/** A refusal (RFC 9457, `application/problem+json`). */
export interface Problem {
  /** Always about:blank; `code` tells refusals apart. */
  type?: string;
  /** The name of the HTTP status. */
  title: string;
  status: number;
  /** The same sentence as `message`. */
  detail: string;
  /** A stable snake_case word. */
  code: string;
  /** A sentence for people. */
  message: string;
  /** The fields that do not fit. */
  errors?: FieldProblem[] | null;
}

/** The beginning of a message that another one answers. */
export interface Quote {
  username: string;
  /** At most 200 characters; empty if the message was deleted. */
  message: string;
  /** Absent if there is none. */
  displayName?: string | null;
}

/** Say that one records the call, or does so no longer. The others are told, and who comes later. */
export interface RecordCall {
  recording: boolean;
}

export interface RecordingEntry {
  recording: string;
  /** `finishing`: the call is recorded no more, its mixed file is being made. `failed`: there is none; what was recorded may be in `files` all the same. */
  state: "starting" | "recording" | "finishing" | "ready" | "failed";
  /** Who started it. */
  username: string;
  /** Absent if there is none. */
  displayName?: string | null;
  started_at: string;
  ended_at: string | null;
  /** The length, once it is known. */
  seconds: number | null;
  /** Why it ended: asked for, the call was over, it was as long or as large as one may be, the server's disk was full, the server had stopped, the call had moved to another server, which made another recording of it, or the call has to be encrypted end to end. */
  end_reason: "asked" | "call_ended" | "time" | "bytes" | "disk" | "abandoned" | "moved" | "encrypted" | null;
  /** How much of the mixed file is made while it is `finishing`, from 0 to 1, as of some seconds ago; else null, and also while that waits for its turn. */
  progress: number | null;
  /** Empty until it is ready. */
  files: RecordingFileEntry[];
}

export interface RecordingFileEntry {
  /** What `GET /recording/file` takes as `file`. */
  name: string;
  /** Bytes. */
  size: number;
  /** All people in one file, or what one person has sent: a picture or sound. */
  kind: "mixed" | "picture" | "sound";
  /** Who is seen or heard; null in the mixed file. */
  person: string | null;
}

/** Newest first. */
export interface RecordingList {
  recordings: RecordingEntry[];
  /** Older ones exist: pass the last `started_at` as `before`. */
  more: boolean;
}

export interface RecordingRemoval {
  recording: string;
}

export interface RefreshedSession {
  accessToken: string;
  email: string;
  /** Absent for a guest. */
  username?: string | null;
  /** Absent if there is none. */
  displayName?: string | null;
}

/** A client event that asked for no acknowledgement was refused. */
export interface Refused {
  event: string;
  code: string;
  message: string;
}

/** The acknowledgement of an event that was refused. */
export interface Rejected {
  code: string;
  message: string;
  ok: false;
}

/** Delete anybody's message of the room one is in; only its creator may. */
export interface RemoveMessage {
  message_id: string;
}

/** This peer is no longer in the call; to the leaver, one for each of the others. */
export interface RemovePeer {
  peerID: string;
  peerUsername: string;
  peerDisplayName?: string;
}

/** This person was taken out of the room's call by its creator; the connection stays. */
export interface Removed {
  room: string;
  code: string;
  message: string;
}

/** Say how far one is with a move of the call, or with what its topology bears. The report of an epoch that is over is passed over. */
export interface ReportTopology {
  state: "failed" | "lowest" | "not-lowest" | "published" | "receiving";
  epoch?: string | null;
}

export interface Resend {
  email: string;
}

/** The server ends, to come back soon: connect again after a moment, each client after another. */
export type Restarting = Record<string, never>;

export interface RoomAccess {
  name: string;
  password: string;
}

/** What is absent stays as it is, and so does what is null, except for `starts_at`. */
export interface RoomChange {
  /** When the event starts: RFC 3339 with an offset, which emails to invitees mention. Null takes its time away; if absent, its time stays as it is. */
  starts_at?: string | null;
  /** How long it lasts from `starts_at`, without which it means nothing. */
  duration_minutes?: number | null;
  room: string;
  description?: string | null;
  /** False hides the room from all but its members. */
  listed?: boolean | null;
  /** Whether media go through TURN alone, for those who enter from now on. */
  relay_only?: boolean | null;
  /** The way in which media travel; a call that is under way moves. */
  topology?: "auto" | "mesh" | "sfu" | null;
  /** Whether calls are encrypted end to end through the SFU. `on` moves a call that is under way; one that has been or had to be encrypted stays so until all have left. */
  encryption?: "auto" | "on" | "off" | null;
  /** People who have given an earlier one may still enter. */
  password?: string | null;
}

export interface RoomCheck {
  /** Kept for existing clients; only the caller's identity decides what they see. */
  username?: string | null;
  /** At most this many rooms; all if absent. */
  limit?: number | null;
  /** The name of the last room on the previous page. */
  after?: string | null;
  /** Only rooms that have this in their name, description or creator, in any case. */
  search?: string | null;
  /** True for the caller's own rooms and those that they are invited to alone. */
  mine?: boolean | null;
}

export interface RoomCreation {
  /** Whether the caller may create rooms on this server. */
  allowed: boolean;
}

/** What the caller is to a room, and how they get in. */
export interface RoomEntrance {
  /** Null where the caller can't see the room. */
  room: RoomEntry | null;
  /** All that the caller is to the room. `admitted`: has given its password. */
  roles: ("creator" | "invitee" | "admitted" | "banned")[];
  /** `enter`: join the call. `password`: give the room's password (`POST /room/access`). `not_for_you`: joining would be refused with `code`. */
  next: "enter" | "password" | "not_for_you";
  /** The refusal's stable word, absent unless `next` is `not_for_you`. */
  code?: string | null;
  /** The refusal's sentence for people, beside `code`. */
  message?: string | null;
}

/** A room that the caller can see. */
export interface RoomEntry {
  name: string;
  /** The room's id if it is an event room, else null. */
  room_id: number | null;
  /** The creator's username. */
  username: string | null;
  created_at: string;
  description: string;
  /** False for a room that only its members see, else absent. */
  listed?: false | null;
  /** True where its media go through TURN alone, else absent. */
  relay_only?: true | null;
  /** The way that its media are to take; absent for `auto`. */
  topology?: "mesh" | "sfu" | null;
  /** Whether its calls are encrypted through the SFU; absent for `auto`. */
  encryption?: "on" | "off" | null;
  /** The creator's; absent if there is none. */
  displayName?: string | null;
  /** When the event starts; absent if it has no time. */
  starts_at?: string | null;
  /** How long the event lasts; absent if that is not known. */
  duration_minutes?: number | null;
}

export interface RoomRemoval {
  room: string;
}

export interface RoomsInUse {
  /** The names of the rooms, as `share-rooms` says them. */
  rooms: string[];
}

/** Write to the room one is in; acknowledged when it is stored. */
export interface SendChat {
  message: string;
  message_id?: string | null;
  reply_to?: string | null;
}

/** Send one peer of the same room a secret that is wrapped for it, or, without `key`, confirm one of that peer's (docs/end-to-end-encryption.md). */
export interface SendKey {
  peerID: string;
  epoch: string;
  number: number;
  key?: string | null;
}

/** A wrapped secret with which a peer encrypts what it sends through an SFU, or, without `key`, that the peer has taken one of this client's. Only clients that have said a member key get it. */
export interface SenderKeyFromPeer {
  peerID: string;
  epoch: string;
  number: number;
  key?: string;
}

/** A recording that the server makes of a call, and who started it. */
export interface ServerRecording {
  recordingID: string;
  username: string;
  since: string;
  consented: boolean;
  displayName?: string;
}

/** Who is logged in; the refresh token comes beside it in the cookie `jwt`. */
export interface Session {
  /** JWT; send it as `Authorization: Bearer`. */
  accessToken: string;
  email: string;
  username: string;
  /** Absent if there is none. */
  displayName?: string | null;
}

export interface SessionChange {
  /** Whether the session outlives the browser. */
  remember: boolean;
}

/** RTCSessionDescriptionInit (W3C WebRTC, section 4.6); JSEP is RFC 9429. */
export interface SessionDescription {
  type: "answer" | "offer" | "pranswer" | "rollback";
  sdp?: string;
}

/** This socket's session is over; the server closes the connection next. */
export interface SessionEnded {
  code: string;
  message: string;
}

/** One place where the caller is logged in. */
export interface SessionEntry {
  session_id: string;
  /** What the browser says it is, in short. */
  device: string;
  /** When the caller logged in there. */
  created_at: string;
  /** When it was last given a token. */
  last_used_at: string;
  expires_at: string;
  /** Whether the request came from there. */
  current: boolean;
}

/** Last used first. */
export interface SessionList {
  sessions: SessionEntry[];
}

/** The names of the rooms in use now that this user may see; sent to sockets in no call. */
export interface ShareRooms {
  rooms: string[];
}

/** Descriptions or candidates of these peers may be lost: connections to them that do not stand are to be negotiated again. */
export interface SignalsLost {
  peerIDs: string[];
}

export interface StoredMessage {
  message_id: string;
  room: string;
  username: string;
  email: string;
  message: string;
  sent_at: string;
  /** Absent if there is none. */
  displayName?: string | null;
  /** The message that this answers; absent if it answers none. */
  reply_to?: string | null;
  /** Of the message that this answers. */
  quote?: Quote | null;
  /** Absent unless the author has changed the text. */
  edited_at?: string | null;
  /** Absent unless the message is deleted; then the text is empty. */
  deleted_at?: string | null;
}

/** What a client sends, by event name. */
export interface ClientEvents {
  join: Join;
  prepare: Prepare;
  "offer-sdp": OfferSdp;
  "offer-ice": OfferIce;
  "sender-key": SendKey;
  leave: void;
  "end-visit": EndVisit;
  username: void;
  "chat-message": SendChat;
  "edit-message": EditMessage;
  "delete-message": DeleteMessage;
  "remove-message": RemoveMessage;
  "ban-peer": BanPeer;
  record: RecordCall;
  "start-recording": void;
  "stop-recording": void;
  "consent-to-recording": ConsentToRecording;
  "topology-state": ReportTopology;
}

/** What an event is acknowledged with. */
export interface Acknowledgements {
  join: Joined | Rejected;
  prepare: Prepared | Rejected;
  "offer-sdp": Accepted | Rejected;
  "offer-ice": Accepted | Rejected;
  "sender-key": Accepted | Rejected;
  leave: Accepted | Rejected;
  "end-visit": Accepted | Rejected;
  username: Accepted | Rejected;
  "chat-message": ChatStored | Rejected;
  "edit-message": ChatStored | Rejected;
  "delete-message": ChatStored | Rejected;
  "remove-message": ChatStored | Rejected;
  "ban-peer": Accepted | Rejected;
  record: Accepted | Rejected;
  "start-recording": Accepted | Rejected;
  "stop-recording": Accepted | Rejected;
  "consent-to-recording": Accepted | Rejected;
  "topology-state": Accepted | Rejected;
}

/** What the server sends, by event name. */
export interface ServerEvents {
  "add-peer": AddPeer;
  "remove-peer": RemovePeer;
  "member-joined": MemberJoined;
  topology: CallTopology;
  "peer-renamed": PeerRenamed;
  "peer-recording": PeerRecording;
  "call-recording": CallRecording;
  "session-description": DescriptionFromPeer;
  "ice-candidate": CandidateFromPeer;
  "sender-key": SenderKeyFromPeer;
  "signals-lost": SignalsLost;
  "share-rooms": ShareRooms;
  "call-changed": CallChanged;
  "chat-message": ChatFromPeer;
  "message-edited": MessageEdited;
  "message-deleted": MessageDeleted;
  "session-ended": SessionEnded;
  restarting: Restarting;
  removed: Removed;
  refused: Refused;
}

/** Lengths of texts are in code points; `roomsAsked` counts the rooms of one request. */
export const LIMITS = {
  chatText: 4000,
  description: 1000,
  eventMinutes: 10080,
  passwordLeast: 8,
  password: 128,
  roomName: 64,
  roomPassword: 128,
  roomsAsked: 100,
  usernameLeast: 4,
  username: 24,
} as const;
