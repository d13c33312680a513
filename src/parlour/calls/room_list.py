"""Tells those who are in no call which rooms are in use: `share-rooms`."""

import asyncio
import time

import structlog

from parlour.accounts.identity import UserId
from parlour.calls.cluster.node import Node
from parlour.calls.presence import Member, Presence
from parlour.rooms.entities import RoomId
from parlour.rooms.facts import PersonAdmitted
from parlour.rooms.service import RoomService
from parlour.wire.signaling import ShareRooms

SHORTEST_PAUSE_SECONDS = 0.1
LARGEST_SHARE = 0.1
"""Of the event loop's time: a round that took long is followed by a longer pause."""
CHUNK = 100
"""Watchers told in one go, before others have their turn."""

log = structlog.get_logger("parlour.calls")


class RoomListBroadcaster:
    """Broadcasts `share-rooms`, however many changes there are: one round a pause.

    The list is made once for each group of watchers who may see the same rooms, and goes only to those
    for whom it changed.
    """

    def __init__(
        self,
        *,
        presence: Presence,
        rooms: RoomService,
        node: Node,
    ) -> None:
        self._presence = presence
        self._rooms = rooms
        self._deliver = node.deliver
        self._changed = asyncio.Event()
        self._is_stale = False
        self._in_use: dict[RoomId, str] = {}
        self._hidden_rooms: dict[RoomId, set[UserId]] = {}
        self._hidden: frozenset[RoomId] = frozenset()
        self._also_seen: dict[UserId, set[RoomId]] = {}
        self._lists: dict[frozenset[RoomId], ShareRooms] = {}

    def on_access_changed(self, _fact: object) -> None:
        """Somebody may see other rooms than before."""
        self.changed()

    def on_person_admitted(self, admitted: PersonAdmitted) -> None:
        """Who gave the password of a room that is not listed sees it from now on."""
        if not admitted.room.is_listed:
            self.changed()

    def changed(self) -> None:
        """Somebody joined or left, or may see other rooms than before."""
        self._is_stale = True
        self._changed.set()

    def introduce(self, connection: Member) -> None:
        """Tells a newcomer at once what the last round told; while that is changing, the next one does."""
        if self._is_stale:
            return
        self._tell(connection, self._list_for(connection))

    async def step(self) -> float:
        """Wait for a change and tell of it; returns the pause, which grows with what a round costs."""
        await self._changed.wait()
        self._changed.clear()
        try:
            busy = await self._tell_all()
        except BaseException:
            self.changed()
            raise
        return max(SHORTEST_PAUSE_SECONDS, busy * (1 / LARGEST_SHARE - 1))

    async def _tell_all(self) -> float:
        """Tells everybody for whom something changed. Answers the seconds for which that held the loop."""
        in_use = self._presence.rooms_in_use()
        hidden = await self._rooms.hidden_rooms_among(in_use) if in_use else {}
        self._is_stale = self._changed.is_set()
        busy, began = 0.0, time.perf_counter()
        if in_use != self._in_use or hidden != self._hidden_rooms:
            self._learn(in_use, hidden)
        for number, (connection, watching) in enumerate(self._presence.watching(), start=1):
            rooms = self._list_for(connection)
            if watching.told is not rooms.rooms and watching.told != rooms.rooms:
                self._tell(connection, rooms)
            if number % CHUNK == 0:
                busy += time.perf_counter() - began
                await asyncio.sleep(0)
                began = time.perf_counter()
        return busy + time.perf_counter() - began

    def _learn(self, in_use: dict[RoomId, str], hidden_rooms: dict[RoomId, set[UserId]]) -> None:
        self._in_use, self._hidden_rooms = in_use, hidden_rooms
        self._hidden = frozenset(hidden_rooms)
        self._also_seen = {}
        for room_id, people in hidden_rooms.items():
            for user_id in people:
                self._also_seen.setdefault(user_id, set()).add(room_id)
        self._lists.clear()

    def _list_for(self, connection: Member) -> ShareRooms:
        """The same object for all who see the same, so that it is encoded once."""
        also_seen = self._also_seen.get(connection.identity.user_id)
        hidden = self._hidden if also_seen is None else self._hidden - also_seen
        found = self._lists.get(hidden)
        if found is None:
            seen = (name for room_id, name in self._in_use.items() if room_id not in hidden)
            found = self._lists[hidden] = ShareRooms(sorted(seen))
        return found

    def _tell(self, connection: Member, rooms: ShareRooms) -> None:
        self._deliver(connection.connection_id, rooms)
        self._presence.told(connection.connection_id, rooms.rooms)
