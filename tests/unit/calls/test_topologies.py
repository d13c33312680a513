"""Calls move to an SFU and back at the node that decides about them, and all nodes tell their members."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from msgspec import UNSET

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.calls.call_owners import ClusterLink
from parlour.calls.call_replica import CallLimits
from parlour.calls.decisions import Entered, Left, Lost, Seat
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import ConnectionId, Participation, Presence
from parlour.calls.refusals import BrowserCannotEncrypt, ClientTooOld, MeshFull
from parlour.calls.shared.interfaces import CallMembers
from parlour.calls.topologies import CallTopologies
from parlour.calls.topology_rules import TopologyThresholds
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.sfu_link import SfuListener, SfuNumber, SfuRights, SfuToken, SfuUnavailable
from parlour.wire.base import RoomEncryption, RoomTopology
from parlour.wire.signaling import CallTopology, PeerId, ReportTopology
from tests.unit.calls.example_rooms import example_room

ROOM = example_room(1)
HERE = NodeId("here")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE, OTHER = SfuNumber(1), SfuNumber(2)
AT_ONCE = TopologyThresholds(
    up_above=2, down_at=1, down_seconds=0.0, lowest_seconds=0.0, settle_seconds=3_600.0, rest_seconds=0.0
)


@dataclass
class Sfus:
    """SFUs that keep what they are told."""

    well: set[SfuNumber] = field(default_factory=lambda: {ONE})
    drained: set[SfuNumber] = field(default_factory=set)
    broken: set[SfuNumber] = field(default_factory=set)
    """Those that open no room."""
    has_refused: asyncio.Event = field(default_factory=asyncio.Event)
    rooms: list[tuple[SfuNumber, str]] = field(default_factory=list)
    removed: list[tuple[SfuNumber, str, PeerId]] = field(default_factory=list)
    there: dict[tuple[SfuNumber, str], frozenset[PeerId]] = field(default_factory=dict)
    """Who is connected."""
    listener: SfuListener | None = None
    are_known = True

    async def become_known(self) -> None:
        """They are."""

    async def people(self, sfu: SfuNumber, room: str) -> frozenset[PeerId]:
        return self.there.get((sfu, room), frozenset())

    def listen(self, listener: SfuListener) -> None:
        self.listener = listener

    def is_well(self, sfu: SfuNumber) -> bool:
        return sfu in self.well

    def well_ones(self) -> frozenset[SfuNumber]:
        return frozenset(self.well)

    def drained_ones(self) -> frozenset[SfuNumber]:
        return frozenset(self.drained & self.well)

    def choose(self, *, besides: frozenset[SfuNumber] = frozenset()) -> SfuNumber | None:
        return min(self.well - self.drained - besides, default=None)

    def path_of(self, sfu: SfuNumber) -> str:
        return f"/livekit/{sfu}"

    def url_of(self, sfu: SfuNumber) -> str:
        return f"ws://127.0.0.1:{sfu}"

    async def open_room(self, sfu: SfuNumber, room: str) -> None:
        await asyncio.sleep(0)
        if sfu in self.broken:
            self.has_refused.set()
            raise SfuUnavailable("it opens none")
        self.rooms.append((sfu, room))

    def token_for(self, sfu: SfuNumber, room: str, peer_id: PeerId, rights: SfuRights) -> SfuToken:
        assert (sfu, room) in self.rooms, "nobody is let into a room that is not open"
        return SfuToken(f"{peer_id} may enter {room}", 2**40)

    def remove(self, sfu: SfuNumber, room: str, peer_id: PeerId) -> None:
        self.removed.append((sfu, room, peer_id))

    def close_room(self, sfu: SfuNumber, room: str) -> None:
        self.rooms.remove((sfu, room))


class OneNode:
    """A node with its calls, its people, and what these are told of topologies."""

    def __init__(
        self,
        node_id: NodeId = HERE,
        cluster: MemoryCluster | None = None,
        thresholds: TopologyThresholds = AT_ONCE,
        *,
        grace: float = 3_600.0,
        encryption: RoomEncryption = "auto",
    ) -> None:
        """Of a `cluster`, the node has to be `started`."""
        self.node_id, self.sfus, self.presence = node_id, Sfus(), Presence()
        limits = CallLimits(
            people=64,
            participations=64,
            mesh=3,
            has_sfu=True,
            introduced=5,
            introduced_again=5,
            encryption=encryption,
        )
        self.coordinator = MemoryCoordinator(node_id, cluster or MemoryCluster())
        self.messages = ClusterMessages(self.coordinator)
        self.calls = OngoingCalls(node_id, limits, link=ClusterLink(self.messages) if cluster else None)
        self.calls.serve(cast(CallMembers, self))
        self.told: dict[PeerId, list[CallTopology]] = {}
        self.removed: set[PeerId] = set()
        """The members that this node has removed, since their browsers cannot encrypt."""
        self.recorder: PeerId | None = None
        self.moves: list[RoomId] = []
        """The calls whose recorder was to look where they are."""
        self.passed = 0.0
        """The seconds that the test lets pass."""
        self.topologies = CallTopologies(
            node_id,
            self.presence,
            self.calls,
            self.sfus,
            self._deliver,
            thresholds=thresholds,
            grace=grace,
            clock=lambda: time.monotonic() + self.passed,
        )
        self.topologies.have_removed(self._remove)
        self.topologies.ask_who_records(lambda _room_id: self.recorder, self.moves.append)
        self._changed = asyncio.Event()
        self._steps: list[Callable[[], Any]] = [
            self.topologies.consider,
            self.topologies.open_rooms,
            self.topologies.tell,
        ]
        if cluster is not None:
            self.topologies.join_cluster(self.messages)
            owners = self.calls.join_cluster(
                self.coordinator, self.messages, clock=lambda: datetime.now(UTC), grace=60.0
            )
            self._steps += [self.coordinator.run, owners.find_owners]
        self.start()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._repeat(step)) for step in self._steps]

    async def _repeat(self, step: Callable[[], Any]) -> None:
        while True:
            await step()

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None  # what else `CallMembers` has does not matter here

    def call_changed(self, room: Room) -> None:
        self.topologies.call_changed(room)

    def ended(self, peer_id: PeerId, *, is_elsewhere: bool) -> None:
        if not is_elsewhere:
            self.topologies.member_left(ROOM.room_id, peer_id)

    def _remove(self, peers: Set[PeerId], _room: Room) -> None:
        self.removed |= peers
        for peer in peers:
            self.calls.change(Left(peer))

    def _deliver(self, to: ConnectionId, message: CallTopology) -> None:
        self.told.setdefault(PeerId(to), []).append(message)
        self._changed.set()

    async def joins(self, name: str, *, knows_sfu: bool = True, member_key: str | None = None) -> PeerId:
        peer, user_id = PeerId(name), UserId(len(self.told) + 1)
        identity = ClientIdentity(user_id=user_id, email="", username=name)
        connection = self.presence.add(ConnectionId(name), identity)
        seat = Seat(user_id, "", self.node_id, knows_sfu=knows_sfu, member_key=member_key)
        self.told[peer] = []

        def seated(_is_awaited: bool) -> None:
            self.presence.attach(connection, Participation(ROOM, peer, NOW, None))

        waiting = self.calls.arrive(ROOM, Entered(peer, seat, name), seated)
        if waiting is not None:
            await waiting
        return peer

    async def returns(self, peer: PeerId) -> PeerId:
        """Come back as arrivals do after a crash."""
        if self.topologies.is_to_be_found(ROOM.room_id):
            await self.topologies.find(ROOM.room_id)
        await self.joins(peer)
        self.topologies.member_returned(ROOM.room_id)
        return peer

    def sets(self, topology: RoomTopology = "auto", encryption: RoomEncryption = "auto") -> None:
        """Have the node know that the room asks for this now."""
        room = replace(ROOM, topology=topology, encryption=encryption)
        self.calls.renew(room)
        self.topologies.call_changed(room)

    def reports(self, peer: PeerId, state: Any, epoch: str | None) -> None:
        self.topologies.report(ROOM.room_id, peer, ReportTopology(state=state, epoch=epoch))

    async def hears(
        self, peer: PeerId, *, kind: str, settled: bool = False, channels: bool = True, after: str = ""
    ) -> CallTopology:
        """Wait until the latest thing that a member has heard is such a topology, of another epoch than
        `after`.
        """
        async with asyncio.timeout(30):
            while True:
                self._changed.clear()
                told = self.told[peer]
                if told and told[-1].epoch != after:
                    latest = told[-1]
                    if (latest.kind, latest.settled, latest.channels) == (kind, settled, channels):
                        return latest
                await self._changed.wait()


@pytest.fixture
async def node() -> AsyncIterator[OneNode]:
    node = OneNode()
    yield node
    node.end()


async def three_on_an_sfu(node: OneNode) -> tuple[list[PeerId], CallTopology]:
    peers = [await node.joins(name) for name in ("ann", "bob", "cyd")]
    heard = [await node.hears(peer, kind="sfu") for peer in peers]
    return peers, heard[0]


async def test_a_call_moves_to_a_room_that_is_open_and_is_settled_when_all_receive(node: OneNode) -> None:
    peers, moved = await three_on_an_sfu(node)
    assert node.sfus.rooms == [(ONE, node.sfus.rooms[0][1])]
    room = node.sfus.rooms[0][1]
    for peer in peers:
        told = node.told[peer][-1]
        assert (told.epoch, told.url, told.token) == (moved.epoch, "/livekit/1", f"{peer} may enter {room}")
    node.reports(peers[0], "receiving", moved.epoch)
    node.reports(peers[1], "receiving", "of another move")
    node.reports(peers[2], "receiving", moved.epoch)
    assert all(len(node.told[peer]) == 1 for peer in peers)
    node.reports(peers[1], "receiving", moved.epoch)
    for peer in peers:
        assert (await node.hears(peer, kind="sfu", settled=True)).epoch == moved.epoch


async def test_who_comes_later_and_who_prepares_learn_the_way(node: OneNode) -> None:
    assert node.topologies.move_of(ROOM.room_id, None) is UNSET
    _, moved = await three_on_an_sfu(node)
    dan = await node.joins("dan")
    joined, prepared = node.topologies.move_of(ROOM.room_id, dan), node.topologies.move_of(ROOM.room_id, None)
    assert joined is not UNSET and prepared is not UNSET
    assert joined.epoch == prepared.epoch == moved.epoch
    assert str(joined.token).startswith("dan ") and prepared.token is UNSET


async def test_who_leaves_is_disconnected_and_few_people_come_back_to_a_mesh(node: OneNode) -> None:
    peers, moved = await three_on_an_sfu(node)
    for peer in peers:
        node.reports(peer, "receiving", moved.epoch)
    await node.hears(peers[0], kind="sfu", settled=True)
    room = node.sfus.rooms[0][1]
    listener = node.topologies
    assert list(listener.sfu_rooms()) == [(ONE, room)]
    assert listener.sfu_members(ONE, room) == frozenset(peers)
    for peer in peers[1:]:
        node.calls.change(Left(peer))
    assert node.sfus.removed == [(ONE, room, peer) for peer in peers[1:]]
    back = await node.hears(peers[0], kind="mesh")
    assert back.epoch != moved.epoch and back.token is UNSET
    assert listener.sfu_members(ONE, room) is None


async def test_a_call_that_is_recorded_goes_to_an_sfu_where_its_recorder_is_no_stranger(
    node: OneNode,
) -> None:
    recorder = PeerId("recorder-1")
    is_recorded = True
    node.topologies.ask_who_records(lambda _room_id: recorder if is_recorded else None, node.moves.append)
    ann = await node.joins("ann")
    assert node.topologies.place_of_recorder(ROOM.room_id, recorder) is None
    moved = await node.hears(ann, kind="sfu")
    assert ROOM.room_id in node.moves
    [(sfu, room)] = node.sfus.rooms
    assert node.topologies.sfu_members(sfu, room) == frozenset({ann, recorder})
    place = node.topologies.place_of_recorder(ROOM.room_id, recorder)
    assert place is not None
    assert (place.url, place.room, place.sign()) == ("ws://127.0.0.1:1", room, f"{recorder} may enter {room}")
    node.reports(ann, "receiving", moved.epoch)
    await node.hears(ann, kind="sfu", settled=True)
    is_recorded = False
    node.topologies.call_changed(ROOM)
    await node.hears(ann, kind="mesh")
    assert node.topologies.place_of_recorder(ROOM.room_id, recorder) is None


async def test_nobody_stays_on_an_sfu_that_a_call_has_left(node: OneNode) -> None:
    node.sfus.well.add(OTHER)
    peers, _ = await three_on_an_sfu(node)
    [(sfu, room)] = node.sfus.rooms
    node.sfus.well.discard(ONE)
    node.topologies.sfu_is_unwell(ONE)
    async with asyncio.timeout(30):
        while (told := await node.hears(peers[0], kind="sfu")).url != "/livekit/2":
            node._changed.clear()
            await node._changed.wait()
    node.calls.change(Left(peers[2]))
    assert {(OTHER, node.sfus.rooms[-1][1], peers[2]), (sfu, room, peers[2])} == set(node.sfus.removed)
    for peer in peers[:2]:
        node.reports(peer, "receiving", told.epoch)
    await node.hears(peers[0], kind="sfu", settled=True)
    await node.topologies.sweep()
    assert (sfu, room) in node.sfus.rooms, "members have a moment to hear that the move is settled"
    await node.topologies.sweep()
    assert [one for one, _ in node.sfus.rooms] == [OTHER]


async def test_a_call_goes_on_when_its_sfu_is_lost(node: OneNode) -> None:
    node.sfus.well.add(OTHER)
    peers, moved = await three_on_an_sfu(node)
    node.sfus.well.discard(ONE)
    node.topologies.sfu_is_unwell(ONE)
    for peer in peers:
        async with asyncio.timeout(30):
            while (told := await node.hears(peer, kind="sfu")).epoch == moved.epoch:
                node._changed.clear()
                await node._changed.wait()
        assert told.url == "/livekit/2"
    node.sfus.well.clear()
    node.topologies.sfu_is_unwell(OTHER)
    for peer in peers:
        await node.hears(peer, kind="mesh")


async def test_a_call_leaves_a_room_that_its_sfu_has_lost(node: OneNode) -> None:
    peers, moved = await three_on_an_sfu(node)
    [(sfu, room)] = node.sfus.rooms
    node.topologies.sfu_lost_rooms(sfu, [f"{room}x", "unknown"])
    node.topologies.sfu_lost_rooms(sfu, [room])
    for peer in peers:
        async with asyncio.timeout(30):
            while (told := await node.hears(peer, kind="sfu")).epoch == moved.epoch:
                node._changed.clear()
                await node._changed.wait()
        assert told.url == "/livekit/1"
    assert node.sfus.rooms[-1][1] != room


async def drained(node: OneNode, sfu: SfuNumber) -> None:
    node.sfus.drained.add(sfu)
    node.topologies.sfu_is_drained(sfu)


async def test_a_call_leaves_an_sfu_that_is_drained_for_another_one(node: OneNode) -> None:
    """The former way stays until everybody receives by the new one."""
    node.sfus.well.add(OTHER)
    peers, moved = await three_on_an_sfu(node)
    for peer in peers:
        node.reports(peer, "receiving", moved.epoch)
    await node.hears(peers[0], kind="sfu", settled=True)
    await drained(node, ONE)
    for peer in peers:
        told = await node.hears(peer, kind="sfu")
        assert told.url == "/livekit/2" and told.epoch != moved.epoch
    await node.topologies.sweep()
    await node.topologies.sweep()
    assert [sfu for sfu, _ in node.sfus.rooms] == [ONE, OTHER]
    for peer in peers:
        node.reports(peer, "receiving", told.epoch)
    assert (await node.hears(peers[0], kind="sfu", settled=True)).epoch == told.epoch
    await node.topologies.sweep()
    await node.topologies.sweep()
    assert [sfu for sfu, _ in node.sfus.rooms] == [OTHER]


async def test_a_call_stays_on_a_drained_sfu_while_no_other_opens_a_room(node: OneNode) -> None:
    node.sfus.well.add(OTHER)
    node.sfus.broken.add(OTHER)
    peers, moved = await three_on_an_sfu(node)
    await drained(node, ONE)
    async with asyncio.timeout(30):
        await node.sfus.has_refused.wait()
    late = node.topologies.move_of(ROOM.room_id, await node.joins("dan"))
    assert late is not UNSET and (late.epoch, late.url) == (moved.epoch, "/livekit/1")
    assert [told.epoch for told in node.told[peers[0]]] == [moved.epoch]
    node.sfus.broken.clear()
    node.topologies.sfu_is_well(OTHER)
    async with asyncio.timeout(30):
        while (told := await node.hears(peers[0], kind="sfu")).epoch == moved.epoch:
            node._changed.clear()
            await node._changed.wait()
    assert told.url == "/livekit/2"


async def test_an_sfu_that_opens_no_room_is_passed_over(node: OneNode) -> None:
    node.sfus.well.add(OTHER)
    node.sfus.broken.add(ONE)
    _, moved = await three_on_an_sfu(node)
    assert moved.url == "/livekit/2"


async def test_a_call_whose_sfu_is_lost_does_not_wait_for_another_that_opens_no_room(node: OneNode) -> None:
    peers, _ = await three_on_an_sfu(node)
    node.sfus.well, node.sfus.broken = {OTHER}, {OTHER}
    node.topologies.sfu_is_unwell(ONE)
    for peer in peers:
        await node.hears(peer, kind="mesh")


async def test_a_member_that_cannot_connect_gets_another_token(node: OneNode) -> None:
    peers, moved = await three_on_an_sfu(node)
    node.reports(peers[0], "failed", moved.epoch)
    assert [told.epoch for told in node.told[peers[0]]] == [moved.epoch] * 2
    assert len(node.told[peers[1]]) == 1
    node.calls.change(Lost(peers[2], NOW))
    node.reports(peers[1], "failed", moved.epoch)
    await node.hears(peers[1], kind="mesh")


async def test_clients_that_know_a_mesh_alone_keep_it_one_and_are_told_plainly(node: OneNode) -> None:
    old, *_ = [await node.joins(name, knows_sfu=name != "old") for name in ("old", "ann", "bob")]
    with pytest.raises(MeshFull):
        await node.joins("cyd")
    with pytest.raises(MeshFull):
        await node.joins("older", knows_sfu=False)
    assert not node.told[old] and not node.sfus.rooms
    node.calls.change(Left(old))
    await node.hears(await node.joins("dan"), kind="sfu")
    with pytest.raises(ClientTooOld):
        await node.joins("older still", knows_sfu=False)


async def test_a_call_goes_on_at_its_sfu_after_a_crash(node: OneNode) -> None:
    """It waits for all who are there: it is not settled, and not too small, before they have come back."""
    peers, moved = await three_on_an_sfu(node)
    [(sfu, room)] = node.sfus.rooms
    again = OneNode()
    again.sfus.rooms.append((sfu, room))
    again.sfus.there[sfu, room] = frozenset(peers)
    again.topologies.sfu_has_rooms(sfu, [room, "a room of another program"])
    try:
        for peer in peers:
            await again.returns(peer)
            if peer == peers[0]:
                told = await again.hears(peer, kind="sfu")
                assert (told.epoch, told.token) == (moved.epoch, f"{peer} may enter {room}")
            again.reports(peer, "receiving", moved.epoch)
            assert again.topologies.sfu_members(sfu, room) == frozenset(peers)
        for peer in peers:
            assert (await again.hears(peer, kind="sfu", settled=True)).epoch == moved.epoch
        assert again.sfus.rooms == [(sfu, room)]
    finally:
        again.end()


async def test_who_is_not_back_after_the_grace_is_not_awaited() -> None:
    node = OneNode(grace=0.0)
    room = f"{ROOM.room_id}-0-1-{'0' * 16}"
    node.sfus.rooms.append((ONE, room))
    node.sfus.there[ONE, room] = frozenset({PeerId("ann"), PeerId("bob")})
    node.topologies.sfu_has_rooms(ONE, [room])
    try:
        ann = await node.returns(PeerId("ann"))
        assert node.topologies.sfu_members(ONE, room) == frozenset({ann})
        node.reports(ann, "receiving", f"0-1-{'0' * 16}")
        await node.hears(ann, kind="mesh")
    finally:
        node.end()


async def test_a_call_whose_members_all_have_keys_is_encrypted_and_stays_so(node: OneNode) -> None:
    ann, bob, cyd = [await node.joins(name, member_key=name) for name in ("ann", "bob", "cyd")]
    moved = await node.hears(ann, kind="sfu")
    assert moved.encrypted is True
    with pytest.raises(BrowserCannotEncrypt):
        await node.joins("keyless")
    for peer in (ann, bob, cyd):
        node.reports(peer, "receiving", moved.epoch)
    await node.hears(ann, kind="sfu", settled=True)
    for peer in (bob, cyd):
        node.calls.change(Left(peer))
    back = await node.hears(ann, kind="mesh")
    assert back.encrypted is True, "the call leaves the mesh encrypted alone"
    node.reports(ann, "receiving", back.epoch)
    await node.hears(ann, kind="mesh", settled=True)
    keyless, _ = await node.joins("keyless"), await node.joins("dan", member_key="dan")
    assert node.told[ann][-1].kind == "mesh", "media of a mesh are encrypted, whatever a client knows"
    with pytest.raises(MeshFull):
        await node.joins("eve", member_key="eve")
    node.calls.change(Left(keyless))
    await node.joins("eve", member_key="eve")
    assert (await node.hears(ann, kind="sfu")).encrypted is True


async def test_a_call_with_a_client_that_has_no_key_is_not_encrypted(node: OneNode) -> None:
    ann, *_ = [await node.joins(name, member_key=name) for name in ("ann", "bob")]
    await node.joins("keyless")
    assert (await node.hears(ann, kind="sfu")).encrypted is UNSET
    await node.joins("keyless, too")


async def test_a_server_may_have_calls_go_unencrypted() -> None:
    node = OneNode(encryption="off")
    try:
        ann, *_ = [await node.joins(name, member_key=name) for name in ("ann", "bob", "cyd")]
        assert (await node.hears(ann, kind="sfu")).encrypted is UNSET
    finally:
        node.end()


async def test_a_room_has_its_call_never_encrypted_on_an_sfu(node: OneNode) -> None:
    ann = await node.joins("ann", member_key="ann")
    node.sets(encryption="off")
    for name in ("bob", "cyd"):
        await node.joins(name, member_key=name)
    assert (await node.hears(ann, kind="sfu")).encrypted is UNSET


async def test_a_room_has_its_call_encrypted_though_the_server_would_not() -> None:
    node = OneNode(encryption="off")
    try:
        ann = await node.joins("ann", member_key="ann")
        node.sets(encryption="on")
        for name in ("bob", "cyd"):
            await node.joins(name, member_key=name)
        assert (await node.hears(ann, kind="sfu")).encrypted is True
    finally:
        node.end()


async def test_a_call_that_has_to_be_encrypted_says_so_in_the_mesh_and_stays_one_with_a_browser_that_cannot(
    node: OneNode,
) -> None:
    ann = await node.joins("ann", member_key="ann")
    assert node.told[ann] == []
    node.sets(encryption="on")
    told = await node.hears(ann, kind="mesh", settled=True)
    assert (told.encrypted, told.epoch) == (True, "0-0")
    keyless = await node.joins("keyless")
    move = node.topologies.move_of(ROOM.room_id, keyless)
    assert isinstance(move, CallTopology) and (move.kind, move.encrypted) == ("mesh", True)
    await node.joins("bob", member_key="bob")
    with pytest.raises(MeshFull):
        await node.joins("cyd", member_key="cyd")
    assert {one.kind for one in node.told[ann]} == {"mesh"} and node.removed == set()
    node.calls.change(Left(keyless))
    await node.joins("cyd", member_key="cyd")
    moved = await node.hears(ann, kind="sfu")
    assert moved.encrypted is True
    with pytest.raises(BrowserCannotEncrypt):
        await node.joins("keyless")


async def test_a_call_on_an_sfu_is_moved_once_more_where_it_has_to_be_encrypted(node: OneNode) -> None:
    """Then it stays encrypted until everybody has left, whatever the room asks for: clients see to that."""
    ann = await node.joins("ann", member_key="ann")
    node.sets(encryption="off")
    bob, cyd = [await node.joins(name, member_key=name) for name in ("bob", "cyd")]
    open_one = await node.hears(ann, kind="sfu")
    assert open_one.encrypted is UNSET
    for peer in (ann, bob, cyd):
        node.reports(peer, "receiving", open_one.epoch)
    await node.hears(ann, kind="sfu", settled=True)
    node.recorder = PeerId("recorder")
    node.sets(encryption="on")
    renewed = await node.hears(ann, kind="sfu")
    assert renewed.encrypted is True and renewed.epoch != open_one.epoch
    for peer in (ann, bob, cyd):
        node.reports(peer, "receiving", renewed.epoch)
    await node.hears(ann, kind="sfu", settled=True)
    assert node.topologies.place_of_recorder(ROOM.room_id, PeerId("recorder")) is None
    node.recorder = None
    node.sets(encryption="off")
    for peer in (bob, cyd):
        node.calls.change(Left(peer))
    back = await node.hears(ann, kind="mesh")
    node.reports(ann, "receiving", back.epoch)
    await node.hears(ann, kind="mesh", settled=True)
    for name in ("bob", "cyd"):
        await node.joins(name, member_key=name)
    assert (await node.hears(ann, kind="sfu")).encrypted is True


async def test_members_whose_browsers_cannot_encrypt_leave_a_call_that_is_too_large_for_a_mesh(
    node: OneNode,
) -> None:
    ann, *_ = [await node.joins(name, member_key=name) for name in ("ann", "bob", "cyd", "dan")]
    keyless = await node.joins("keyless")
    former = await node.hears(ann, kind="sfu")
    assert former.encrypted is UNSET
    node.sets(encryption="on")
    moved = await node.hears(ann, kind="sfu", after=former.epoch)
    assert moved.encrypted is True and node.removed == {keyless}
    assert {one.kind for one in node.told[ann]} == {"sfu"}, "five people were never sent to a mesh"


async def test_a_small_call_with_a_browser_that_cannot_encrypt_goes_back_to_the_mesh(node: OneNode) -> None:
    ann, *_ = [await node.joins(name, member_key=name) for name in ("ann", "bob")]
    await node.joins("keyless")
    assert (await node.hears(ann, kind="sfu")).encrypted is UNSET
    node.sets(encryption="on")
    assert (await node.hears(ann, kind="mesh")).encrypted is True
    assert node.removed == set()


async def test_a_room_that_everybody_has_left_is_not_gone_back_to(node: OneNode) -> None:
    node.topologies.sfu_has_rooms(ONE, [f"{ROOM.room_id}-0-1-{'0' * 16}"])
    ann = await node.returns(PeerId("ann"))
    assert node.topologies.move_of(ROOM.room_id, ann) is UNSET


async def test_a_call_that_has_to_be_encrypted_is_found_on_its_sfu_though_another_one_came_first(
    node: OneNode,
) -> None:
    room = f"{ROOM.room_id}-0-1e-{'0' * 16}"
    node.sfus.rooms.append((ONE, room))
    node.sfus.there[ONE, room] = frozenset({PeerId("ann"), PeerId("bob")})
    node.topologies.sfu_has_rooms(ONE, [room])
    cyd = await node.joins("cyd", member_key="cyd")
    node.sets(encryption="on")
    await node.hears(cyd, kind="mesh", settled=True)
    await node.returns(PeerId("ann"))
    assert (await node.hears(cyd, kind="sfu")).encrypted is True


async def test_two_nodes_tell_their_members_that_a_call_has_to_be_encrypted_and_the_next_owner_goes_on() -> (
    None
):
    cluster = MemoryCluster()
    first, second = nodes = [OneNode(NodeId(name), cluster) for name in ("first", "second")]
    try:
        await asyncio.gather(*(node.messages.wait_for_lease() for node in nodes))
        ann, bob = await first.joins("ann", member_key="ann"), await second.joins("bob", member_key="bob")
        assert first.calls.decides(ROOM.room_id) and not second.calls.decides(ROOM.room_id)
        for node in (second, first):
            node.sets(encryption="on")
        for node, peer in ((first, ann), (second, bob)):
            assert (await node.hears(peer, kind="mesh", settled=True)).encrypted is True
        for node in (second, first):
            node.sets(encryption="auto")
        first.end()
        await first.coordinator.leave()
        for name in ("cyd", "dan"):
            await second.joins(name, member_key=name)
        assert (await second.hears(bob, kind="sfu")).encrypted is True
    finally:
        for node in nodes:
            node.end()


async def test_two_nodes_tell_their_members_and_the_next_owner_goes_on() -> None:
    cluster = MemoryCluster()
    first, second, third = nodes = [OneNode(NodeId(name), cluster) for name in ("first", "second", "third")]
    second.sfus.rooms = third.sfus.rooms = first.sfus.rooms
    try:
        await asyncio.gather(*(node.messages.wait_for_lease() for node in nodes))
        ann = await first.joins("ann", member_key="ann's")
        bob, cyd = [await second.joins(name, member_key=f"{name}'s") for name in ("bob", "cyd")]
        members = second.calls.mesh(ROOM.room_id).members
        assert [members.member_key(peer) for peer in (ann, bob, cyd)] == ["ann's", "bob's", "cyd's"]
        assert first.calls.decides(ROOM.room_id) and not second.calls.decides(ROOM.room_id)
        moved = await first.hears(ann, kind="sfu")
        for peer in (bob, cyd):
            told = await second.hears(peer, kind="sfu")
            assert told.epoch == moved.epoch and str(told.token).startswith(f"{peer} ")
            assert told.encrypted is True
            second.reports(peer, "receiving", moved.epoch)
        first.reports(ann, "receiving", moved.epoch)
        for node, peer in ((first, ann), (second, bob), (second, cyd)):
            await node.hears(peer, kind="sfu", settled=True)
        dan = await second.joins("dan", member_key="dan's")
        late = second.topologies.move_of(ROOM.room_id, dan)
        assert late is not UNSET and (late.epoch, late.settled) == (moved.epoch, True)
        with pytest.raises(BrowserCannotEncrypt):
            await third.joins("keyless")
        eve = await third.joins("eve", member_key="eve's")
        assert (await third.hears(eve, kind="sfu", settled=True)).epoch == moved.epoch
        first.end()
        await first.coordinator.leave()
        for node in (second, third):
            node.sfus.well.clear()
            node.topologies.sfu_is_unwell(ONE)
        for peer in (bob, cyd, dan):
            await second.hears(peer, kind="mesh")
        await third.hears(eve, kind="mesh")
        assert second.calls.decides(ROOM.room_id)
    finally:
        for node in nodes:
            node.end()


async def test_a_room_that_asks_for_the_sfu_has_it_and_loses_it_in_mid_call() -> None:
    """Also at a node that was told of it later than people came who were let in before."""
    cluster = MemoryCluster()
    first, second = nodes = [OneNode(NodeId(name), cluster) for name in ("first", "second")]
    second.sfus.rooms = first.sfus.rooms
    try:
        await asyncio.gather(*(node.messages.wait_for_lease() for node in nodes))
        ann, bob = await first.joins("ann"), await second.joins("bob")
        for kind in ("sfu", "mesh", "sfu"):
            for node in nodes:
                node.sets(kind)
            for node, peer in ((first, ann), (second, bob)):
                moved = await node.hears(peer, kind=kind)
                node.reports(peer, "receiving", moved.epoch)
            assert (await first.hears(ann, kind=kind, settled=True)).epoch == moved.epoch
        with pytest.raises(ClientTooOld):
            await first.joins("old", knows_sfu=False)
        await first.joins("cyd")
        call = first.calls.replica(ROOM.room_id)
        assert call is not None and call.room.topology == "sfu", "who is late brings nothing back"
    finally:
        for node in nodes:
            node.end()


async def test_a_new_owner_learns_who_has_sent_the_smallest_pictures_for_how_long() -> None:
    """Its own members have said so to it, those of others to their nodes."""
    cluster = MemoryCluster()
    slow = replace(AT_ONCE, up_above=9, lowest_seconds=3_600.0)
    nodes = [OneNode(NodeId(name), cluster, slow) for name in ("first", "second", "third")]
    first, second, third = nodes
    for node in nodes:
        node.sfus.rooms = first.sfus.rooms
    try:
        await asyncio.gather(*(node.messages.wait_for_lease() for node in nodes))
        await first.joins("ann")
        bob, _ = [await second.joins(name) for name in ("bob", "cyd")]
        dan, eve = [await third.joins(name) for name in ("dan", "eve")]
        second.reports(bob, "lowest", None)
        third.reports(dan, "lowest", None)
        third.reports(eve, "lowest", None)
        third.reports(eve, "not-lowest", None)
        first.end()
        await first.coordinator.leave()  # who has left sends nothing, so that two of four are half
        async with asyncio.timeout(30):
            while None in [node.calls.owner(ROOM.room_id) for node in (second, third)]:  # noqa: ASYNC110
                await asyncio.sleep(0)
        owner = second if second.calls.decides(ROOM.room_id) else third
        follower = third if owner is second else second
        assert not owner.sfus.rooms
        owner.passed = follower.passed = slow.lowest_seconds
        await follower.topologies.sweep()
        moved = await owner.hears(bob if owner is second else dan, kind="sfu")
        assert (await follower.hears(dan if owner is second else bob, kind="sfu")).epoch == moved.epoch
    finally:
        for node in nodes:
            node.end()


async def test_an_owner_goes_on_with_what_a_node_decided_that_was_out_of_reach() -> None:
    cluster = MemoryCluster()
    first, second = nodes = [OneNode(NodeId(name), cluster) for name in ("first", "second")]
    second.sfus.rooms = first.sfus.rooms
    try:
        await asyncio.gather(*(node.messages.wait_for_lease() for node in nodes))
        ann, bob = await first.joins("ann"), await second.joins("bob")
        second.end()
        await second.coordinator.leave()
        second.reports(bob, "lowest", None)
        await second.topologies.consider()
        await second.topologies.open_rooms()
        moved = await second.hears(bob, kind="sfu")
        second.start()
        await second.messages.wait_for_lease()
        async with asyncio.timeout(30):
            while second.calls.decides(ROOM.room_id) or second.calls.owner(ROOM.room_id) is None:  # noqa: ASYNC110
                await asyncio.sleep(0)  # a turn of the event loop passes on what waits
        await second.topologies.sweep()
        assert (await first.hears(ann, kind="sfu")).epoch == moved.epoch
    finally:
        for node in nodes:
            node.end()


async def test_members_of_a_large_call_are_told_that_nobody_is_introduced_and_when_all_are_again(
    node: OneNode,
) -> None:
    peers, moved = await three_on_an_sfu(node)
    peers += [await node.joins(name) for name in ("dan", "eve", "fay")]
    for peer in peers[:5]:
        told = await node.hears(peer, kind="sfu", channels=False)
        assert (told.epoch, told.token) == (moved.epoch, UNSET), "nobody connects anew"
    joined = node.topologies.move_of(ROOM.room_id, peers[5])
    assert joined is not UNSET and not joined.channels and joined.token is not UNSET
    for peer in peers[3:]:
        node.calls.change(Left(peer))
    for peer in peers[:3]:
        assert (await node.hears(peer, kind="sfu")).epoch == moved.epoch


async def test_a_large_call_that_no_sfu_carries_makes_no_introductions_either(node: OneNode) -> None:
    node.sfus.well.clear()
    peers = [await node.joins(f"person {number}") for number in range(6)]
    told = await node.hears(peers[0], kind="mesh", settled=True, channels=False)
    assert node.topologies.move_of(ROOM.room_id, peers[5]) == told
    node.sfus.well.add(ONE)
    assert node.sfus.listener is not None
    node.sfus.listener.sfu_is_well(ONE)
    for peer in peers:
        await node.hears(peer, kind="sfu", channels=False)


async def test_many_members_are_told_one_after_the_other(node: OneNode) -> None:
    peers = [await node.joins(f"person {number}") for number in range(60)]
    heard = [await node.hears(peer, kind="sfu", channels=False) for peer in peers]
    assert len({told.token for told in heard}) == len(peers)
