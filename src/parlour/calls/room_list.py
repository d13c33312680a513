"""Broadcast the rooms in use to connections in no call: `share-rooms`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from math import inf

import structlog

from parlour.accounts.identity import UserId
from parlour.calls.cluster.node import Node
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import Member, Presence
from parlour.calls.rooms_elsewhere import RoomInUse, RoomsElsewhere
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.facts import PersonAdmitted
from parlour.wire.signaling import ShareRooms

SHORTEST_PAUSE_SECONDS = 0.1
LARGEST_SHARE = 0.1
"""The largest share of the event loop's time for the list: the longer a round takes, the longer the pause."""
BYTES_PER_SECOND = 5_000_000
"""The most that a node sends of lists, on average: each one is whole, and goes to everybody in no call."""
LONGEST_PAUSE_SECONDS = 60.0
"""The longest pause because of these bytes; what is sent beyond that is more."""
SLOW_SECONDS = 1.0
"""After a longer pause than this, people get the list of the last round, and do not wait for the next one."""
CHUNK = 100
"""The connections that are handled in a turn of the event loop."""
HIDDEN_SECONDS = 15.0
"""The age at which the viewers of hidden rooms are read again: other processes change them too."""
QUOTES = 3
"""The bytes around each name."""

HiddenRooms = dict[RoomId, set[UserId]]
"""The people who may see each room that some people do not see."""

log = structlog.get_logger("parlour.calls")


