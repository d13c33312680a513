"""Deliver what happens in chats on this node in one order with all other nodes, each once.

Facts of other nodes arrive late, twice or not at all. For each room with people of this node in its call, an
order (`chat.order`) says what is next, and the database has what is missing.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from parlour.bus import FactsMissed
from parlour.chat.entities import ChatEnd
from parlour.chat.facts import ChatFact, MessageStored
from parlour.chat.order import ChatOrder, Missing
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.facts import RoomRemoved

LOOK_SECONDS = 15.0
"""The time after which a message is found at the latest whose fact was lost, and no later one arrived."""
UNUSED_SECONDS = 30.0
"""The time for which a room without people is followed: a join begins that before its person is in."""
ROOMS_A_LOOK = 500
FACTS_A_TURN = 8
"""So many facts of a room are delivered in one turn of the event loop, each to everybody in the call."""

log = structlog.get_logger("parlour.chat")


class StoredChat(Protocol):
    """Answers from the database (`chat.service`)."""

    async def end(self, room_id: RoomId, /) -> ChatEnd: ...

    async def last_numbers(self, room_ids: Iterable[RoomId], /) -> dict[RoomId, int]: ...

    async def facts_between(self, room: Room, first: int, last: int, *, after: int) -> list[ChatFact]: ...


@dataclass(slots=True)
class _Followed:
    """A room that is followed. `position` is that of the newest message before whatever comes next; `ready`
    are the facts whose turn has come, and that are delivered in the next turns of the event loop.
    """

    room: Room
    order: ChatOrder[ChatFact]
    position: int
    used_at: float
    ready: deque[ChatFact] = field(default_factory=deque)


class _Start:
    """The end of a room's chat is being read; facts have come up to `end` meanwhile."""

    end = ChatEnd(0, 0)


