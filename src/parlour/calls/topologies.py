"""Calls move between a mesh and an SFU: the node that decides about a call moves it, and all tell their own
members.

The rules are those of `topology_rules`. The way is made before it is named: the room on the SFU is open when
members hear of it. A topology is told as a whole and again every SWEEP_SECONDS, so nothing is lost for long,
and a new owner goes on with what it was told. Nodes that follow tell the owner the same as often: it may know
less, as one that has just become it, or as one that could not reach them while they decided alone. They also
tell it again which of their members send the smallest pictures, and for how long.

After a crash, the SFU itself says where the members of a call are, by the name of their room: the call goes
on there with the first who comes back.

Whether members are introduced to each other (`channels`) is part of the call, where each node reads it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from parlour.calls.call_replica import CallReplica
from parlour.calls.lowest_reports import LowestReports
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import ConnectionId, Presence
from parlour.calls.returning_calls import ReturningCalls
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
    Encrypt,
    Move,
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
from parlour.scheduling.turns import in_turns
from parlour.sfu_link import SfuLink, SfuNumber, SfuRights, SfuUnavailable
from parlour.wire.signaling import CallTopology, PeerId, ReportTopology

SWEEP_SECONDS = 5.0
RETRY_SECONDS = 5.0
"""The pause after no SFU has opened a room."""
OPENED_AT_ONCE = 8
CONSIDERED_A_TURN = 16
TOLD_A_TURN = 32
"""A token and its message take some 30 µs."""

_Message = TypeVar("_Message", TopologyTold, TopologyReported)

log = structlog.get_logger("parlour.calls")


@dataclass(frozen=True, slots=True)
class SfuPlace:
    """A room on an SFU; `sign` makes a token for it."""

    url: str
    room: str
    sign: Callable[[], str]


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
        thresholds: TopologyThresholds | None = None,
        grace: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`grace` counts the seconds in which members may come back after a crash; `clock` counts seconds and
        is monotonic.
        """
        self._node_id = node_id
        self._presence = presence
        self._calls = calls
        self._sfus = sfus
        self._deliver = deliver
        self._thresholds = thresholds or TopologyThresholds()
        self._returning = ReturningCalls(grace)
        self._clock = clock
        self._messages: ClusterMessages | None = None
        self._known: dict[RoomId, Topology] = {}
        """The topologies of calls that have left the mesh once, or are to leave it encrypted alone, as far as
        this node knows.
        """
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
        self._lowest = LowestReports()
        self._large: set[RoomId] = set()
        """The calls whose members here were told that nobody is introduced any more."""
        self._to_tell: dict[PeerId, RoomId] = {}
        self._has_to_tell = asyncio.Event()
        self._due: dict[RoomId, float] = {}
        self._is_due = asyncio.Event()
        self._to_open: dict[RoomId, None] = {}
        self._has_to_open = asyncio.Event()
        self._recorder_of: Callable[[RoomId], PeerId | None] = lambda _room_id: None
        self._moved: Callable[[RoomId], None] = lambda _room_id: None
        self._remove_unable: Callable[[Set[PeerId], Room], None] = lambda _peers, _room: None
        sfus.listen(self)

    def ask_who_records(
        self, recorder_of: Callable[[RoomId], PeerId | None], moved: Callable[[RoomId], None]
    ) -> None:
        """Name who knows the identity, on an SFU, of what records a call; None where nothing does. `moved` is
        called when a call has moved, so that it is recorded where it is now.
        """
        self._recorder_of = recorder_of
        self._moved = moved

    def have_removed(self, remove_unable: Callable[[Set[PeerId], Room], None]) -> None:
        """Name what removes members of this node from a call that is too large for a mesh, and that has to be
        encrypted, which their browsers cannot do.
        """
        self._remove_unable = remove_unable

    def join_cluster(self, messages: ClusterMessages) -> None:
        self._messages = messages
        messages.handle(MessageKind.TOPOLOGY, self._on_told)
        messages.handle(MessageKind.TOPOLOGY_REPORT, self._on_reported)

    # What happens in calls

    def call_changed(self, room: Room) -> None:
        """Look soon at a call whose members or whose room have changed."""
        self._look(room.room_id, at=0.0)

    def member_left(self, room_id: RoomId, peer_id: PeerId) -> None:
        """Have a member of this node who has left the call be disconnected from its SFU."""
        for topology in (self._known.get(room_id), self._left.get(room_id)):
            if topology is not None and topology.sfu is not None:
                self._sfus.remove(topology.sfu, topology.sfu_room, peer_id)

    def report(self, room_id: RoomId, peer_id: PeerId, report: ReportTopology) -> None:
        """Take what a member of this node says about the topology."""
        self._lowest.note(room_id, peer_id, report, since=self._clock())
        if self._calls.decides(room_id):
            self._take(room_id, peer_id, report)
        else:  # of an unknown owner it is lost: a move is settled after some seconds all the same
            self._pass_on(TopologyReported(room_id, peer_id, report))

    def move_of(self, room_id: RoomId, peer_id: PeerId | None) -> CallTopology | UnsetType:
        """Return the latest topology of a call as that peer is to hear it, UNSET where the call never left
        the mesh and is not large. Without a peer it has no token.
        """
        topology, call = self._known.get(room_id), self._calls.replica(room_id)
        if topology is None and (call is None or call.mesh.introduces):
            return UNSET
        return self._message(room_id, topology or Topology(), peer_id)

    def is_to_be_found(self, room_id: RoomId) -> bool:
        """Return True if a call of which this node knows nothing may go on at an SFU."""
        if self._has_moved(room_id) or self._returning.of(room_id) is not None:
            return False
        return not self._sfus.are_known or self._returning.find(room_id) is not None

    async def find(self, room_id: RoomId) -> None:
        """Ask the SFUs for such a call, and for who is there, before a member comes back."""
        await self._sfus.become_known()
        topology = self._returning.find(room_id) if self.is_to_be_found(room_id) else None
        if topology is None or topology.sfu is None:
            return
        try:
            people = await self._sfus.people(topology.sfu, topology.sfu_room)
        except SfuUnavailable as error:
            log.warning("topology.not_found", room=room_id, error=str(error))
            return
        if people and self.is_to_be_found(room_id):
            self._returning.begin(room_id, topology, people, self._clock())

    def member_returned(self, room_id: RoomId) -> None:
        """Have a call that was found go on where its members are, since one has come back whose server has
        crashed.
        """
        returning = None if self._has_moved(room_id) else self._returning.of(room_id)
        if returning is None:
            return
        topology = returning.topology
        log.info("topology.found", room=room_id, epoch=topology.epoch, people=len(returning.people))
        self._learn(room_id, topology)
        if self._calls.decides(room_id):
            self._courses[room_id] = Course(topology, self._clock())
            self._tell_nodes(room_id)
            self._look(room_id, at=0.0)
        else:
            self._tell_owner(room_id)

    def _has_moved(self, room_id: RoomId) -> bool:
        """Return True if the call has left the mesh once, as far as this node knows."""
        known = self._known.get(room_id)
        return known is not None and known.number > 0

    def place_of_recorder(self, room_id: RoomId, recorder: PeerId) -> SfuPlace | None:
        """Return where a call is to be recorded; None while it is on no SFU."""
        topology = self._known.get(room_id)
        if topology is None or topology.sfu is None or not self._sfus.is_well(topology.sfu):
            return None
        if topology.is_encrypted:  # by a move that was decided just before the recording began
            return None
        sfu, room = topology.sfu, topology.sfu_room
        rights = SfuRights(publishes=False, sends_data=False)
        sign = self._sfus.token_for
        return SfuPlace(self._sfus.url_of(sfu), room, lambda: sign(sfu, room, recorder, rights).text)

    # Tasks

    async def consider(self) -> None:
        """Wait until a call is to be looked at, and do what the rules say; repeated by the supervisor."""
        self._is_due.clear()
        now = self._clock()
        earliest = min(self._due.values(), default=None)
        try:
            async with asyncio.timeout(None if earliest is None else max(0.0, earliest - now)):
                await self._is_due.wait()
        except TimeoutError:
            now = self._clock()
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

    async def tell(self) -> None:
        """Wait until a topology is to be told to many members, and tell them one after the other; repeated by
        the supervisor.
        """
        await self._has_to_tell.wait()
        self._has_to_tell.clear()
        to_tell, self._to_tell = self._to_tell, {}
        async for peer_id, room_id in in_turns(to_tell.items(), each=TOLD_A_TURN):
            topology = self._known.get(room_id)
            if topology is not None:
                self._tell(room_id, peer_id, topology)

    async def sweep(self) -> None:
        """Look at all calls, tell again how media travel where a call has moved, and close rooms on SFUs that
        were left before the sweep before.

        Repeated every SWEEP_SECONDS.
        """
        for topology in self._closing:
            if topology.sfu is not None:
                self._sfus.close_room(topology.sfu, topology.sfu_room)
        self._closing, self._to_close = self._to_close, []
        rooms = self._known.keys() | self._courses.keys() | self._lowest.rooms()
        for position, room_id in enumerate(rooms, 1):
            self._look(room_id, at=0.0)
            if self._calls.decides(room_id):
                self._tell_nodes(room_id)
            else:
                self._tell_owner(room_id)
                self._tell_lowest(room_id)
            if position % CONSIDERED_A_TURN == 0:
                await asyncio.sleep(0)

    # Called by the SFUs (SfuListener)

    def sfu_is_unwell(self, sfu: SfuNumber) -> None:
        self._returning.lose(sfu)
        self._look_at_calls_of(sfu)

    def sfu_is_well(self, _sfu: SfuNumber) -> None:
        for room_id in self._courses:
            self._look(room_id, at=0.0)

    def sfu_lost_rooms(self, _sfu: SfuNumber, rooms: Iterable[str]) -> None:
        for room in rooms:
            room_id = self._rooms_of_sfus.get(room)
            course = None if room_id is None else self._courses.get(room_id)
            if room_id is not None and course is not None and course.topology.sfu_room == room:
                self._courses[room_id] = replace(course, has_lost_room=True)
                self._look(room_id, at=0.0)

    def sfu_is_drained(self, sfu: SfuNumber) -> None:
        self._look_at_calls_of(sfu)

    def _look_at_calls_of(self, sfu: SfuNumber) -> None:
        for room_id, topology in self._known.items():
            if topology.sfu == sfu:
                self._look(room_id, at=0.0)

    def sfu_has_rooms(self, sfu: SfuNumber, rooms: Iterable[str]) -> None:
        self._returning.see(sfu, rooms, self._rooms_of_sfus)

    def sfu_rooms(self) -> Iterator[tuple[SfuNumber, str]]:
        for room_id, course in list(self._courses.items()):
            topology = course.topology
            if topology.sfu is not None and self._calls.decides(room_id):
                yield topology.sfu, topology.sfu_room

    def sfu_members(self, _sfu: SfuNumber, room: str) -> frozenset[PeerId] | None:
        room_id = self._rooms_of_sfus.get(room)
        call = None if room_id is None else self._calls.replica(room_id)
        if room_id is None or call is None:
            return None
        members = frozenset(call.seats) | self._awaited(call)
        recorder = self._recorder_of(room_id)
        return members if recorder is None else members | {recorder}

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
        if report.epoch not in _reported_epochs(topology):
            return
        match report.state:
            case "receiving":
                receiving, failed = course.receiving | {peer_id}, course.failed - {peer_id}
                course = replace(course, receiving=receiving, failed=failed)
            case "failed":
                receiving, failed = course.receiving - {peer_id}, course.failed | {peer_id}
                course = replace(course, receiving=receiving, failed=failed)
                self._tell(room_id, peer_id, topology)
            case "lowest" | "not-lowest" | "published":
                pass
        self._courses[room_id] = course
        self._look(room_id, at=0.0)

    def _consider(self, room_id: RoomId) -> None:
        call = self._calls.replica(room_id)
        if call is None or not call.seats:
            self._forget(room_id)
            return
        known = self._known.get(room_id)
        _note(call, known)
        self._lowest.keep(room_id, self._reporting(call))
        self._tell_size(call)
        unable = call.unable_to_stay(self._calls.limits) & set(self._calls.own_peers_in(room_id))
        if unable:
            self._remove_unable(unable, call.room)
            self._look(room_id, at=0.0)
            return
        if not self._calls.decides(room_id):
            self._courses.pop(room_id, None)
            self._told.pop(room_id, None)
            return
        if known is not None and self._nodes_in(call) - self._told.get(room_id, frozenset()):
            self._tell_nodes(room_id)
        self._carry_out(call, *self._judge(call))

    def _carry_out(self, call: CallReplica, course: Course, found: Verdict) -> None:
        room_id = call.room.room_id
        match found:
            case Stay(look_at):
                if look_at is not None:
                    self._look(room_id, at=look_at)
            case Settle():
                self._close_left(room_id)
                self._decide(room_id, replace(course.topology, is_settled=True))
            case Encrypt():
                self._decide(room_id, replace(course.topology, is_encrypted=True))
            case Move("mesh"):
                self._decide(room_id, _next(course, call))
            case Move():
                self._to_open[room_id] = None
                self._has_to_open.set()

    def _reporting(self, call: CallReplica) -> set[PeerId]:
        """Return the members whose reports are for this node to keep: who is back says it again, and of a
        call that another node owns, nodes tell that one what their members say.
        """
        decides = self._calls.decides(call.room.room_id)
        return {
            peer
            for peer, seat in call.seats.items()
            if seat.away_since is None and (decides or seat.holder == self._node_id)
        }

    def _judge(self, call: CallReplica) -> tuple[Course, Verdict]:
        """Return the course of a call that this node decides about, and what is to be done about it now."""
        room_id = call.room.room_id
        course, now = self._course_of(room_id), self._clock()
        situation = self._situation(call, course.topology)
        course = self._courses[room_id] = observed(course, situation, now, self._thresholds)
        return course, verdict(course, situation, now, self._thresholds)

    def _course_of(self, room_id: RoomId) -> Course:
        """Return the course of a call; a node that has just begun to decide begins with what it was told."""
        course = self._courses.get(room_id)
        return course or Course(self._known.get(room_id, Topology()), self._clock())

    def _situation(self, call: CallReplica, topology: Topology) -> Situation:
        seats, limits = call.seats, self._calls.limits
        unable = call.unable_to_stay(limits)
        return Situation(
            wanted=limits.topology_of(call.room),
            people=len(seats),
            fit_mesh=len(seats) <= limits.mesh,
            present={peer for peer, seat in seats.items() if seat.away_since is None},
            lowest=self._lowest.since(call.room.room_id, _reported_epochs(topology)),
            know_sfu=call.all_know_sfu(besides=unable),
            well=self._sfus.well_ones(),
            drained=self._sfus.drained_ones(),
            awaited=len(self._awaited(call)),
            is_recorded=self._recorder_of(call.room.room_id) is not None and not call.must_encrypt,
            must_encrypt=call.must_encrypt,
            have_keys=call.all_have_keys,
        )

    def _awaited(self, call: CallReplica) -> frozenset[PeerId]:
        """Return the members of a call who are yet to come back after a crash."""
        return self._returning.awaited(call.room.room_id, call.seats.keys(), self._clock())

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
                self._do_without(room_id, course, call, can_wait=found.can_wait)
                return
            following = _next(course, call)
            following = replace(following, is_encrypted=following.is_encrypted or self._encrypts(call))
            topology = following.opened(room_id, sfu, secrets.token_hex(SFU_ROOM_MARK // 2))
            try:
                await self._sfus.open_room(sfu, topology.sfu_room)
            except SfuUnavailable as error:
                log.warning("topology.sfu_unavailable", room=room_id, sfu=sfu, error=str(error))
                besides |= {sfu}
                continue
            now = self._courses.get(room_id)
            is_current = now is not None and now.topology == course.topology
            if not is_current or self._calls.replica(room_id) is not call or not self._calls.decides(room_id):
                self._sfus.close_room(sfu, topology.sfu_room)
                return
            if topology.is_encrypted and not call.all_have_keys:  # the latest newcomer has none
                self._sfus.close_room(sfu, topology.sfu_room)
                continue
            self._decide(room_id, topology)
            return

    def _encrypts(self, call: CallReplica) -> bool:
        """Return True if a call that moves to an SFU is encrypted there. What the server records is not,
        unless it must be: then the recording is about to end.
        """
        if call.must_encrypt:
            return True
        is_recorded = self._recorder_of(call.room.room_id) is not None
        is_allowed = self._calls.limits.encryption_of(call.room) != "off"
        return is_allowed and call.all_have_keys and not is_recorded

    def _do_without(self, room_id: RoomId, course: Course, call: CallReplica, *, can_wait: bool) -> None:
        """Go on where no SFU opens a room: a call whose SFU is lost cannot wait for another one."""
        if course.topology.kind == "sfu" and not can_wait:
            self._decide(room_id, _next(course, call))
        else:
            self._look(room_id, at=self._clock() + RETRY_SECONDS)

    def _decide(self, room_id: RoomId, topology: Topology) -> None:
        """Move a call to another topology, or settle the move to that which it has."""
        course = self._courses[room_id]
        if topology.number != course.topology.number:
            log.info("topology.moved", room=room_id, kind=topology.kind, epoch=topology.epoch)
            self._courses[room_id] = moved(course, topology, self._clock())
            if course.topology.sfu is not None:
                self._close_left(room_id)  # what the move before left, if that was never settled
        else:
            has_settled = topology.is_settled and not course.topology.is_settled
            event = "topology.settled" if has_settled else "topology.encrypted"
            log.info(event, room=room_id, kind=topology.kind, epoch=topology.epoch)
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
        _note(call, topology)
        self._moved(room_id)
        own = self._own_members(call)
        for peer_id in own[:TOLD_A_TURN]:
            self._tell(room_id, peer_id, topology)
        if len(own) > TOLD_A_TURN:
            self._to_tell |= dict.fromkeys(own[TOLD_A_TURN:], room_id)
            self._has_to_tell.set()

    def _own_members(self, call: CallReplica) -> list[PeerId]:
        """Return the members of this node whose clients know SFUs."""
        seats = call.seats.items()
        return [peer for peer, seat in seats if seat.holder == self._node_id and seat.knows_sfu]

    def _tell(self, room_id: RoomId, peer_id: PeerId, topology: Topology) -> None:
        connection = self._presence.connection_of(peer_id)
        if connection is not None:
            self._deliver(connection, self._message(room_id, topology, peer_id))

    def _tell_size(self, call: CallReplica) -> None:
        """Tell this node's members whether they are introduced to each other, if that is news."""
        room_id, is_large = call.room.room_id, not call.mesh.introduces
        if is_large == (room_id in self._large):
            return
        (self._large.add if is_large else self._large.discard)(room_id)
        told = self._message(room_id, self._known.get(room_id, Topology()), None)
        for peer_id in self._own_members(call):
            connection = self._presence.connection_of(peer_id)
            if connection is not None:
                self._deliver(connection, told)

    def _message(self, room_id: RoomId, topology: Topology, peer_id: PeerId | None) -> CallTopology:
        sfu, call = topology.sfu, self._calls.replica(room_id)
        channels = call is None or call.mesh.introduces
        told = CallTopology(topology.epoch, topology.kind, channels=channels, settled=topology.is_settled)
        if topology.is_encrypted:
            told = msgspec.structs.replace(told, encrypted=True)
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

    def _tell_lowest(self, room_id: RoomId) -> None:
        """Tell the owner again which members of this node send the smallest pictures: it may not know."""
        now = self._clock()
        for peer_id, report, since in self._lowest.reports(room_id):
            self._pass_on(TopologyReported(room_id, peer_id, report, now - since))

    def _pass_on(self, reported: TopologyReported) -> None:
        """Pass the report of a member on to the owner of the call, if that is known."""
        owner = self._calls.owner(reported.room_id)
        if self._messages is not None and owner is not None:
            self._messages.send(owner.owner, MessageKind.TOPOLOGY_REPORT, encode(reported))

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
            self._courses[told.room_id] = Course(topology, self._clock())
            self._learn(told.room_id, topology)
            self._tell_nodes(told.room_id)
            self._look(told.room_id, at=0.0)

    def _on_reported(self, sender: LeaseId, body: bytes) -> None:
        reported = _read(decode_reported, sender, body)
        if reported is not None and self._calls.decides(reported.room_id):
            room_id, peer_id, report = reported.room_id, reported.peer_id, reported.report
            self._lowest.note(room_id, peer_id, report, since=self._clock() - reported.seconds)
            self._take(room_id, peer_id, report)

    def _forget(self, room_id: RoomId) -> None:
        """Forget a call that is over, or that this node has nothing to do with any more."""
        self._courses.pop(room_id, None)
        self._told.pop(room_id, None)
        self._left.pop(room_id, None)
        self._returning.end(room_id)
        self._lowest.keep(room_id, frozenset())
        self._large.discard(room_id)
        topology = self._known.pop(room_id, None)
        if topology is not None:
            self._rooms_of_sfus.pop(topology.sfu_room, None)


def _reported_epochs(topology: Topology) -> frozenset[str | None]:
    """Return the epochs that reports about a topology may name. Before the first move it is none, but for
    members of a large call, who were told of the mesh by its name.
    """
    return frozenset((topology.epoch,) if topology.number else (None, topology.epoch))


def _read(decode: Callable[[bytes], _Message], sender: LeaseId, body: bytes) -> _Message | None:
    """Decode a message of another node; None for one that cannot be read."""
    try:
        return decode(body)
    except msgspec.MsgspecError as error:
        log.warning("topology.unreadable_message", sender=sender, error=type(error).__name__)
        return None


def _next(course: Course, call: CallReplica) -> Topology:
    """Return the mesh to which a call moves next, and which it leaves encrypted alone if it must be."""
    former = course.topology
    return Topology(
        owner_epoch=call.epoch,
        number=former.number + 1,
        is_settled=False,
        is_encrypted=former.is_encrypted or call.must_encrypt,
    )


def _note(call: CallReplica, topology: Topology | None) -> None:
    """Have a call know what its topology asks of newcomers."""
    call.is_on_sfu = topology is not None and topology.kind == "sfu"
    call.is_encrypted = topology is not None and topology.is_encrypted