class RoomListBroadcaster:
    """Coalesce changes: however many there are, a pause is followed by a single round.

    The list is built once for each group of connections that may see the same rooms, and sent only to
    connections whose list changed. The database is asked about hidden rooms alone.
    """

    def __init__(
        self,
        *,
        presence: Presence,
        calls: OngoingCalls,
        hidden_rooms_among: Callable[[Iterable[RoomId]], Awaitable[HiddenRooms]],
        node: Node,
        elsewhere: RoomsElsewhere | None = None,
    ) -> None:
        """`elsewhere` is None for a node without others."""
        self._presence = presence
        self._calls = calls
        self._elsewhere = elsewhere
        if elsewhere is not None:
            elsewhere.listen(self.changed)
        self._hidden_rooms_among = hidden_rooms_among
        self._deliver = node.deliver
        self._changed = asyncio.Event()
        self._is_stale = False
        self._in_use: dict[RoomId, str] = {}
        self._hidden_rooms: HiddenRooms = {}
        self._hidden_read_at = -HIDDEN_SECONDS
        self._is_access_stale = False
        self._hidden: frozenset[RoomId] = frozenset()
        self._also_seen: dict[UserId, set[RoomId]] = {}
        self._lists: dict[frozenset[RoomId], tuple[ShareRooms, int]] = {}
        """The lists by what is hidden, each with its approximate size in bytes."""
        self._sent = 0
        """The bytes of lists since the last round."""
        self._next_at = -inf
        """The time before which no list is sent to all, because of these bytes."""
        self._is_put_off = False

    def on_access_changed(self, _fact: object) -> None:
        """Broadcast: the rooms that people may see have changed."""
        self._is_access_stale = True
        self.changed()

    def on_person_admitted(self, admitted: PersonAdmitted) -> None:
        """Broadcast if the room is unlisted: a person who gave its password sees it in the list from now
        on.
        """
        if not admitted.room.is_listed:
            self.on_access_changed(admitted)

    def joined(self, room: Room) -> None:
        """Request a round unless an arrival in the call of this room leaves the list as it was."""
        if RoomInUse.of(room).is_hidden != (room.room_id in self._hidden_rooms):
            self._is_access_stale = True
        if self._elsewhere is not None and not self._elsewhere.is_told(room.room_id):
            self.changed()
        if self._is_stale or self._is_access_stale or room.room_id not in self._in_use or self._is_outdated():
            self.changed()

    def changed(self) -> None:
        """Request a round: a call may have begun or ended, or a connection waits for its first list."""
        self._is_stale = True
        self._changed.set()

    def introduce(self, connection: Member) -> None:
        """Send a connection that is in no call from now on the list of the last round, unless a next round is
        due soon and will send it.
        """
        is_soon = self._next_at - time.monotonic() < SLOW_SECONDS
        if not (self._is_stale and (is_soon or self._is_access_stale)):
            self._tell(connection, *self._list_for(connection))

    async def step(self) -> float:
        """Wait for a change and broadcast it. Return the seconds to pause, which grow with the round's
        cost. The bytes that it has sent put off the next list, but not what other nodes are told.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._next_at - time.monotonic() if self._is_put_off else None):
                await self._changed.wait()
        self._changed.clear()
        try:
            busy = await self._tell_all()
        except BaseException:
            self.changed()
            raise
        return max(SHORTEST_PAUSE_SECONDS, busy * (1 / LARGEST_SHARE - 1))

    async def _tell_all(self) -> float:
        """Send each connection its list if that changed. Return the seconds of the event loop's time used."""
        began = time.perf_counter()
        rooms = [RoomInUse.of(room) for room in self._calls.rooms()]
        if self._elsewhere is not None:
            self._elsewhere.tell(rooms)
            rooms.extend(self._elsewhere.rooms())
        self._is_put_off = time.monotonic() < self._next_at
        if self._is_put_off:
            return time.perf_counter() - began
        in_use = {room.room_id: room.name for room in rooms}
        hidden = self._hidden_rooms
        is_other_access = any(room.is_hidden != (room.room_id in hidden) for room in rooms)
        if in_use != self._in_use or is_other_access or self._is_access_stale or self._is_outdated():
            hidden = await self._read_hidden(rooms)
        self._is_stale = self._changed.is_set()
        busy, began = 0.0, time.perf_counter()
        if in_use != self._in_use or hidden != self._hidden_rooms:
            self._learn(in_use, hidden)
        for number, (connection, watching) in enumerate(self._presence.watching(), start=1):
            shared, size = self._list_for(connection)
            if watching.last_sent is not shared.rooms and watching.last_sent != shared.rooms:
                self._tell(connection, shared, size)
            if number % CHUNK == 0:
                busy += time.perf_counter() - began
                await asyncio.sleep(0)
                began = time.perf_counter()
        pause, self._sent = min(self._sent / BYTES_PER_SECOND, LONGEST_PAUSE_SECONDS), 0
        self._next_at = time.monotonic() + pause
        return busy + time.perf_counter() - began

    def _is_outdated(self) -> bool:
        """True if another process may have changed who sees the hidden rooms in use."""
        return bool(self._hidden_rooms) and time.monotonic() - self._hidden_read_at >= HIDDEN_SECONDS

    async def _read_hidden(self, rooms: Iterable[RoomInUse]) -> HiddenRooms:
        """Return who sees the hidden rooms; a room that was deleted meanwhile stays hidden from all."""
        self._is_access_stale, read_at = False, time.monotonic()
        hidden: HiddenRooms = {room.room_id: set() for room in rooms if room.is_hidden}
        try:
            if hidden:
                hidden |= await self._hidden_rooms_among(list(hidden))
        except BaseException:
            self._is_access_stale = True
            raise
        self._hidden_read_at = read_at
        return hidden

    def _learn(self, in_use: dict[RoomId, str], hidden_rooms: HiddenRooms) -> None:
        self._in_use, self._hidden_rooms = in_use, hidden_rooms
        self._hidden = frozenset(hidden_rooms)
        self._also_seen = {}
        for room_id, people in hidden_rooms.items():
            for user_id in people:
                self._also_seen.setdefault(user_id, set()).add(room_id)
        self._lists.clear()

    def _list_for(self, connection: Member) -> tuple[ShareRooms, int]:
        """Return the same object for all connections that see the same rooms, so that it is encoded once."""
        also_seen = self._also_seen.get(connection.identity.user_id)
        hidden = self._hidden if also_seen is None else self._hidden - also_seen
        found = self._lists.get(hidden)
        if found is None:
            seen = sorted(name for room_id, name in self._in_use.items() if room_id not in hidden)
            size = sum(map(len, seen)) + QUOTES * len(seen)
            found = self._lists[hidden] = ShareRooms(seen), size
        return found

    def _tell(self, connection: Member, rooms: ShareRooms, size: int) -> None:
        self._sent += size
        self._deliver(connection.connection_id, rooms)
        self._presence.remember_sent(connection.connection_id, rooms.rooms)
