"""Change a room later, as its creator may: the room itself, when it takes place, who is invited to it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from parlour.accounts.identity import Identity, RequestSource
from parlour.accounts.passwords.hashing import Passwords
from parlour.db.database import Database, Transaction
from parlour.errors import Busy
from parlour.rooms import policy, store
from parlour.rooms.access import PasswordAccess
from parlour.rooms.authorization import permitted, permitted_to_write
from parlour.rooms.entities import Room
from parlour.rooms.event_mails import Audience, AudienceOutdated, EventMails
from parlour.rooms.facts import InvitationTakenBack, RoomBecameEvent, RoomChanged, RoomRemoved
from parlour.rooms.policy import Action
from parlour.rooms.refusals import EventNotFound
from parlour.rooms.schedule import ScheduleChange
from parlour.wire.base import RoomEncryption, RoomTopology

_ATTEMPTS = 2


class RoomManagement:
    """One transaction per use case; hashing happens outside of it."""

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        event_mails: EventMails,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._event_mails = event_mails
        self._clock = clock

    async def change(
        self,
        identity: Identity,
        *,
        room: str,
        description: str | None,
        is_listed: bool | None,
        password: str | None,
        source: RequestSource,
        schedule: ScheduleChange | None = None,
        is_relay_only: bool | None = None,
        topology: RoomTopology | None = None,
        encryption: RoomEncryption | None = None,
    ) -> None:
        """None leaves something as it is. The name is the room's address, and stays.

        The invitees of an event get a mail when its time is another one.
        Raises RoomNotFound, NotTheCreator or Busy, or EventNotFound for the time of a room that is no event.
        """

        async def attempt(audience: Audience) -> None:
            password_hash = None if password is None else await self._passwords.hash(password, source)
            async with self._database.transaction() as connection:
                known = await permitted_to_write(connection, Action.CHANGE, room=room, identity=identity)
                changed = {
                    "description": description,
                    "is_listed": is_listed,
                    "is_relay_only": is_relay_only,
                    "topology": topology,
                    "encryption": encryption,
                    "password_hash": password_hash,
                }
                columns = {name: value for name, value in changed.items() if value is not None}
                if columns:
                    await store.change_room(connection, known.room_id, columns)
                _require_event(known, schedule)
                room_now = _as_changed(known, columns)
                if schedule is not None:
                    room_now = await self._reschedule(connection, room_now, schedule, audience)
                if columns or schedule is not None:
                    connection.after_commit(RoomChanged(room=room_now))

        await self._with_audience(identity, Action.CHANGE, room, schedule, source, attempt)

    async def make_event(
        self,
        identity: Identity,
        *,
        room: str,
        source: RequestSource,
        change: ScheduleChange | None = None,
    ) -> None:
        """Let only the creator and invitees enter from now on; again is harmless, or changes its time."""

        async def attempt(audience: Audience) -> None:
            async with self._database.transaction() as connection:
                known = await permitted_to_write(connection, Action.MAKE_EVENT, room=room, identity=identity)
                await store.make_event(connection, known.room_id, now=self._clock())
                if change is not None:
                    await self._reschedule(connection, known, change, audience)
                made = await permitted(connection, Action.MAKE_EVENT, room=room, identity=identity)
                people = await store.hidden_rooms_among(connection, [made.room_id])
                connection.after_commit(RoomBecameEvent(room=made, people=frozenset(people[made.room_id])))

        await self._with_audience(identity, Action.MAKE_EVENT, room, change, source, attempt)

    async def remove(self, identity: Identity, *, room: str, source: RequestSource) -> None:
        """Remove the room with its chat, its invitations and its attendance.

        The invitees of an event that is yet to take place get a mail.
        """

        async def attempt(audience: Audience) -> None:
            async with self._database.transaction() as connection:
                known = await permitted(connection, Action.REMOVE, room=room, identity=identity)
                told = await self._event_mails.told(connection, known, None, audience)
                if await store.remove_room(connection, known.room_id):  # another request may have been faster
                    await self._event_mails.cancelled(connection, known, audience, told)
                    connection.after_commit(RoomRemoved(room=known))

        await self._with_audience(identity, Action.REMOVE, room, ScheduleChange(None), source, attempt)

    async def _with_audience(
        self,
        identity: Identity,
        action: Action,
        room: str,
        change: ScheduleChange | None,
        source: RequestSource,
        attempt: Callable[[Audience], Awaitable[None]],
    ) -> None:
        """Count who hears of a change, then make it; again where the event has got another time meanwhile.

        Raises Busy where that goes on, and what the policy says.
        """
        for _ in range(_ATTEMPTS):
            async with self._database.reading() as connection:
                present = await permitted(connection, action, room=room, identity=identity)
            if action is not Action.MAKE_EVENT:
                _require_event(present, change)
            after = present.schedule if change is None else change.schedule
            audience = await self._event_mails.audience(identity, present, after, source)
            with suppress(AudienceOutdated):
                return await attempt(audience)
        raise Busy

    async def _reschedule(
        self, transaction: Transaction, room: Room, change: ScheduleChange, audience: Audience
    ) -> Room:
        """Return the room with its new time, of which the audience is told. The same time is no change."""
        if room.schedule == change.schedule:
            return room
        told = await self._event_mails.told(transaction, room, change.schedule, audience)
        sequence = await store.set_schedule(transaction, room.room_id, change.schedule)
        schedule = None if change.schedule is None else replace(change.schedule, sequence=sequence)
        moved = replace(room, schedule=schedule)
        await self._event_mails.moved(transaction, moved, audience, told, sequence=sequence)
        return moved

    async def take_back_invitation(self, identity: Identity, *, room: str, email: str) -> None:
        """Invite an address no longer; it is harmless where it is not invited.

        Who has given the room's password as well may still enter, unless it is an event. Raises
        RoomNotFound or NotTheCreator.
        """
        async with self._database.transaction() as connection:
            known = await permitted_to_write(connection, Action.INVITE, room=room, identity=identity)
            people = await store.take_back_invitation(connection, known.room_id, email)
            found = await store.room_and_all_facts(connection, known.room_id, list(people))
            facts_by_user = {} if found is None else found[1]
            refused = frozenset(
                user_id for user_id, facts in facts_by_user.items() if not policy.may_enter(facts, known.kind)
            )
            connection.after_commit(InvitationTakenBack(room=known, refused=refused))


def _require_event(room: Room, change: ScheduleChange | None) -> None:
    """Raises EventNotFound: other rooms take place at no time, and lose none."""
    if change is not None and change.schedule is not None and not room.is_event:
        raise EventNotFound


def _as_changed(room: Room, columns: dict[str, Any]) -> Room:
    """Return the room with other values in its columns. The password counts in rooms that are no events."""
    fields = dict(columns)
    password_hash = fields.pop("password_hash", None)
    if password_hash is not None and isinstance(room.access, PasswordAccess):
        fields["access"] = PasswordAccess(password_hash)
    return replace(room, **fields)
