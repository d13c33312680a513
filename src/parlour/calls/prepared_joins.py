"""Remember for a moment who may join which call, so that a prepared join asks the database nothing. Pure."""

import math
from collections import OrderedDict

from parlour.accounts.identity import UserId
from parlour.rooms.entities import Room

PREPARED_SECONDS = 5.0
"""The age at which an answer of the database is asked for again.

Another process may change the rights of a person; the members of calls are checked for that every 15 seconds.
"""
MAX_PREPARED = 10_000


class PreparedJoins:
    """The room that each person was allowed to join a moment ago: one room, for one join."""

    def __init__(self) -> None:
        self._rooms: OrderedDict[UserId, tuple[str, Room, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rooms)

    def add(self, user_id: UserId, name: str, room: Room, now: float) -> None:
        """Remember the room for the next join under exactly this name; `now` counts seconds."""
        self._rooms[user_id] = (name, room, now)
        self._rooms.move_to_end(user_id)
        if len(self._rooms) > MAX_PREPARED:
            self._rooms.popitem(last=False)

    def take(self, user_id: UserId, name: str, now: float) -> Room | None:
        """Return the room and forget it; None if it is another one, or was prepared too long ago."""
        prepared_name, room, prepared_at = self._rooms.pop(user_id, (None, None, -math.inf))
        return room if prepared_name == name and now - prepared_at <= PREPARED_SECONDS else None

    def forget(self, user_id: UserId) -> None:
        self._rooms.pop(user_id, None)

    def clear(self) -> None:
        self._rooms.clear()
