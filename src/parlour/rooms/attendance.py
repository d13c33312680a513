"""The use cases of an event's attendance: one line a visit, open while it lasts."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from parlour.accounts.identity import Identity
from parlour.db.database import AsyncConnection, Database
from parlour.rooms import policy, store
from parlour.rooms.entities import Room, Visit
from parlour.rooms.policy import Action
from parlour.rooms.refusals import EventNotFound, InvalidMove


class Move(Enum):
    JOINED = "j"
    LEFT = "l"


def parsed_move(text: str) -> Move:
    """Raises InvalidMove."""
    try:
        return Move(text)
    except ValueError as error:
        raise InvalidMove from error


class AttendanceLog:
    """Hears of visits from the calls and, from existing clients, over HTTP; neither doubles the other."""

    def __init__(self, *, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def log(self, identity: Identity, *, room: str, move: Move) -> None:
        """Raises EventNotFound, NotInvited or Banned."""
        async with self._database.transaction() as connection:
            event = await self._event(connection, Action.LOG_ATTENDANCE, identity, room)
            await self._record(connection, event, identity, joined=move is Move.JOINED)

    async def joined(self, identity: Identity, room: Room) -> None:
        """Nothing to do in a room that is no event."""
        if room.event_id is not None:
            async with self._database.transaction() as connection:
                await self._record(connection, room.event_id, identity, joined=True)

    async def left(self, identity: Identity, room: Room) -> None:
        if room.event_id is not None:
            async with self._database.transaction() as connection:
                await self._record(connection, room.event_id, identity, joined=False)

    async def read(self, identity: Identity, *, room: str) -> list[Visit]:
        """Raises EventNotFound or NotTheCreator."""
        async with self._database.reading() as connection:
            event = await self._event(connection, Action.READ_ATTENDANCE, identity, room)
            return await store.visits(connection, event)

    async def close_abandoned(self) -> None:
        """At the start of a server: whoever was in a call of the one before is in it no more."""
        async with self._database.transaction() as connection:
            await store.close_all_visits(connection, now=self._clock())

    async def _event(self, connection: AsyncConnection, action: Action, identity: Identity, room: str) -> int:
        found = await store.room_and_standing(connection, room, identity.user_id)
        if found is None:
            raise EventNotFound
        known, standing = found
        if known.event_id is None:
            raise EventNotFound
        refused = policy.refusal(action, policy.role_of(identity, standing), is_event=True)
        if refused is not None:
            raise refused
        return known.event_id

    async def _record(
        self, connection: AsyncConnection, event_id: int, identity: Identity, *, joined: bool
    ) -> None:
        now = self._clock()
        if joined:
            await store.open_visit(
                connection,
                event_id,
                user_id=identity.user_id,
                username=identity.name,
                email=identity.email,
                now=now,
            )
        else:
            await store.close_visit(connection, event_id, user_id=identity.user_id, now=now)