class ChatDelivery:
    """Follow the chats of rooms in which this node has people, and hand on their facts in order."""

    def __init__(
        self,
        chat: StoredChat,
        deliver: Callable[[ChatFact], None],
        *,
        is_in_use: Callable[[RoomId], bool],
        clock: Callable[[], float],
    ) -> None:
        """`clock` counts seconds and is monotonic; `is_in_use` tells whether a room has people here."""
        self._chat = chat
        self._deliver = deliver
        self._is_in_use = is_in_use
        self._clock = clock
        self._followed: dict[RoomId, _Followed] = {}
        self._starting: defaultdict[RoomId, list[_Start]] = defaultdict(list)
        self._incomplete: set[RoomId] = set()
        self._is_incomplete = asyncio.Event()
        self.look_is_due = asyncio.Event()
        """Set when facts may have been lost."""

    def __len__(self) -> int:
        """Count the rooms that are followed."""
        return len(self._followed)

    def follows(self, room_id: RoomId) -> bool:
        """Return True if the room is followed: a person who enters now misses nothing."""
        followed = self._followed.get(room_id)
        if followed is None:
            return False
        followed.used_at = self._clock()
        return True

    async def follow(self, room: Room) -> None:
        """Follow a room from now on, before its first person enters: what is stored later is delivered.

        Raises one of DATABASE_UNAVAILABLE.
        """
        room_id = room.room_id
        if self.follows(room_id):
            return
        start = _Start()
        self._starting[room_id].append(start)
        try:
            end = await self._chat.end(room_id)
        finally:
            self._starting[room_id].remove(start)
            if not self._starting[room_id]:
                del self._starting[room_id]
        if not self.follows(room_id):
            self._begin(room, _later(end, start.end))

    def on_fact(self, fact: ChatFact) -> None:
        """Take a fact of any node; deliver what its arrival completes."""
        number = fact.number
        if number is None:  # written without numbers
            self._deliver(fact)
            return
        room_id = fact.room.room_id
        followed = self._followed.get(room_id)
        if followed is None:
            for start in self._starting.get(room_id, ()):
                start.end = _later(start.end, ChatEnd(number, fact.message.position))
            if not self._is_in_use(room_id):
                return
            followed = self._begin(fact.room, ChatEnd(number - 1, fact.message.position - 1))
        followed.room = fact.room
        self._hand_on(followed, followed.order.take(number, fact, self._clock()))
        self._note(room_id, followed)

    def on_room_removed(self, removed: RoomRemoved) -> None:
        self.forget(removed.room.room_id)

    def on_facts_missed(self, _fact: FactsMissed) -> None:
        self.look_is_due.set()

    def forget(self, room_id: RoomId) -> None:
        """Stop following a room."""
        self._followed.pop(room_id, None)
        self._set_incomplete(room_id, is_incomplete=False)

    async def step(self) -> float | None:
        """Wait until something is missing for long enough, and read it; return the seconds to pause.

        Raises one of DATABASE_UNAVAILABLE, or what else went wrong with a room, once all others were read;
        what is missing stays so.
        """
        await self._is_incomplete.wait()
        now, soonest = self._clock(), None
        failure: Exception | None = None
        for room_id in list(self._incomplete):
            followed = self._followed.get(room_id)
            missing = None if followed is None else followed.order.missing(now)
            if followed is not None and missing is not None:
                try:
                    await self._read(room_id, followed, missing)
                except Exception as error:
                    failure = failure or error
                    continue
            due_at = None if followed is None else followed.order.due_at
            if due_at is not None:
                soonest = due_at if soonest is None else min(soonest, due_at)
        if failure is not None:
            raise failure
        return None if soonest is None else max(0.0, soonest - self._clock())

    async def look(self) -> None:
        """Compare all rooms with the database; stop following those that are not in use."""
        now = self._clock()
        for room_id, followed in list(self._followed.items()):
            if self._is_in_use(room_id):
                followed.used_at = now
            elif now - followed.used_at > UNUSED_SECONDS:
                self.forget(room_id)
        room_ids = list(self._followed)
        for start in range(0, len(room_ids), ROOMS_A_LOOK):
            await self._look_at(
                {
                    room_id: self._followed[room_id].order.newest
                    for room_id in room_ids[start : start + ROOMS_A_LOOK]
                    if room_id in self._followed
                }
            )

    async def _look_at(self, known: dict[RoomId, int]) -> None:
        """Compare rooms with the database; `known` has the newest number of each that has arrived."""
        found = await self._chat.last_numbers(known)
        for room_id, number in found.items():
            followed = self._followed.get(room_id)
            if followed is None:
                continue
            if number < known[room_id]:  # a database that lost its latest commits gives numbers again
                log.warning("chat.numbers_went_back", known=known[room_id], found=number)
                followed = self._begin(followed.room, await self._chat.end(room_id))
            followed.order.exists(number, self._clock())
            self._note(room_id, followed)

    def _begin(self, room: Room, end: ChatEnd) -> _Followed:
        followed = _Followed(room, ChatOrder(end.number), end.position, self._clock())
        self._followed[room.room_id] = followed
        return followed

    async def _read(self, room_id: RoomId, followed: _Followed, missing: Missing) -> None:
        found = await self._chat.facts_between(
            followed.room, missing.first, missing.last, after=followed.position
        )
        if self._followed.get(room_id) is not followed:
            return
        log.info("chat.missed", first=missing.first, last=missing.last, found=len(found))
        by_number = {fact.number: fact for fact in found if fact.number is not None}
        self._hand_on(followed, followed.order.fill(missing, by_number))
        self._note(room_id, followed)

    def _hand_on(self, followed: _Followed, facts: Iterable[ChatFact]) -> None:
        is_busy = bool(followed.ready)
        for fact in facts:
            if isinstance(fact, MessageStored):
                followed.position = max(followed.position, fact.message.position)
            followed.ready.append(fact)
        if not is_busy:
            self._deliver_some(followed)

    def _deliver_some(self, followed: _Followed) -> None:
        """Deliver the next facts of a room, and others in the next turn of the event loop."""
        for _ in range(min(FACTS_A_TURN, len(followed.ready))):
            self._deliver(followed.ready.popleft())
        if followed.ready:
            asyncio.get_running_loop().call_soon(self._deliver_some, followed)

    def _note(self, room_id: RoomId, followed: _Followed) -> None:
        """Remember whether something is missing in a room."""
        self._set_incomplete(room_id, is_incomplete=followed.order.due_at is not None)

    def _set_incomplete(self, room_id: RoomId, *, is_incomplete: bool) -> None:
        if is_incomplete:
            self._incomplete.add(room_id)
        else:
            self._incomplete.discard(room_id)
        if self._incomplete:
            self._is_incomplete.set()
        else:
            self._is_incomplete.clear()


def _later(one: ChatEnd, other: ChatEnd) -> ChatEnd:
    return ChatEnd(max(one.number, other.number), max(one.position, other.position))
