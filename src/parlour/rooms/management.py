"""Change a room later, as its creator may: the room itself, and who is invited to it."""

from dataclasses import replace

from parlour.accounts.identity import Identity, RequestSource
from parlour.accounts.passwords.hashing import Passwords
from parlour.db.database import AsyncConnection, Database
from parlour.rooms import policy, store
from parlour.rooms.access import PasswordAccess
from parlour.rooms.authorization import permitted, permitted_to_write
from parlour.rooms.entities import Room
from parlour.rooms.facts import InvitationTakenBack, RoomChanged
from parlour.rooms.policy import Action
from parlour.rooms.refusals import EventNotFound
from parlour.rooms.schedule import ScheduleChange


class RoomManagement:
    """One transaction per use case; hashing happens outside of it."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

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
    ) -> None:
        """None leaves something as it is. The name is the room's address, and stays.

        Raises RoomNotFound, NotTheCreator or Busy, or EventNotFound for the time of a room that is no event.
        """
        async with self._database.reading() as connection:
            await permitted(connection, Action.CHANGE, room=room, identity=identity)
        password_hash = None if password is None else await self._passwords.hash(password, source)
        async with self._database.transaction() as connection:
            known = await permitted_to_write(connection, Action.CHANGE, room=room, identity=identity)
            changed = {
                "description": description,
                "is_listed": is_listed,
                "is_relay_only": is_relay_only,
                "password_hash": password_hash,
            }
            columns = {name: value for name, value in changed.items() if value is not None}
            if columns:
                await store.change_room(connection, known.room_id, columns)
            if schedule is not None:
                await _reschedule(connection, known, schedule)
            if columns or schedule is not None:
                room_now = _as_changed(known, description, is_listed, password_hash)
                if is_relay_only is not None:
                    room_now = replace(room_now, is_relay_only=is_relay_only)
                if schedule is not None:
                    room_now = replace(room_now, schedule=schedule.schedule)
                connection.after_commit(RoomChanged(room=room_now))

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


async def _reschedule(connection: AsyncConnection, room: Room, change: ScheduleChange) -> None:
    """Raises EventNotFound: other rooms take place at no time, and lose none."""
    if room.is_event:
        await store.set_schedule(connection, room.room_id, change.schedule)
    elif change.schedule is not None:
        raise EventNotFound


def _as_changed(
    room: Room, description: str | None, is_listed: bool | None, password_hash: str | None
) -> Room:
    has_password = isinstance(room.access, PasswordAccess)
    return replace(
        room,
        description=room.description if description is None else description,
        is_listed=room.is_listed if is_listed is None else is_listed,
        access=PasswordAccess(password_hash) if password_hash and has_password else room.access,
    )
