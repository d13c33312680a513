"""The list of rooms in use: what each connection gets, and when the database is asked for it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.calls.call_replica import CallLimits
from parlour.calls.cluster.node import Node
from parlour.calls.decisions import Entered, Left, Seat
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import ConnectionId, Member, Participation, Presence
from parlour.calls.room_list import HIDDEN_SECONDS, HiddenRooms, RoomListBroadcaster
from parlour.calls.shared.interfaces import CallMembers
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId, ShareRooms
from tests.unit.calls.example_rooms import example_room

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Silent:
    """Members that nobody serves."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Calls:
    """A broadcaster, the people it tells, and a database that knows who sees which hidden room."""

    def __init__(self) -> None:
        self.presence = Presence()
        self.ongoing = OngoingCalls(NodeId("here"), CallLimits(people=9, participations=9))
        self.ongoing.serve(cast(CallMembers, Silent()))
        self.seen: HiddenRooms = {}
        self.questions: list[list[RoomId]] = []
        self.asked = asyncio.Event()
        self.lists: dict[str, list[list[str]]] = {}
        self.broadcaster = RoomListBroadcaster(
            presence=self.presence,
            calls=self.ongoing,
            hidden_rooms_among=self._hidden_rooms_among,
            node=cast(Node, self),
        )

    def deliver(self, to: ConnectionId, message: Any) -> None:
        assert isinstance(message, ShareRooms)
        self.lists.setdefault(to, []).append(list(message.rooms))

    async def _hidden_rooms_among(self, room_ids: Iterable[RoomId]) -> HiddenRooms:
        asked = list(room_ids)
        self.questions.append(asked)
        self.asked.set()
        await asyncio.sleep(0)
        return {room_id: set(self.seen[room_id]) for room_id in asked if room_id in self.seen}

    def connects(self, name: str, user_id: int) -> None:
        identity = ClientIdentity(user_id=UserId(user_id), email=f"{name}@example.org", username=name)
        self.broadcaster.introduce(self.presence.add(ConnectionId(name), identity))

    def joins(self, name: str, room: Room) -> None:
        member, peer = self._member(name), PeerId(name)
        self.presence.attach(member, Participation(room, peer, NOW))
        seat = Seat(member.identity.user_id, member.identity.email, NodeId("here"))
        assert self.ongoing.arrive(room, Entered(peer, seat, name), lambda _is_awaited: None) is None
        self.broadcaster.joined(room)

    def leaves(self, name: str) -> None:
        member = self._member(name)
        assert isinstance(member.state, Participation)
        self.presence.leave(member)
        self.ongoing.change(Left(member.state.peer_id))
        self.broadcaster.changed()

    def _member(self, name: str) -> Member:
        member = self.presence.connection(ConnectionId(name))
        assert member is not None
        return member

    async def round(self) -> None:
        await asyncio.wait_for(self.broadcaster.step(), 60)

    @property
    def is_round_due(self) -> bool:
        return self.broadcaster._changed.is_set()


async def test_who_enters_a_call_that_everybody_sees_changes_nothing() -> None:
    calls = Calls()
    for number, name in enumerate(["ann", "bob", "carl"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1))
    await calls.round()
    assert calls.lists["carl"] == [[], ["room 1"]]
    calls.joins("bob", example_room(1))
    assert not calls.is_round_due
    assert calls.questions == []


async def test_who_leaves_gets_a_list_and_the_others_none() -> None:
    calls = Calls()
    for number, name in enumerate(["ann", "bob", "carl"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1))
    calls.joins("bob", example_room(1))
    await calls.round()
    heard = len(calls.lists["carl"])
    calls.leaves("bob")
    await calls.round()
    assert calls.lists["bob"] == [[], ["room 1"]]
    assert len(calls.lists["carl"]) == heard
    assert calls.questions == []


