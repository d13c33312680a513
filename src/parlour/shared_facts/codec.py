"""The facts that other nodes need, as JSON with the name of their kind. Pure.

A name stands for the same members for ever. A new version may add members with a default, which older nodes
ignore; whatever older nodes would misread gets a name of its own. Facts that are not listed in KINDS concern
one node alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from parlour.accounts import refusals
from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, LoginSucceeded, SessionsEnded
from parlour.accounts.identity import ClientIdentity, GuestIdentity, Identity, SessionId, UserId
from parlour.bus import FactsMissed
from parlour.chat.entities import Message
from parlour.chat.facts import ChatFact, MessageDeleted, MessageEdited, MessageStored
from parlour.errors import Refusal
from parlour.recordings.entities import LiveRecording, RecordingId
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded, RecordingRemoved
from parlour.rooms.descriptions import RoomDescription
from parlour.rooms.entities import RoomId
from parlour.rooms.facts import (
    InvitationTakenBack,
    PeopleInvited,
    PersonAdmitted,
    PersonBanned,
    PersonUnbanned,
    RoomBecameEvent,
    RoomChanged,
    RoomRemoved,
)

Fact = TypeVar("Fact")
Body = TypeVar("Body", bound=msgspec.Struct)

REASONS: dict[str, type[Refusal]] = {
    reason.code: reason
    for reason in vars(refusals).values()
    if isinstance(reason, type) and issubclass(reason, Refusal) and reason is not Refusal
}
"""Why sessions end, by code."""


class UnknownFact(Exception):
    """A node of another version sent a kind of facts that this one does not know."""


class UnreadableFact(Exception):
    """It is none, or its members are not those of its kind."""


class _Envelope(msgspec.Struct, frozen=True):
    kind: str
    fact: msgspec.Raw


class _Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """A client, or a guest, who has no username but an end."""

    user_id: int
    email: str
    username: str | None = None
    expires_at: datetime | None = None
    display_name: str | None = None

    @staticmethod
    def of(identity: Identity) -> "_Person":
        return _Person(
            user_id=identity.user_id,
            email=identity.email,
            username=identity.username if isinstance(identity, ClientIdentity) else None,
            expires_at=identity.expires_at if isinstance(identity, GuestIdentity) else None,
            display_name=identity.display_name,
        )

    def identity(self) -> Identity:
        user_id = UserId(self.user_id)
        if self.username is not None:
            return ClientIdentity(
                user_id=user_id, email=self.email, username=self.username, display_name=self.display_name
            )
        if self.expires_at is None:
            raise UnreadableFact("a person without a username and without an end")
        return GuestIdentity(
            user_id=user_id, email=self.email, expires_at=self.expires_at, display_name=self.display_name
        )


class _NoMembers(msgspec.Struct, frozen=True):
    pass


class _Sessions(msgspec.Struct, frozen=True):
    user_id: int
    sessions: list[str]
    reason: str


class _User(msgspec.Struct, frozen=True):
    user_id: int


class _Login(msgspec.Struct, frozen=True):
    address: str
    person: _Person


class _Name(msgspec.Struct, frozen=True):
    user_id: int
    display_name: str | None


class _Chat(msgspec.Struct, frozen=True):
    room: RoomDescription
    message: Message
    sent_by: str | None


class _AboutRoom(msgspec.Struct, frozen=True):
    room: RoomDescription


class _RoomAndUser(msgspec.Struct, frozen=True):
    room: RoomDescription
    user_id: int


class _RoomAndUsers(msgspec.Struct, frozen=True):
    room: RoomDescription
    people: list[int]


class _RoomAndEmails(msgspec.Struct, frozen=True):
    room: RoomDescription
    emails: list[str]


class _Recording(msgspec.Struct, frozen=True):
    recording: LiveRecording


class _RecordingOf(msgspec.Struct, frozen=True, omit_defaults=True):
    recording_id: str
    room_id: int = 0
    user_id: int = 0


@dataclass(frozen=True, slots=True)
class _Kind(Generic[Fact, Body]):
    """A kind of facts: its name between nodes, and both directions of its body."""

    name: str
    fact: type[Fact]
    body: type[Body]
    write: Callable[[Fact], Body]
    read: Callable[[Body], Fact]


def _about_room(name: str, fact: type[RoomChanged | RoomRemoved]) -> _Kind[Any, _AboutRoom]:
    return _Kind(
        name,
        fact,
        _AboutRoom,
        lambda it: _AboutRoom(RoomDescription.of(it.room)),
        lambda body: fact(room=body.room.room()),
    )


def _about_chat(name: str, fact: type[ChatFact]) -> _Kind[Any, _Chat]:
    return _Kind(
        name,
        fact,
        _Chat,
        lambda it: _Chat(RoomDescription.of(it.room), it.message, it.sent_by),
        lambda body: fact(room=body.room.room(), message=body.message, sent_by=body.sent_by),
    )


def _about_people(name: str, fact: type[RoomBecameEvent | PersonBanned]) -> _Kind[Any, _RoomAndUsers]:
    return _Kind(
        name,
        fact,
        _RoomAndUsers,
        lambda it: _RoomAndUsers(RoomDescription.of(it.room), sorted(it.people)),
        lambda body: fact(room=body.room.room(), people=_users(body.people)),
    )


def _users(people: list[int]) -> frozenset[UserId]:
    return frozenset(map(UserId, people))


KINDS: tuple[_Kind[Any, Any], ...] = (
    _Kind("facts-missed", FactsMissed, _NoMembers, lambda _fact: _NoMembers(), lambda _body: FactsMissed()),
    _Kind(
        "sessions-ended",
        SessionsEnded,
        _Sessions,
        lambda fact: _Sessions(fact.user_id, sorted(fact.sessions), fact.reason.code),
        lambda body: SessionsEnded(
            user_id=UserId(body.user_id),
            sessions=frozenset(map(SessionId, body.sessions)),
            reason=REASONS.get(body.reason, refusals.SessionEndedElsewhere)(),
        ),
    ),
    _Kind(
        "guest-time-ended",
        GuestTimeEnded,
        _User,
        lambda fact: _User(fact.user_id),
        lambda body: GuestTimeEnded(user_id=UserId(body.user_id)),
    ),
    _Kind(
        "login-succeeded",
        LoginSucceeded,
        _Login,
        lambda fact: _Login(fact.address, _Person.of(fact.identity)),
        lambda body: LoginSucceeded(address=body.address, identity=body.person.identity()),
    ),
    _Kind(
        "display-name-changed",
        DisplayNameChanged,
        _Name,
        lambda fact: _Name(fact.user_id, fact.display_name),
        lambda body: DisplayNameChanged(user_id=UserId(body.user_id), display_name=body.display_name),
    ),
    _about_chat("message-stored", MessageStored),
    _about_chat("message-edited", MessageEdited),
    _about_chat("message-deleted", MessageDeleted),
    _Kind(
        "person-admitted",
        PersonAdmitted,
        _RoomAndUser,
        lambda fact: _RoomAndUser(RoomDescription.of(fact.room), fact.user_id),
        lambda body: PersonAdmitted(room=body.room.room(), user_id=UserId(body.user_id)),
    ),
    _Kind(
        "people-invited",
        PeopleInvited,
        _RoomAndEmails,
        lambda fact: _RoomAndEmails(RoomDescription.of(fact.room), list(fact.emails)),
        lambda body: PeopleInvited(room=body.room.room(), emails=tuple(body.emails)),
    ),
    _Kind(
        "invitation-taken-back",
        InvitationTakenBack,
        _RoomAndUsers,
        lambda fact: _RoomAndUsers(RoomDescription.of(fact.room), sorted(fact.refused)),
        lambda body: InvitationTakenBack(room=body.room.room(), refused=_users(body.people)),
    ),
    _about_room("room-changed", RoomChanged),
    _about_room("room-removed", RoomRemoved),
    _about_people("room-became-event", RoomBecameEvent),
    _about_people("person-banned", PersonBanned),
    _Kind(
        "person-unbanned",
        PersonUnbanned,
        _RoomAndEmails,
        lambda fact: _RoomAndEmails(RoomDescription.of(fact.room), [fact.email]),
        lambda body: PersonUnbanned(room=body.room.room(), email="".join(body.emails[:1])),
    ),
    _Kind(
        "recording-began",
        RecordingBegan,
        _Recording,
        lambda fact: _Recording(fact.recording),
        lambda body: RecordingBegan(recording=body.recording),
    ),
    _Kind(
        "recording-consented",
        RecordingConsented,
        _RecordingOf,
        lambda fact: _RecordingOf(fact.recording_id, fact.room_id, fact.user_id),
        lambda body: RecordingConsented(
            room_id=RoomId(body.room_id),
            recording_id=RecordingId(body.recording_id),
            user_id=UserId(body.user_id),
        ),
    ),
    _Kind(
        "recording-ended",
        RecordingEnded,
        _RecordingOf,
        lambda fact: _RecordingOf(fact.recording_id, fact.room_id),
        lambda body: RecordingEnded(
            room_id=RoomId(body.room_id), recording_id=RecordingId(body.recording_id)
        ),
    ),
    _Kind(
        "recording-removed",
        RecordingRemoved,
        _RecordingOf,
        lambda fact: _RecordingOf(fact.recording_id),
        lambda body: RecordingRemoved(recording_id=RecordingId(body.recording_id)),
    ),
)

_by_type = {kind.fact: kind for kind in KINDS}
_by_name = {kind.name: (kind, msgspec.json.Decoder(kind.body)) for kind in KINDS}
_encoder = msgspec.json.Encoder()
_envelope_decoder = msgspec.json.Decoder(_Envelope)


def encode(fact: object) -> bytes | None:
    """Return the form of a fact, None if other nodes do not need it."""
    kind = _by_type.get(type(fact))
    if kind is None:
        return None
    return _encoder.encode(_Envelope(kind.name, msgspec.Raw(_encoder.encode(kind.write(fact)))))


def decode(data: bytes) -> object:
    """Raises UnknownFact or UnreadableFact."""
    try:
        envelope = _envelope_decoder.decode(data)
        if envelope.kind not in _by_name:
            raise UnknownFact(envelope.kind)
        kind, decoder = _by_name[envelope.kind]
        return kind.read(decoder.decode(envelope.fact))
    except msgspec.MsgspecError as error:
        raise UnreadableFact(str(error)) from error
