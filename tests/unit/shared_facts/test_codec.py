"""Facts survive the way to another node, and what another version says harms nobody."""

import inspect
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import ModuleType
from typing import Any

import pytest

from parlour.accounts import facts as account_facts
from parlour.accounts import refusals
from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, LoginSucceeded, SessionsEnded
from parlour.accounts.identity import ClientIdentity, GuestIdentity, SessionId, UserId
from parlour.bus import FactsMissed
from parlour.chat import facts as chat_facts
from parlour.chat.entities import Message, Quote
from parlour.chat.facts import MessageDeleted, MessageEdited, MessageStored
from parlour.errors import Refusal
from parlour.mail import facts as mail_facts
from parlour.mail.facts import MailQueued
from parlour.recordings import facts as recording_facts
from parlour.recordings.entities import LiveRecording, RecordingId
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded, RecordingRemoved
from parlour.rooms import facts as room_facts
from parlour.rooms.access import InvitationAccess, PasswordAccess
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.facts import (
    InvitationTakenBack,
    PeopleInvited,
    PersonAdmitted,
    PersonBanned,
    PersonUnbanned,
    RightsTakenElsewhere,
    RoomBecameEvent,
    RoomChanged,
    RoomRemoved,
)
from parlour.rooms.schedule import Schedule
from parlour.shared_facts.codec import KINDS, REASONS, UnknownFact, UnreadableFact, decode, encode

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
GARDEN = Room(
    room_id=RoomId(7),
    name="Gärten & Parks",
    description="für alle",
    creator_id=UserId(1),
    creator_name="ann",
    created_at=AT,
    access=PasswordAccess("a hash that nobody else gets"),
    is_listed=False,
    is_relay_only=True,
    topology="sfu",
    encryption="on",
    creator_display_name="Änn",
)
PARTY = replace(
    GARDEN,
    creator_id=None,
    access=InvitationAccess(9),
    schedule=Schedule(AT.astimezone(timezone(timedelta(hours=5, minutes=30))), timedelta(minutes=45), 2),
)
MESSAGE = Message(
    position=3,
    message_id="m3",
    author_id=UserId(2),
    author_name="bob",
    author_email="bob@example.org",
    text='"\u2028 \U0001f409',
    sent_at=AT,
    reply_to="m1",
    quote=Quote(author_name="ann", author_display_name=None, text="…"),
    edited_at=AT,
)
BOB = ClientIdentity(user_id=UserId(2), email="bob@example.org", username="bob", display_name="Bobby")
GUS = GuestIdentity(user_id=UserId(3), email="gus@example.org", expires_at=AT)
PEOPLE = frozenset({UserId(2), UserId(3)})
RECORDING = LiveRecording(
    recording_id=RecordingId("8b1f6c1e-63b5-4c4e-9d0a-0e4f7f2a9f10"),
    room_id=RoomId(7),
    username="ann",
    display_name="Änn",
    started_at=AT,
    consents=PEOPLE,
)
FACTS: list[object] = [
    RecordingBegan(recording=RECORDING),
    RecordingConsented(room_id=RoomId(7), recording_id=RECORDING.recording_id, user_id=UserId(2)),
    RecordingEnded(room_id=RoomId(7), recording_id=RECORDING.recording_id),
    RecordingRemoved(recording_id=RECORDING.recording_id),
    FactsMissed(),
    GuestTimeEnded(user_id=UserId(3)),
    LoginSucceeded(address="2001:db8::1", identity=BOB),
    LoginSucceeded(address="192.0.2.1", identity=GUS),
    DisplayNameChanged(user_id=UserId(2), display_name=None),
    MessageStored(room=PARTY, message=MESSAGE, sent_by="sid"),
    MessageEdited(room=PARTY, message=MESSAGE, sent_by=None),
    MessageDeleted(room=PARTY, message=replace(MESSAGE, text="", deleted_at=AT, quote=None), sent_by=None),
    PersonAdmitted(room=PARTY, user_id=UserId(2)),
    PeopleInvited(room=PARTY, emails=("b@example.org", "a@example.org")),
    InvitationTakenBack(room=PARTY, refused=PEOPLE),
    RoomChanged(room=PARTY),
    RoomRemoved(room=PARTY),
    RoomBecameEvent(room=PARTY, people=frozenset()),
    PersonBanned(room=PARTY, people=PEOPLE),
    PersonUnbanned(room=PARTY, email="bob@example.org"),
]


