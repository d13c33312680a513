"""The bodies of the HTTP API.

What /openapi.json says of a body is data (`__doc__ = …`): `python -OO` strips docstrings.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StringConstraints

from parlour.wire.base import (
    DESCRIPTION_LENGTH,
    MESSAGE_ID_PATTERN,
    NO_CONTROL,
    ROOM_PASSWORD_LENGTH,
    Body,
    CamelBody,
    ChatText,
    DisplayName,
    Email,
    NewRoomName,
    Password,
    RoomEncryption,
    RoomName,
    RoomTopology,
    Text,
    Timestamp,
    Username,
    ZonedTime,
)

LONGEST_EVENT_MINUTES = 10_080
"""A week."""

MOST_ROOMS_ASKED = 100

Handle = Annotated[Text, StringConstraints(min_length=1, max_length=320), Field(examples=["ann-lee"])]
MessageId = Annotated[
    str,
    StringConstraints(pattern=MESSAGE_ID_PATTERN),
    Field(examples=["8b1f6c1e-63b5-4c4e-9d0a-0e4f7f2a9f10"]),
]


def _is_absent(value: object) -> bool:
    return value is None


def _as_integer(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


AS_JSON_SCHEMA = BeforeValidator(_as_integer)
"""Takes as an integer what JSON Schema does (draft 2020-12, validation, 6.1.1): 60.0 is one, "60" and
`true` are none. It comes after a type's bounds, which /openapi.json does not name otherwise.
"""

EventMinutes = Annotated[StrictInt, Field(ge=1, le=LONGEST_EVENT_MINUTES), AS_JSON_SCHEMA]
EventStart = Annotated[
    Timestamp | None,
    Field(exclude_if=_is_absent, description="When the event starts; absent if it has no time."),
]
EventDuration = Annotated[
    int | None,
    Field(exclude_if=_is_absent, description="How long the event lasts; absent if that is not known."),
]


class Problem(Body):
    __doc__ = "A refusal (RFC 9457, `application/problem+json`)."

    type: str = Field("about:blank", description="Always about:blank; `code` tells refusals apart.")
    title: str = Field(description="The name of the HTTP status.")
    status: int
    detail: str = Field(description="The same sentence as `message`.")
    code: str = Field(description="A stable snake_case word.")
    message: str = Field(description="A sentence for people.")
    errors: list["FieldProblem"] | None = Field(None, description="The fields that do not fit.")


class FieldProblem(Body):
    field: str = Field(description="Dotted path of the field, such as `email.0`.")
    message: str
    code: str | None = Field(
        None, description="A stable snake_case word, for faults that only the server can tell."
    )


class Nothing(Body):
    __doc__ = "A success with nothing to say: an empty object."


class GuestRegistration(Body):
    email: Email
    display_name: DisplayName | None = Field(
        None, alias="displayName", description="If absent, Guest is shown."
    )


class ClientRegistration(Body):
    email: Email
    username: Username
    password: Password
    display_name: DisplayName | None = Field(
        None, alias="displayName", description="If absent, the username is shown."
    )


class NameChange(Body):
    display_name: DisplayName | None = Field(
        alias="displayName", description="Null removes it: the username, or Guest, is shown."
    )


class ClientConfirmation(Body):
    __doc__ = "Optional: the link and the browser that registered are usually enough."

    password: Annotated[Text, StringConstraints(min_length=1, max_length=1024)] | None = Field(
        None, description="The password chosen at registration; needed after `registration_not_proven`."
    )
    log_in: StrictBool | None = Field(
        None,
        description="Also log in, if this browser registered or the password is given. The session ends with "
        "the browser, as with `remember: false`. If absent, nobody is logged in.",
    )


class ConfirmedClient(CamelBody):
    __doc__ = "Empty, unless the caller asked to be logged in and was: then it is the answer of a login."

    access_token: str | None = Field(None, exclude_if=_is_absent)
    email: str | None = Field(None, exclude_if=_is_absent)
    username: str | None = Field(None, exclude_if=_is_absent)
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


class Resend(Body):
    email: Email


class Login(Body):
    username: Handle = Field(description="The username or the email.")
    password: Annotated[Text, StringConstraints(min_length=1, max_length=1024)]
    remember_device: StrictBool | None = Field(
        default=None,
        description="Set the cookie `parlour-device`: others' wrong passwords don't delay logins from here.",
    )

    remember: StrictBool | None = Field(
        default=None,
        description="True, or absent: the session outlives the browser. False: the cookie ends with the "
        "browser, and the session after an hour without use. Either value replaces the session that the "
        "request's cookie names.",
    )


class SessionChange(Body):
    remember: StrictBool = Field(description="Whether the session outlives the browser.")


class Session(CamelBody):
    __doc__ = "Who is logged in; the refresh token comes beside it in the cookie `jwt`."

    access_token: str = Field(description="JWT; send it as `Authorization: Bearer`.")
    email: str
    username: str
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


class RefreshedSession(CamelBody):
    access_token: str
    email: str
    username: str | None = Field(None, description="Absent for a guest.")
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


CurrentPassword = Annotated[
    Text,
    StringConstraints(min_length=1, max_length=1024),
    Field(description="The caller's current password.", examples=["correct horse battery"]),
]


class ForgottenPassword(Body):
    email: Email


class LinkToken(Body):
    token: Text = Field(description="The token at the end of the link in the email.")


class InvitationAcceptance(LinkToken):
    display_name: DisplayName | None = Field(
        None, alias="displayName", description="If absent, Guest is shown."
    )


class LinkStatus(Body):
    purpose: Literal["client", "guest", "password", "email", "stop_email"]
    state: Literal["valid", "expired", "used", "disabled"] = Field(
        description="`used`: it has been used, or is void because of a newer link or the end of its account. "
        "`disabled`: the account can't log in or get a new password."
    )
    email: str | None = Field(description="The address that it is about, if still known.")
    password_needed: bool = Field(description="Confirming needs the password chosen at registration.")


class PasswordReset(LinkToken):
    password: Password


class PasswordChange(Body):
    password: CurrentPassword
    new_password: Password


class EmailChange(Body):
    email: Email
    password: CurrentPassword


class AccountDeletion(Body):
    password: CurrentPassword


class SessionEntry(Body):
    __doc__ = "One place where the caller is logged in."

    session_id: str = Field(examples=["5f0c2f6e-9a53-4d0c-8f5e-3b1f1c0a7d21"])
    device: str = Field(description="What the browser says it is, in short.", examples=["Firefox on Linux"])
    created_at: Timestamp = Field(description="When the caller logged in there.")
    last_used_at: Timestamp = Field(description="When it was last given a token.")
    expires_at: Timestamp
    current: bool = Field(description="Whether the request came from there.")


class SessionList(Body):
    __doc__ = "Last used first."

    sessions: list[SessionEntry]


class NewRoom(Body):
    name: NewRoomName
    password: Annotated[Text, StringConstraints(min_length=1, max_length=ROOM_PASSWORD_LENGTH)]
    description: Annotated[Text, StringConstraints(max_length=DESCRIPTION_LENGTH)]
    creator: Handle = Field(description="The caller's own username (or email).")
    listed: StrictBool | None = Field(
        None, description="False hides the room from all but its members; they enter by link or name."
    )
    relay_only: StrictBool | None = Field(
        None, description="True asks browsers to send media of its calls through TURN alone."
    )
    topology: RoomTopology | None = Field(
        None,
        description="The way in which media of its calls travel: `mesh`, from browser to browser; `sfu`, "
        "through the server's SFU; `auto`, as if absent, by the number of people.",
    )
    encryption: RoomEncryption | None = Field(
        None,
        description="Whether its calls are encrypted end to end through the SFU: `on`, or they do not go "
        "there; `off`, never, so that the server can record them; `auto`, as if absent: as the server says.",
    )


class RoomCreation(Body):
    allowed: bool = Field(description="Whether the caller may create rooms on this server.")


class RoomAccess(Body):
    name: RoomName
    password: Annotated[Text, StringConstraints(max_length=1024)]


class Admission(Body):
    needs_password: bool = Field(description="The caller has to enter the room's password first.")


class RoomCheck(Body):
    username: Annotated[Text, StringConstraints(max_length=320)] | None = Field(
        None, description="Kept for existing clients; only the caller's identity decides what they see."
    )
    limit: Annotated[StrictInt, Field(ge=1, le=1000), AS_JSON_SCHEMA] | None = Field(
        None, description="At most this many rooms; all if absent."
    )
    after: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        None, description="The name of the last room on the previous page."
    )
    search: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        None, description="Only rooms that have this in their name, description or creator, in any case."
    )
    mine: StrictBool | None = Field(
        None, description="True for the caller's own rooms and those that they are invited to alone."
    )


class RoomEntry(Body):
    __doc__ = "A room that the caller can see."

    name: str
    room_id: int | None = Field(description="The room's id if it is an event room, else null.")
    username: str | None = Field(description="The creator's username.")
    created_at: Timestamp
    description: str
    listed: Literal[False] | None = Field(
        None, exclude_if=_is_absent, description="False for a room that only its members see, else absent."
    )
    relay_only: Literal[True] | None = Field(
        None, exclude_if=_is_absent, description="True where its media go through TURN alone, else absent."
    )
    topology: Literal["mesh", "sfu"] | None = Field(
        None, exclude_if=_is_absent, description="The way that its media are to take; absent for `auto`."
    )
    encryption: Literal["on", "off"] | None = Field(
        None,
        exclude_if=_is_absent,
        description="Whether its calls are encrypted through the SFU; absent for `auto`.",
    )
    display_name: str | None = Field(
        None,
        alias="displayName",
        exclude_if=_is_absent,
        description="The creator's; absent if there is none.",
    )
    starts_at: EventStart = None
    duration_minutes: EventDuration = None


class RoomEntrance(Body):
    __doc__ = "What the caller is to a room, and how they get in."

    room: RoomEntry | None = Field(description="Null where the caller can't see the room.")
    roles: list[Literal["creator", "invitee", "admitted", "banned"]] = Field(
        description="All that the caller is to the room. `admitted`: has given its password."
    )
    next: Literal["enter", "password", "not_for_you"] = Field(
        description="`enter`: join the call. `password`: give the room's password (`POST /room/access`). "
        "`not_for_you`: joining would be refused with `code`."
    )
    code: str | None = Field(
        None,
        exclude_if=_is_absent,
        description="The refusal's stable word, absent unless `next` is `not_for_you`.",
        examples=["not_invited"],
    )
    message: str | None = Field(
        None, exclude_if=_is_absent, description="The refusal's sentence for people, beside `code`."
    )


class NewMessage(Body):
    roomname: RoomName
    email: Email | None = Field(None, description="The caller's own; can be absent.")
    message: ChatText
    message_id: MessageId | None = Field(
        None, description="Chosen by the client; sending the same id again stores nothing new."
    )
    reply_to: MessageId | None = Field(None, description="The message of the same room that this answers.")


class MessageEdit(Body):
    roomname: RoomName
    message_id: MessageId
    message: ChatText


class MessageDeletion(Body):
    roomname: RoomName
    message_id: MessageId


class Quote(Body):
    __doc__ = "The beginning of a message that another one answers."

    username: str
    message: str = Field(description="At most 200 characters; empty if the message was deleted.")
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


class StoredMessage(Body):
    message_id: str
    room: str
    username: str
    email: str
    message: str
    sent_at: Timestamp
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )
    reply_to: str | None = Field(
        None, exclude_if=_is_absent, description="The message that this answers; absent if it answers none."
    )
    quote: Quote | None = Field(None, exclude_if=_is_absent, description="Of the message that this answers.")
    edited_at: Timestamp | None = Field(
        None, exclude_if=_is_absent, description="Absent unless the author has changed the text."
    )
    deleted_at: Timestamp | None = Field(
        None,
        exclude_if=_is_absent,
        description="Absent unless the message is deleted; then the text is empty.",
    )


class MessagePage(Body):
    __doc__ = "Newest first."

    messages: list[StoredMessage]
    more: bool = Field(description="Older ones exist: ask again with `before`.")


class ExportedAccount(Body):
    email: str
    username: str | None = Field(description="Null for a guest.")
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )
    created_at: Timestamp
    verified_at: Timestamp | None
    last_login_at: Timestamp | None
    guest_until: Timestamp | None
    language: str | None = Field(
        None, exclude_if=_is_absent, description="Of mails, such as `de`; absent if none was asked for."
    )


class ExportedRoom(Body):
    name: str
    description: str
    created_at: Timestamp
    event: bool
    starts_at: EventStart = None
    duration_minutes: EventDuration = None


class ExportedInvitation(Body):
    room: str
    invited_at: Timestamp


class ExportedVisit(Body):
    room: str
    joined_at: Timestamp
    left_at: Timestamp | None


class ExportedConsent(Body):
    recording: str = Field(description="A recording that the server has made of a call.")
    room: str | None = Field(description="Null once the room is removed.")
    given_at: Timestamp


class AccountExport(Body):
    __doc__ = "Everything the server keeps about the caller, except hashes of secrets."

    account: ExportedAccount
    sessions: list[SessionEntry]
    rooms: list[ExportedRoom] = Field(description="The rooms that the caller created.")
    invitations: list[ExportedInvitation]
    messages: list[StoredMessage]
    attendance: list[ExportedVisit]
    recording_consents: list[ExportedConsent] = Field(
        description="The recordings in which the caller has agreed to be."
    )


class NewInvitation(Body):
    email: list[Annotated[Text, StringConstraints(max_length=2000)]] = Field(
        description="Addresses, or lists of them as mail programs write them (`Ann <ann@example.org>; …`), "
        "200 at a time. Entries that aren't email addresses are skipped, but one has to be valid.",
        min_length=1,
        max_length=200,
        examples=[["bob@example.org"]],
        json_schema_extra={
            "contains": {"type": "string", "format": "email", "minLength": 3, "maxLength": 320}
        },
    )
    room: RoomName


class InvitationOutcome(Body):
    invited: list[str]
    rejected: list[str] = Field(description="Entries that weren't email addresses.")


class InvitationCheck(Body):
    email: Email
    room: RoomName


class InvitationSummary(Body):
    room: str
    event: bool
    inviter: str = Field(description="The username of the room's creator.")
    inviter_display_name: str | None = Field(
        alias="inviterDisplayName", description="Null where it is the username."
    )
    email: str = Field(description="The invited address.")
    has_account: bool = Field(description="The address belongs to a client, who has to log in.")
    starts_at: EventStart = None
    duration_minutes: EventDuration = None


class InvitationEntry(Body):
    email: str
    username: str | None = Field(description="Null where the address has no client account.")
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


class InvitationList(Body):
    invitations: list[InvitationEntry]


class EventTime(Body):
    __doc__ = "When an event takes place."

    starts_at: ZonedTime | None = Field(
        None,
        description="When the event starts: RFC 3339 with an offset, which emails to invitees mention. Null "
        "takes its time away; if absent, its time stays as it is.",
    )
    duration_minutes: EventMinutes | None = Field(
        None, description="How long it lasts from `starts_at`, without which it means nothing."
    )


class NewEvent(EventTime):
    __doc__ = "The room that becomes an event, and when it takes place."

    room: RoomName


class NewBan(Body):
    room: RoomName
    email: Email


class BanEntry(Body):
    email: str
    banned_at: Timestamp


class BanList(Body):
    bans: list[BanEntry]


class RoomRemoval(Body):
    room: RoomName


class RoomChange(EventTime):
    __doc__ = "What is absent stays as it is, and so does what is null, except for `starts_at`."

    room: RoomName
    description: Annotated[Text, StringConstraints(max_length=DESCRIPTION_LENGTH)] | None = None
    listed: StrictBool | None = Field(None, description="False hides the room from all but its members.")
    relay_only: StrictBool | None = Field(
        None, description="Whether media go through TURN alone, for those who enter from now on."
    )
    topology: RoomTopology | None = Field(
        None, description="The way in which media travel; a call that is under way moves."
    )
    encryption: RoomEncryption | None = Field(
        None,
        description="Whether calls are encrypted end to end through the SFU. `on` moves a call that is under "
        "way; one that has been or had to be encrypted stays so until all have left.",
    )
    password: Annotated[Text, StringConstraints(min_length=1, max_length=ROOM_PASSWORD_LENGTH)] | None = (
        Field(None, description="People who have given an earlier one may still enter.")
    )


class InvitationRemoval(Body):
    room: RoomName
    email: Email


class EventMove(Body):
    email: Email | None = Field(None, description="The caller's own; can be absent.")
    name: RoomName = Field(description="The event's room.")
    move: Annotated[Text, StringConstraints(max_length=64)] = Field(
        description='"j" joined, "l" left', examples=["j"], json_schema_extra={"enum": ["j", "l"]}
    )


class Attendance(Body):
    email: str
    username: str
    joined_at: Timestamp
    left_at: Timestamp | None
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


class AttendanceList(Body):
    __doc__ = "Oldest first."

    attendance: list[Attendance]
    next: int | None = Field(
        None,
        exclude_if=_is_absent,
        description="Pass it as `after` to get the next page. Absent on the last page.",
    )


class RoomsInUse(Body):
    rooms: list[RoomName] = Field(
        description="The names of the rooms, as `share-rooms` says them.", max_length=MOST_ROOMS_ASKED
    )


class CallPerson(Body):
    username: str
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )


class CallEntry(Body):
    __doc__ = "A call that the caller may join."

    room: str
    count: int = Field(description="How many are in it; who is in it twice counts twice.")
    people: list[CallPerson] = Field(description="The first three of them.")


class CallList(Body):
    calls: list[CallEntry]


RecordingName = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f-]{36}$"),
    Field(examples=["8b1f6c1e-63b5-4c4e-9d0a-0e4f7f2a9f10"]),
]
RecordingFileName = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=NO_CONTROL), Field(examples=["mixed.webm"])
]


class RecordingFileEntry(Body):
    name: str = Field(description="What `GET /recording/file` takes as `file`.")
    size: int = Field(description="Bytes.")
    kind: Literal["mixed", "picture", "sound"] = Field(
        description="All people in one file, or what one person has sent: a picture or sound."
    )
    person: str | None = Field(description="Who is seen or heard; null in the mixed file.")


RecordingEnd = Literal["asked", "call_ended", "time", "bytes", "disk", "abandoned", "moved", "encrypted"]


class RecordingEntry(Body):
    recording: str
    state: Literal["starting", "recording", "finishing", "ready", "failed"] = Field(
        description="`finishing`: the call is recorded no more, its mixed file is being made. `failed`: "
        "there is none; what was recorded may be in `files` all the same."
    )
    username: str = Field(description="Who started it.")
    display_name: str | None = Field(
        None, alias="displayName", exclude_if=_is_absent, description="Absent if there is none."
    )
    started_at: Timestamp
    ended_at: Timestamp | None
    seconds: int | None = Field(description="The length, once it is known.")
    end_reason: RecordingEnd | None = Field(
        description="Why it ended: asked for, the call was over, it was as long or as large as one may be, "
        "the server's disk was full, the server had stopped, the call had moved to another server, which "
        "made another recording of it, or the call has to be encrypted end to end."
    )
    progress: float | None = Field(
        description="How much of the mixed file is made while it is `finishing`, from 0 to 1, as of some "
        "seconds ago; else null, and also while that waits for its turn."
    )
    files: list[RecordingFileEntry] = Field(description="Empty until it is ready.")


class RecordingList(Body):
    __doc__ = "Newest first."

    recordings: list[RecordingEntry]
    more: bool = Field(description="Older ones exist: pass the last `started_at` as `before`.")


class RecordingRemoval(Body):
    recording: RecordingName


class IceServer(Body):
    __doc__ = "A member of RTCConfiguration.iceServers (W3C WebRTC)."

    urls: list[str]
    username: str | None = Field(None, exclude_if=_is_absent)
    credential: str | None = Field(None, exclude_if=_is_absent)


class IceServers(CamelBody):
    ice_servers: list[IceServer]
    expires_at: Timestamp | None = Field(
        alias="expires_at", description="When the TURN credentials expire; null without TURN."
    )
    ttl: int | None = Field(
        None, exclude_if=_is_absent, description="The seconds until then, for clocks that are wrong."
    )
    ice_transport_policy: Literal["relay"] | None = Field(
        None,
        exclude_if=_is_absent,
        description="Media go through TURN alone in all calls of this server; absent otherwise.",
    )


class Configuration(Body):
    __doc__ = "What a web client needs to know before anyone logs in."

    version: str
    public_url: str = Field(description="The address that people open.")
    origins: list[str] = Field(
        description="The origins whose pages can use the server; calls don't work elsewhere."
    )
    dev_mail: bool = Field(description="Emails are shown at /dev/mail.")
    guest_ttl: int = Field(description="How many seconds a guest can stay.")
    verification_ttl: int = Field(description="How many seconds a verification link works.")
    password_reset_ttl: int = Field(description="How many seconds a password reset link works.")
    people_per_call: int = Field(description="How many people can be in one call at a time.")
    registration: Literal["open", "invitation", "domains", "closed"] = Field(
        description="Who can create an account: anyone, people invited to a room, people with an address at "
        "one of `registration_domains`, or nobody. Unless it is `open`, guests need an invitation or such an "
        "address."
    )
    registration_domains: list[str]
    room_creation: Literal["clients", "listed", "nobody"] = Field(
        description="Who can create rooms: everyone with an account, some of them, or nobody."
    )
    public_room_list: bool = Field(description="Rooms are also listed to people who are not logged in.")
    relay: bool = Field(description="There is a TURN server, so rooms can be made to use it alone.")
    sfu: bool = Field(description="There is an SFU, so rooms can say whether their calls use it.")
    contact: str | None = Field(description="The address of whoever helps people with this server.")
    recording: bool = Field(description="The server can record calls.")


class DiagnosisPermission(Body):
    allowed: bool = Field(description="Whether the caller is an administrator of this server.")


class DoctorFinding(Body):
    __doc__ = "What `parlour doctor` has found, in English."

    check: str = Field(description="What was looked at.", examples=["database"])
    verdict: Literal["ok", "warning", "failed", "skipped"]
    says: str
    todo: str = Field(description="What to do about it; empty if nothing has to be done.")


class Diagnosis(Body):
    __doc__ = "The last run of `parlour doctor` on this server."

    running_since: Timestamp | None = Field(description="When the run that is under way began; null if none.")
    ended_at: Timestamp | None = Field(description="When the last run ended; null before the first.")
    findings: list[DoctorFinding]


class ClientAddress(Body):
    address: str


class Health(Body):
    status: Literal["ok", "draining"]