async def test_the_last_who_leaves_and_the_first_who_comes_back() -> None:
    """They meet while a round reads the database: the list that it makes is not the last."""
    calls = Calls()
    calls.seen = {RoomId(2): set()}
    for number, name in enumerate(["ann", "bob", "carl"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1))
    calls.joins("bob", example_room(2, event=True))
    await calls.round()
    calls.leaves("ann")
    calls.broadcaster.on_access_changed(None)
    calls.asked.clear()
    reading = asyncio.create_task(calls.round())
    await calls.asked.wait()
    calls.joins("ann", example_room(1))
    await reading
    await calls.round()
    assert calls.lists["carl"][-1] == ["room 1"]


async def test_hidden_rooms_are_seen_by_those_whom_the_database_names() -> None:
    calls = Calls()
    calls.seen = {RoomId(2): {UserId(1)}, RoomId(3): {UserId(2)}}
    for number, name in enumerate(["ann", "bob", "carl", "dora"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(2, event=True))
    await calls.round()
    calls.connects("dora-again", 3)
    assert calls.lists["bob"][-1] == ["room 2"]
    assert calls.lists["carl"] == calls.lists["dora"] == calls.lists["dora-again"] == [[]]
    calls.joins("dora", example_room(3, listed=False))
    await calls.round()
    assert calls.lists["carl"][-1] == ["room 3"]
    assert calls.lists["bob"][-1] == ["room 2"]
    assert calls.questions == [[2], [2, 3]]


async def test_a_room_becomes_an_event_by_another_process() -> None:
    """Who enters brings the news: the room was read for that person."""
    calls = Calls()
    for number, name in enumerate(["ann", "bob", "carl"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1))
    await calls.round()
    calls.joins("bob", example_room(1, event=True))
    await calls.round()
    assert calls.lists["carl"][-1] == []


async def test_a_hidden_room_that_the_database_does_not_know_is_shown_to_nobody() -> None:
    calls = Calls()
    for number, name in enumerate(["ann", "bob"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1, event=True))
    await calls.round()
    assert calls.lists["bob"] == [[]]


async def test_who_sees_a_hidden_room_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls()
    calls.seen = {RoomId(1): set()}
    for number, name in enumerate(["ann", "bob", "carl"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1, event=True))
    await calls.round()
    calls.seen = {RoomId(1): {UserId(2)}}
    calls.joins("bob", example_room(1, event=True))
    assert not calls.is_round_due
    calls.broadcaster._hidden_read_at -= HIDDEN_SECONDS
    calls.joins("bob", replace(example_room(1, event=True), description="later"))
    await calls.round()
    assert calls.lists["carl"][-1] == ["room 1"]


async def test_a_database_that_is_away_is_asked_again() -> None:
    calls = Calls()
    for number, name in enumerate(["ann", "bob"]):
        calls.connects(name, number)
    calls.joins("ann", example_room(1))
    await calls.round()
    calls.joins("bob", example_room(2, event=True))
    found, calls.broadcaster._hidden_rooms_among = calls.broadcaster._hidden_rooms_among, _away
    with pytest.raises(OSError, match="away"):
        await calls.round()
    calls.broadcaster._hidden_rooms_among = found
    await calls.round()
    assert calls.questions == [[2]]


async def _away(_room_ids: Iterable[RoomId]) -> HiddenRooms:
    raise OSError("away")


async def test_large_lists_are_put_off_but_nobody_waits_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The latest list comes when the bytes of the one before have had their time."""
    calls = Calls()
    calls.connects("carl", 100)
    for number in range(3):
        calls.connects(f"ann {number}", number)
    calls.joins("ann 0", example_room(1))
    monkeypatch.setattr("parlour.calls.room_list.BYTES_PER_SECOND", 0.1)
    await calls.round()
    monkeypatch.setattr("parlour.calls.room_list.BYTES_PER_SECOND", 1_000_000_000)
    calls.joins("ann 1", example_room(2))
    await calls.round()
    assert calls.lists["carl"] == [[], ["room 1"]]
    calls.connects("dora", 101)
    assert calls.lists["dora"] == [["room 1"]], "the list of the last round"
    calls.broadcaster._next_at = 0
    await calls.round()
    assert calls.lists["carl"] == [[], ["room 1"], ["room 1", "room 2"]]
    assert calls.lists["dora"] == [["room 1"], ["room 1", "room 2"]]
