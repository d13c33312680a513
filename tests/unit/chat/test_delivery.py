"""Chats that this node follows: what waits for a turn, and what fails."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from parlour.chat.delivery import FACTS_A_TURN, ChatDelivery
from parlour.chat.entities import ChatEnd, Message
from parlour.chat.facts import ChatFact, MessageStored
from parlour.chat.order import MISSING_SECONDS
from parlour.rooms.entities import Room, RoomId
from tests.unit.calls.example_rooms import example_room

FIRST, SECOND = example_room(1), example_room(2)


def stored(room: Room, number: int) -> MessageStored:
    message = Message(
        position=number,
        message_id=str(number),
        author_id=None,
        author_name="ann",
        author_email="ann@example.org",
        text=f"line {number}",
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
        number=number,
    )
    return MessageStored(room=room, message=message, sent_by=None)


class Node:
    """A node whose database has what is in `stored`, and fails for rooms that are in `failing`."""

    def __init__(self, *, is_in_use: bool = True) -> None:
        self.now = 0.0
        self.stored: dict[RoomId, list[ChatFact]] = {FIRST.room_id: [], SECOND.room_id: []}
        self.failing: set[RoomId] = set()
        self.delivered: list[ChatFact] = []
        self.ends: list[asyncio.Future[ChatEnd]] = []
        self.chats = ChatDelivery(
            self, self.delivered.append, is_in_use=lambda _room: is_in_use, clock=lambda: self.now
        )

    async def end(self, room_id: RoomId, /) -> ChatEnd:
        waiting: asyncio.Future[ChatEnd] = asyncio.get_running_loop().create_future()
        self.ends.append(waiting)
        return await waiting

    async def last_numbers(self, room_ids: Iterable[RoomId], /) -> dict[RoomId, int]:
        return {}

    async def facts_between(self, room: Room, first: int, last: int, *, after: int) -> list[ChatFact]:
        if room.room_id in self.failing:
            raise ConnectionError
        return [fact for fact in self.stored[room.room_id] if first <= (fact.number or 0) <= last]


async def test_a_burst_is_delivered_in_order_and_some_of_it_in_each_turn() -> None:
    node = Node()
    facts = [stored(FIRST, number) for number in range(1, 51)]
    node.chats.on_fact(facts[0])
    for fact in reversed(facts[2:]):
        node.chats.on_fact(fact)
    node.chats.on_fact(facts[1])
    assert node.delivered == facts[: 1 + FACTS_A_TURN]
    node.chats.on_fact(late := stored(FIRST, 51))
    async with asyncio.timeout(60):
        while len(node.delivered) < 51:
            before = len(node.delivered)
            await asyncio.sleep(0)
            assert len(node.delivered) <= before + FACTS_A_TURN
    assert node.delivered == [*facts, late]


async def test_a_room_that_cannot_be_read_keeps_no_other_room_waiting() -> None:
    node = Node()
    for room in (FIRST, SECOND):
        node.chats.on_fact(stored(room, 1))
        node.chats.on_fact(stored(room, 3))
        node.stored[room.room_id] = [stored(room, 2)]
    node.now += MISSING_SECONDS
    for failing, other in ((FIRST, SECOND), (SECOND, FIRST)):
        node.failing = {failing.room_id}
        with pytest.raises(ConnectionError):
            await node.chats.step()
        assert [fact.number for fact in node.delivered if fact.room is other] == [1, 2, 3]
        node.chats.on_fact(stored(other, 5))
        node.stored[other.room_id].append(stored(other, 4))
        node.now += MISSING_SECONDS


async def test_one_of_two_who_begin_to_follow_a_room_fails() -> None:
    """The other one has heard of all that came meanwhile."""
    node = Node(is_in_use=False)
    beginnings = [asyncio.create_task(node.chats.follow(FIRST)) for _ in range(2)]
    await asyncio.sleep(0)
    node.chats.on_fact(stored(FIRST, 5))
    node.ends[0].set_exception(ConnectionError())
    with pytest.raises(ConnectionError):
        await beginnings[0]
    node.ends[1].set_result(ChatEnd(4, 4))
    await beginnings[1]
    node.chats.on_fact(stored(FIRST, 6))
    assert [fact.number for fact in node.delivered] == [6]
