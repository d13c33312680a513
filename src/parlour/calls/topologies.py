"""Calls move between a mesh and an SFU: the node that decides about a call moves it, and all tell their own
members.

The rules are those of `topology_rules`. The way is made before it is named: the room on the SFU is open when
members hear of it. A topology is told as a whole and again every SWEEP_SECONDS, so nothing is lost for long,
and a new owner goes on with what it was told. Nodes that follow tell the owner the same as often: it may know
less, as one that has just become it, or as one that could not reach them while they decided alone.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from parlour.calls.call_replica import CallReplica
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import ConnectionId, Presence
from parlour.calls.topology_messages import (
    TopologyReported,
    TopologyTold,
    decode_reported,
    decode_told,
    encode,
)
from parlour.calls.topology_rules import (
    SFU_ROOM_MARK,
    Course,
    Move,
    RoomTopology,
    Settle,
    Situation,
    Stay,
    Topology,
    TopologyThresholds,
    Verdict,
    moved,
    observed,
    verdict,
)
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.sfu_link import SfuLink, SfuNumber, SfuRights, SfuUnavailable
from parlour.wire.signaling import CallTopology, PeerId, ReportTopology

SWEEP_SECONDS = 5.0
RETRY_SECONDS = 5.0
"""The pause after no SFU has opened a room."""
OPENED_AT_ONCE = 8
CONSIDERED_A_TURN = 16

_Message = TypeVar("_Message", TopologyTold, TopologyReported)

log = structlog.get_logger("parlour.calls")


class CallTopologies:
    """The topologies of the calls that this node knows. Only a server that has SFUs has one of these."""

    def __init__(
        self,
        node_id: NodeId,
        presence: Presence,
        calls: OngoingCalls,
        sfus: SfuLink,
        deliver: Callable[[ConnectionId, CallTopology], None],
        *,
        wanted: RoomTopology = "auto",
        thresholds: TopologyThresholds | None = None,
    ) -> None:
        self._node_id = node_id
        self._presence = presence
        self._calls = calls
        self._sfus = sfus
        self._deliver = deliver
        self._wanted = wanted
        self._thresholds = thresholds or TopologyThresholds()
        self._messages: ClusterMessages | None = None
        self._known: dict[RoomId, Topology] = {}
        """The topologies of calls that have left the mesh once, as far as this node knows."""
        self._courses: dict[RoomId, Course] = {}
        """Those of the calls that this node decides about."""
        self._left: dict[RoomId, Topology] = {}
        """The SFUs that calls leave by a move that is not settled."""
        self._to_close: list[Topology] = []
        self._closing: list[Topology] = []
        """Rooms on SFUs that were left before the latest sweep; `_to_close` are those left since."""
        self._rooms_of_sfus: dict[str, RoomId] = {}
        self._told: dict[RoomId, frozenset[LeaseId]] = {}
        """The nodes that have heard of the topology of a call from this one, and have members in it."""
        self._due: dict[RoomId, float] = {}
        self._is_due = asyncio.Event()
        self._to_open: dict[RoomId, None] = {}
        self._has_to_open = asyncio.Event()
        sfus.listen(self)

    def join_cluster(self, messages: ClusterMessages) -> None:
        self._messages = messages
        messages.handle(MessageKind.TOPOLOGY, self._on_told)
        messages.handle(MessageKind.TOPOLOGY_REPORT, self._on_reported)

    # What happens in calls

    def call_changed(self, room: Room) -> None:
        """Look soon at a call whose members have changed."""
        self._look(room.room_id, at=0.0)

    def member_left(self, room_id: RoomId, peer_id: PeerId) -> None:
        """Have a member of this node who has left the call be disconnected from its SFU."""
        for topology in (self._known.get(room_id), self._left.get(room_id)):
            if topology is not None and topology.sfu is not None:
                self._sfus.remove(topology.sfu, topology.sfu_room, peer_id)

    def report(self, room_id: RoomId, peer_id: PeerId, report: ReportTopology) -> None:
        """Take what a member of this node says about the topology."""
        if self._calls.decides(room_id):
            self._take(room_id, peer_id, report)
        elif self._messages is not None:
            owner = self._calls.owner(room_id)
            if owner is not None:  # else it is lost: a move is settled after some seconds all the same
                message = encode(TopologyReported(room_id, peer_id, report))
                self._messages.send(owner.owner, MessageKind.TOPOLOGY_REPORT, message)

    def move_of(self, room_id: RoomId, peer_id: PeerId | None) -> CallTopology | UnsetType:
        """Return the latest topology of a call as that peer is to hear it, UNSET where the call never left
        the mesh. Without a peer it has no token.
        """
        topology = self._known.get(room_id)
        return UNSET if topology is None else self._message(topology, peer_id)

    # Tasks

    async def consider(self) -> None:
        """Wait until a call is to be looked at, and do what the rules say; repeated by the supervisor."""
        self._is_due.clear()
        now = time.monotonic()
        earliest = min(self._due.values(), default=None)
        try:
            async with asyncio.timeout(None if earliest is None else max(0.0, earliest - now)):
                await self._is_due.wait()
        except TimeoutError:
            now = time.monotonic()
        due = [room_id for room_id, at in self._due.items() if at <= now]
        for position, room_id in enumerate(due, 1):
            del self._due[room_id]
            self._consider(room_id)
            if position % CONSIDERED_A_TURN == 0:
                await asyncio.sleep(0)

    async def open_rooms(self) -> None:
        """Wait until calls are to move to an SFU, open their rooms there, and move them; repeated by the
        supervisor.
        """
        await self._has_to_open.wait()
        chosen = list(self._to_open)[:OPENED_AT_ONCE]
        for room_id in chosen:
            del self._to_open[room_id]
        if not self._to_open:
            self._has_to_open.clear()
        await asyncio.gather(*map(self._open, chosen))

    async def sweep(self) -> None:
        """Look at all calls, tell again how media travel where a call has moved, and close rooms on SFUs that
        were left before the sweep before.

        Repeated every SWEEP_SECONDS.
        """
        for topology in self._closing:
            if topology.sfu is not None:
                self._sfus.close_room(topology.sfu, topology.sfu_room)
        self._closing, self._to_close = self._to_close, []
        for position, room_id in enumerate([*self._known.keys() | self._courses.keys()], 1):
            self._look(room_id, at=0.0)
            if self._calls.decides(room_id):
                self._tell_nodes(room_id)
            else:
                self._tell_owner(room_id)
            if position % CONSIDERED_A_TURN == 0:
                await asyncio.sleep(0)

    # Called by the SFUs (SfuListener)

    def sfu_is_unwell(self, sfu: SfuNumber) -> None:
        for room_id, topology in self._known.items():
            if topology.sfu == sfu:
                self._look(room_id, at=0.0)

    def sfu_is_well(self, _sfu: SfuNumber) -> None:
        for room_id in self._courses:
            self._look(room_id, at=0.0)

    def sfu_rooms(self) -> Iterator[tuple[SfuNumber, str]]:
        for room_id, course in list(self._courses.items()):
            topology = course.topology
            if topology.sfu is not None and self._calls.decides(room_id):
                yield topology.sfu, topology.sfu_room

    def sfu_members(self, _sfu: SfuNumber, room: str) -> frozenset[PeerId] | None:
        room_id = self._rooms_of_sfus.get(room)
        call = None if room_id is None else self._calls.replica(room_id)
        return None if call is None else frozenset(call.seats)

    # Deciding

    def _look(self, room_id: RoomId, *, at: float) -> None:
        self._due[room_id] = min(at, self._due.get(room_id, at))
        self._is_due.set()

    def _take(self, room_id: RoomId, peer_id: PeerId, report: ReportTopology) -> None:
        call = self._calls.replica(room_id)
        if call is None or peer_id not in call.seats:
            return
        course = self._course_of(room_id)
        topology = course.topology
        if report.epoch != (topology.epoch if topology.number else None):
            return
        match report.state:
            case "receiving":
                receiving, failed = course.receiving | {peer_id}, course.failed - {peer_id}
                course = replace(course, receiving=receiving, failed=failed)
            case "failed":
                receiving, failed = course.receiving - {peer_id}, course.failed | {peer_id}
                course = replace(course, receiving=receiving, failed=failed)
                self._tell(peer_id, topology)
            case "lowest":
                course = replace(course, lowest=course.lowest | {peer_id})
            case "not-lowest":
                course = replace(course, lowest=course.lowest - {peer_id})
            case "published":
                return
        self._courses[room_id] = course
        self._look(room_id, at=0.0)

    def _consider(self, room_id: RoomId) -> None:
        call = self._calls.replica(room_id)
        if call is None or not call.seats:
            self._forget(room_id)
            return
        known = self._known.get(room_id)
        call.is_on_sfu = known is not None and known.kind == "sfu"
        if not self._calls.decides(room_id):
            self._courses.pop(room_id, None)
            self._told.pop(room_id, None)
            return
        if known is not None and self._nodes_in(call) - self._told.get(room_id, frozenset()):
            self._tell_nodes(room_id)
        course, found = self._judge(call)
        match found:
            case Stay(look_at):
                if look_at is not None:
                    self._look(room_id, at=look_at)
            case Settle():
                self._close_left(room_id)
                self._decide(room_id, replace(course.topology, is_settled=True))
            case Move("mesh"):
                self._decide(room_id, _next(course, call))
            case Move():
                self._to_open[room_id] = None
                self._has_to_open.set()

    def _judge(self, call: CallReplica) -> tuple[Course, Verdict]:
        """Return the course of a call that this node decides about, and what is to be done about it now."""
        room_id = call.room.room_id
        course, situation, now = self._course_of(room_id), self._situation(call), time.monotonic()
        course = self._courses[room_id] = observed(course, situation, now, self._thresholds)
        return course, verdict(course, situation, now, self._thresholds)

    def _course_of(self, room_id: RoomId) -> Course:
        """Return the course of a call; a node that has just begun to decide begins with what it was told."""
        course = self._courses.get(room_id)
        return course or Course(self._known.get(room_id, Topology()), time.monotonic())

    def _situation(self, call: CallReplica) -> Situation:
        seats = call.seats
        return Situation(
            wanted=self._wanted,
            people=len(seats),
            present={peer for peer, seat in seats.items() if seat.away_since is None},
            know_sfu=all(seat.knows_sfu for seat in seats.values()),
            well=self._sfus.well_ones(),
        )

    async def _open(self, room_id: RoomId) -> None:
        """Open a room on an SFU, and move the call there, if it is still to move by then."""
        besides: frozenset[SfuNumber] = frozenset()
        while True:
            call = self._calls.replica(room_id)
            if call is None or not call.seats or not self._calls.decides(room_id):
                return
            course, found = self._judge(call)
            if not isinstance(found, Move) or found.kind == "mesh":
                return
            besides |= found.besides
            sfu = self._sfus.choose(besides=besides)
            if sfu is None:
                self._do_without(room_id, course, call)
                return
            name = f"{room_id}-{course.topology.number + 1}-{secrets.token_hex(SFU_ROOM_MARK // 2)}"
            try:
                await self._sfus.open_room(sfu, name)
            except SfuUnavailable as error:
                log.warning("topology.sfu_unavailable", room=room_id, sfu=sfu, error=str(error))
                besides |= {sfu}
                continue
            now = self._courses.get(room_id)
            is_current = now is not None and now.topology == course.topology
            if not is_current or self._calls.replica(room_id) is not call or not self._calls.decides(room_id):
                self._sfus.close_room(sfu, name)
                return
            self._decide(room_id, replace(_next(course, call), kind="sfu", sfu=sfu, sfu_room=name))
            return

    def _do_without(self, room_id: RoomId, course: Course, call: CallReplica) -> None:
        """Go on where no SFU opens a room: a call whose SFU is lost cannot wait for another one."""
        if course.topology.kind == "sfu":
            self._decide(room_id, _next(course, call))
        else:
            self._look(room_id, at=time.monotonic() + RETRY_SECONDS)

    def _decide(self, room_id: RoomId, topology: Topology) -> None:
        """Move a call to another topology, or settle the move to that which it has."""
        course = self._courses[room_id]
        if topology.number != course.topology.number:
            log.info("topology.moved", room=room_id, kind=topology.kind, epoch=topology.epoch)
            self._courses[room_id] = moved(course, topology, time.monotonic())
            if course.topology.sfu is not None:
                self._close_left(room_id)  # what the move before left, if that was never settled
        else:
            self._courses[room_id] = replace(course, topology=topology)
        self._learn(room_id, topology)
        self._tell_nodes(room_id)
        self._look(room_id, at=0.0)

    def _close_left(self, room_id: RoomId) -> None:
        """Have the room closed that a move has left on an SFU: nobody is to come there by an old token."""
        left = self._left.pop(room_id, None)
        if left is not None:
            self._to_close.append(left)

    # Telling

    def _learn(self, room_id: RoomId, topology: Topology) -> None:
        """Take note of a topology, and tell this node's members if it is news."""
        former = self._known.get(room_id)
        if topology == former:
            return
        if former is not None and former.sfu_room != topology.sfu_room:
            self._rooms_of_sfus.pop(former.sfu_room, None)
            if former.sfu is not None:
                self._left[room_id] = former
        if topology.is_settled:
            self._left.pop(room_id, None)
        if topology.sfu_room:
            self._rooms_of_sfus[topology.sfu_room] = room_id
        self._known[room_id] = topology
        call = self._calls.replica(room_id)
        if call is None:
            return
        call.is_on_sfu = topology.kind == "sfu"
        for peer_id, seat in call.seats.items():
            if seat.holder == self._node_id and seat.knows_sfu:
                self._tell(peer_id, topology)

    def _tell(self, peer_id: PeerId, topology: Topology) -> None:
        connection = self._presence.connection_of(peer_id)
        if connection is not None:
            self._deliver(connection, self._message(topology, peer_id))

    def _message(self, topology: Topology, peer_id: PeerId | None) -> CallTopology:
        sfu = topology.sfu
        told = CallTopology(topology.epoch, topology.kind, channels=True, settled=topology.is_settled)
        if sfu is None or not self._sfus.is_well(sfu):
            return told
        told = msgspec.structs.replace(told, url=self._sfus.path_of(sfu))
        if peer_id is None:
            return told
        token = self._sfus.token_for(sfu, topology.sfu_room, peer_id, SfuRights())
        return msgspec.structs.replace(told, token=token.text, ttl=max(0, token.expires - int(time.time())))

    def _tell_nodes(self, room_id: RoomId) -> None:
        """Tell the other nodes that have members in a call."""
        topology, call = self._known.get(room_id), self._calls.replica(room_id)
        if self._messages is None or topology is None or call is None:
            return
        message = encode(TopologyTold(room_id, topology))
        self._told[room_id] = nodes = self._nodes_in(call)
        for lease_id in nodes:
            self._messages.send(lease_id, MessageKind.TOPOLOGY, message)

    def _tell_owner(self, room_id: RoomId) -> None:
        topology, owner = self._known.get(room_id), self._calls.owner(room_id)
        if self._messages is not None and topology is not None and owner is not None:
            self._messages.send(owner.owner, MessageKind.TOPOLOGY, encode(TopologyTold(room_id, topology)))

    def _nodes_in(self, call: CallReplica) -> frozenset[LeaseId]:
        """Return the other nodes that have members in a call."""
        if self._messages is None:
            return frozenset()
        holders = {seat.holder for seat in call.seats.values()}
        others = self._messages.others.items()
        return frozenset(lease_id for lease_id, lease in others if lease.node_id in holders)

    def _on_told(self, sender: LeaseId, body: bytes) -> None:
        told = _read(decode_told, sender, body)
        if told is None or self._calls.replica(told.room_id) is None:
            return
        owner = self._calls.owner(told.room_id)
        if self._calls.decides(told.room_id):
            self._hear_of_follower(told)
        elif owner is not None and owner.owner == sender:
            self._learn(told.room_id, told.topology)

    def _hear_of_follower(self, told: TopologyTold) -> None:
        """Go on with what another node knows of a call that this one decides about, if it is later."""
        known = self._known.get(told.room_id)
        if known is None or told.topology.is_after(known):
            topology = replace(told.topology, is_settled=False)
            self._courses[told.room_id] = Course(topology, time.monotonic())
            self._learn(told.room_id, topology)
            self._tell_nodes(told.room_id)
            self._look(told.room_id, at=0.0)

    def _on_reported(self, sender: LeaseId, body: bytes) -> None:
        reported = _read(decode_reported, sender, body)
        if reported is not None and self._calls.decides(reported.room_id):
            self._take(reported.room_id, reported.peer_id, reported.report)

    def _forget(self, room_id: RoomId) -> None:
        """Forget a call that is over, or that this node has nothing to do with any more."""
        self._courses.pop(room_id, None)
        self._told.pop(room_id, None)
        self._left.pop(room_id, None)
        topology = self._known.pop(room_id, None)
        if topology is not None:
            self._rooms_of_sfus.pop(topology.sfu_room, None)


def _read(decode: Callable[[bytes], _Message], sender: LeaseId, body: bytes) -> _Message | None:
    """Decode a message of another node; None for one that cannot be read."""
    try:
        return decode(body)
    except msgspec.MsgspecError as error:
        log.warning("topology.unreadable_message", sender=sender, error=type(error).__name__)
        return None


def _next(course: Course, call: CallReplica) -> Topology:
    """Return the mesh to which a call moves next."""
    return Topology(owner_epoch=call.epoch, number=course.topology.number + 1, is_settled=False)