def travelled(fact: object) -> Any:
    data = encode(fact)
    assert data is not None
    return decode(data)


@pytest.mark.parametrize("fact", FACTS, ids=[f"{type(fact).__name__}-{at}" for at, fact in enumerate(FACTS)])
def test_a_fact_is_the_same_at_another_node(fact: object) -> None:
    arrived = travelled(fact)
    assert arrived == fact
    assert repr(arrived) == repr(fact), "members that do not count in comparisons too"


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_a_session_ends_for_the_same_reason(reason: type[Refusal]) -> None:
    ended = SessionsEnded(user_id=UserId(1), sessions=frozenset({SessionId("a")}), reason=reason())
    arrived = travelled(ended)
    assert (arrived.user_id, arrived.sessions, type(arrived.reason)) == (1, {"a"}, reason)


def test_an_unknown_reason_ends_the_session_all_the_same() -> None:
    ended = SessionsEnded(
        user_id=UserId(1), sessions=frozenset({SessionId("a")}), reason=refusals.LoggedOut()
    )
    data = encode(ended)
    assert data is not None
    arrived: Any = decode(data.replace(b"logged_out", b"of_next_year"))
    assert type(arrived.reason) is refusals.SessionEndedElsewhere


def test_every_fact_is_shared_or_one_nodes_alone() -> None:
    modules: list[ModuleType] = [account_facts, chat_facts, room_facts, mail_facts, recording_facts]
    facts = {
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    assert facts | {FactsMissed} == {kind.fact for kind in KINDS} | {MailQueued, RightsTakenElsewhere}
    assert encode(MailQueued()) is None
    assert {type(fact) for fact in FACTS} | {SessionsEnded} == {kind.fact for kind in KINDS}


def test_a_rooms_password_stays_where_it_is() -> None:
    data = encode(RoomChanged(room=GARDEN))
    assert data is not None
    assert b"hash" not in data
    arrived: Any = decode(data)
    assert arrived.room == replace(GARDEN, access=PasswordAccess(""))


def test_what_another_version_says() -> None:
    """More members, none of those with a default, and a kind that this version does not know."""
    more = b'{"kind":"guest-time-ended","fact":{"user_id":3,"why":[1]},"at":5}'
    assert decode(more) == GuestTimeEnded(user_id=UserId(3))
    with pytest.raises(UnknownFact, match="moon-landed"):
        decode(b'{"kind":"moon-landed","fact":null}')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"null",
        b'{"kind":"sessions-ended"}',
        b'{"kind":"sessions-ended","fact":{"user_id":"1","sessions":[],"reason":""}}',
        b'{"kind":"login-succeeded","fact":{"address":"","person":{"user_id":1,"email":""}}}',
        b'{"kind":"person-banned","fact":{"room":{},"people":[]}}',
    ],
)
def test_what_cannot_be_read(data: bytes) -> None:
    with pytest.raises(UnreadableFact):
        decode(data)


def test_the_form_stays() -> None:
    """What a released version has written has to be read by all later ones: change no line, add some."""
    room = {
        "room_id": 7, "name": "Garden", "description": "", "creator_id": 1, "creator_name": "ann",
        "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    plain = Room(
        room_id=RoomId(7),
        name="Garden",
        description="",
        creator_id=UserId(1),
        creator_name="ann",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        access=PasswordAccess(""),
    )
    written = [
        ("room-removed", {"room": room}, RoomRemoved(room=plain)),
        ("person-banned", {"room": room, "people": [2, 3]}, PersonBanned(room=plain, people=PEOPLE)),
        ("person-unbanned", {"room": room, "emails": ["b@c"]}, PersonUnbanned(room=plain, email="b@c")),
        ("person-admitted", {"room": room, "user_id": 2}, PersonAdmitted(room=plain, user_id=UserId(2))),
        ("display-name-changed", {"user_id": 2, "display_name": "B"},
         DisplayNameChanged(user_id=UserId(2), display_name="B")),
        ("facts-missed", {}, FactsMissed()),
    ]  # fmt: skip
    for kind, members, fact in written:
        assert json.loads(encode(fact) or b"") == {"kind": kind, "fact": members}
        assert decode(json.dumps({"kind": kind, "fact": members}).encode()) == fact
