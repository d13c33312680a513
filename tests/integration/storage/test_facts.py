"""What each use case publishes once it is committed, whether HTTP, a socket or the command line asked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, SessionsEnded
from parlour.accounts.identity import ClientIdentity, RequestSource
from parlour.accounts.refusals import (
    AccountDeleted,
    AccountDisabled,
    LoggedOut,
    PasswordChanged,
    SessionEndedElsewhere,
)
from parlour.app import Parlour
from parlour.chat.facts import MessageDeleted, MessageEdited, MessageStored
from parlour.db.migrate import migrate
from parlour.db.tables import outbox
from parlour.mail.facts import MailQueued
from parlour.rooms.event_mails import Audience
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
from parlour.rooms.schedule import Schedule, ScheduleChange
from parlour.settings import Settings
from tests.people import PASSWORD, ROOM_PASSWORD, unique

FACTS = (
    DisplayNameChanged,
    GuestTimeEnded,
    MailQueued,
    MessageDeleted,
    MessageEdited,
    MessageStored,
    InvitationTakenBack,
    PeopleInvited,
    PersonAdmitted,
    PersonBanned,
    PersonUnbanned,
    RoomBecameEvent,
    RoomChanged,
    RoomRemoved,
    SessionsEnded,
)
SOURCE = RequestSource(address="127.0.0.1", device="a test")

pytestmark = pytest.mark.database("sqlite")


@dataclass
class Scene:
    parlour: Parlour
    heard: list[object]

    async def client(self, name: str) -> ClientIdentity:
        username = unique(name)
        await self.parlour.accounts.registration.create_client(
            email=f"{username}@example.org", username=username, password=PASSWORD
        )
        logged_in = await self.parlour.accounts.sessions.log_in(
            username_or_email=username, password=PASSWORD, source=SOURCE
        )
        identity = await self.parlour.accounts.sessions.identify_access(logged_in.access_token)
        assert isinstance(identity, ClientIdentity)
        self.heard.clear()
        return identity

    async def room(self, creator: ClientIdentity) -> str:
        name = unique("garden")
        await self.parlour.rooms.service.create(
            creator,
            name=name,
            password=ROOM_PASSWORD,
            description="",
            creator=creator.username,
            source=SOURCE,
        )
        self.heard.clear()
        return name

    def only(self, kind: type[object]) -> list[object]:
        return [fact for fact in self.heard if type(fact) is kind]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    parlour = Parlour(Settings(data_dir=tmp_path, _env_file=None), port=8000)
    await migrate(parlour.core.database)
    heard = list[object]()
    for kind in FACTS:
        parlour.core.bus.subscribe(kind, heard.append)
    yield Scene(parlour, heard)
    await parlour.close()


async def test_a_room_and_who_may_enter(scene: Scene) -> None:
    ann, ben, rooms = await scene.client("ann"), await scene.client("ben"), scene.parlour.rooms.service
    name = await scene.room(ann)
    await rooms.give_password(ben, name=name, password=ROOM_PASSWORD, source=SOURCE)
    (admitted,) = scene.heard
    assert isinstance(admitted, PersonAdmitted)
    assert (admitted.room.name, admitted.user_id) == (name, ben.user_id)
    scene.heard.clear()
    await rooms.invite(ann, room=name, addresses=["cleo@example.org"], source=SOURCE)
    (invited,) = scene.only(PeopleInvited)
    assert isinstance(invited, PeopleInvited)
    assert invited.emails == ("cleo@example.org",)
    assert scene.only(MailQueued)
    scene.heard.clear()
    management = scene.parlour.rooms.management
    await management.take_back_invitation(ann, room=name, email="cleo@example.org")
    (taken,) = scene.heard
    assert isinstance(taken, InvitationTakenBack)
    assert taken.refused == frozenset()  # nobody has that address
    scene.heard.clear()
    await management.change(ann, room=name, description="new", is_listed=None, password=None, source=SOURCE)
    (changed,) = scene.heard
    assert isinstance(changed, RoomChanged)
    assert changed.room.description == "new"
    scene.heard.clear()
    await rooms.ban(ann, room=name, email=ben.email)
    (banned,) = scene.heard
    assert isinstance(banned, PersonBanned)
    assert banned.people == {ben.user_id}
    scene.heard.clear()
    await rooms.unban(ann, room=name, email=ben.email)
    assert [type(fact) for fact in scene.heard] == [PersonUnbanned]
    scene.heard.clear()
    await management.make_event(ann, room=name, source=SOURCE)
    (became,) = scene.heard
    assert isinstance(became, RoomBecameEvent)
    assert became.room.is_event
    assert became.people == {ann.user_id}
    scene.heard.clear()
    await management.remove(ann, room=name, source=SOURCE)
    assert [type(fact) for fact in scene.heard] == [RoomRemoved]


@pytest.mark.parametrize("change", ["move", "remove"])
async def test_an_event_that_gets_another_time_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Invitees hear of a change that was none to them when they were counted, as do those invited since."""
    ann = await scene.client("ann")
    rooms, management = scene.parlour.rooms.service, scene.parlour.rooms.management
    name, now = await scene.room(ann), datetime.now(UTC)
    past, future = (ScheduleChange(Schedule(now + timedelta(days=days))) for days in (-2, 2))
    await management.make_event(ann, room=name, source=SOURCE, change=past)
    await rooms.invite(ann, room=name, addresses=["bob@example.org"], source=SOURCE)

    async def set_time(to: ScheduleChange) -> None:
        await management.change(
            ann, room=name, description=None, is_listed=None, password=None, source=SOURCE, schedule=to
        )

    mails = scene.parlour.rooms.management._event_mails
    counted = mails.audience

    async def meanwhile(*values: Any) -> Audience:
        """Count, then let another request be faster, once."""
        audience = await counted(*values)
        monkeypatch.setattr(mails, "audience", counted)
        await set_time(future)
        await rooms.invite(ann, room=name, addresses=["cleo@example.org"], source=SOURCE)
        return audience

    monkeypatch.setattr(mails, "audience", meanwhile)
    if change == "move":
        await set_time(ScheduleChange(Schedule(now - timedelta(days=1))))
        kind = "EventMoved"
    else:
        await management.remove(ann, room=name, source=SOURCE)
        kind = "EventCancelled"
    assert await queued(scene, kind) == (
        ["bob@example.org", "bob@example.org", "cleo@example.org"]
        if change == "move"
        else ["bob@example.org", "cleo@example.org"]
    )


async def queued(scene: Scene, kind: str) -> list[str]:
    """Return whom mails of this kind wait for."""
    async with scene.parlour.core.database.reading() as connection:
        rows = await connection.execute(select(outbox.c.recipient, outbox.c.content))
        return sorted(row.recipient for row in rows if f'"{kind}"' in str(row.content))


async def test_the_command_line_publishes_the_same(scene: Scene) -> None:
    ann, accounts = await scene.client("ann"), scene.parlour.accounts.administration
    name = await scene.room(ann)
    await scene.parlour.rooms.administration.remove(name)
    await accounts.rename(ann.username, "Ann Lee")
    await accounts.set_password(ann.username, "staple the horse again")
    await accounts.disable(ann.username)
    await accounts.delete(ann.username)
    removed, renamed, changed, disabled, deleted = scene.heard
    assert isinstance(removed, RoomRemoved)
    assert renamed == DisplayNameChanged(user_id=ann.user_id, display_name="Ann Lee")
    assert isinstance(changed, SessionsEnded)
    assert changed.sessions == frozenset({ann.session})
    assert type(changed.reason) is PasswordChanged
    assert isinstance(disabled, SessionsEnded)
    assert type(disabled.reason) is AccountDisabled
    assert isinstance(deleted, SessionsEnded)
    assert type(deleted.reason) is AccountDeleted


async def test_a_session_that_ends(scene: Scene) -> None:
    ann, sessions = await scene.client("ann"), scene.parlour.accounts.sessions
    assert ann.session is not None
    await sessions.log_out(ann.session)
    (ended,) = scene.heard
    assert isinstance(ended, SessionsEnded)
    assert (ended.user_id, ended.sessions) == (ann.user_id, frozenset({ann.session}))
    assert type(ended.reason) is LoggedOut
    scene.heard.clear()
    await sessions.log_out(ann.session)
    assert scene.heard == [], "it was over"
    ben = await scene.client("ben")
    await sessions.end_all(ben.user_id)
    (ended,) = scene.heard
    assert isinstance(ended, SessionsEnded)
    assert ended.sessions == frozenset({ben.session})
    assert type(ended.reason) is SessionEndedElsewhere


async def test_a_message_once(scene: Scene) -> None:
    ann, chat = await scene.client("ann"), scene.parlour.chat.service
    name = await scene.room(ann)
    first = await chat.write(ann, room=name, text="Hello", message_id="m1", sent_by="a socket")
    assert await chat.write(ann, room=name, text="Hello", message_id="m1") == first
    (stored,) = scene.heard
    assert isinstance(stored, MessageStored)
    assert (stored.message, stored.sent_by) == (first, "a socket")


async def test_changes_of_a_message(scene: Scene) -> None:
    ann, chat = await scene.client("ann"), scene.parlour.chat.service
    name = await scene.room(ann)
    await chat.write(ann, room=name, text="Hello", message_id="m1")
    scene.heard.clear()
    edited = await chat.edit(ann, "m1", room=name, text="Hello!", sent_by="a socket")
    deleted = await chat.delete(ann, "m1", room=name)
    again = await chat.remove(ann, "m1", room=name)
    assert again == deleted
    assert [type(fact) for fact in scene.heard] == [MessageEdited, MessageDeleted, MessageDeleted]
    first, second, _ = scene.heard
    assert isinstance(first, MessageEdited)
    assert (first.message, first.sent_by) == (edited, "a socket")
    assert isinstance(second, MessageDeleted)
    assert (second.message, second.message.text, second.sent_by) == (deleted, "", None)
