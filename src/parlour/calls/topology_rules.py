"""The rules by which a call moves between a mesh and an SFU (ADR 16), at the node that decides. Pure.

Media travel in one way from each move to the next; a `Topology` names that way, and its epoch orders them.
A move is made before the former way is broken: it is settled once everybody receives by the new one, or after
a while, and senders use the former one until then.
"""

import re
from collections.abc import Collection, Set
from dataclasses import dataclass, field, replace

from parlour.rooms.entities import RoomId
from parlour.sfu_link import SfuNumber
from parlour.wire.base import RoomTopology
from parlour.wire.signaling import PeerId, TopologyKind

SFU_ROOM_MARK = 16
"""The characters at the end of the name of a room on an SFU that no other room has."""
_SFU_ROOM = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,18})(e?)-[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyThresholds:
    """The numbers of the rules. Times are in seconds."""

    up_above: int = 6
    """More people than these move from a mesh to an SFU."""
    down_at: int = 4
    """These or fewer move back."""
    down_seconds: float = 60.0
    lowest_seconds: float = 60.0
    """So long has half of the members to send the smallest pictures before their mesh moves."""
    settle_seconds: float = 10.0
    rest_seconds: float = 30.0
    """The least time between two moves that nothing forces."""
    retry_rests: float = 20.0
    """So many times as long stays a mesh whose people could not reach an SFU, and no SFU is tried twice."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The way in which the media of a call travel. `number` counts the moves of the call, 0 before the first;
    `owner_epoch` is that of the ownership under which it was decided. `sfu_room` is the room on the SFU.
    """

    owner_epoch: int = 0
    number: int = 0
    kind: TopologyKind = "mesh"
    sfu: SfuNumber | None = None
    sfu_room: str = ""
    is_settled: bool = True
    is_encrypted: bool = False
    """True if media through an SFU are encrypted end to end; a mesh is left for that alone."""

    @property
    def epoch(self) -> str:
        """The name of the epoch for clients.

        Two nodes that cannot reach each other may count alike, so it names what nobody else opens: an end of
        the SFU's room. There is one mesh.
        """
        opened = self.sfu_room[-SFU_ROOM_MARK:]
        return f"{self.owner_epoch}-{self.number}-{opened}" if opened else f"{self.owner_epoch}-{self.number}"

    @classmethod
    def in_room(cls, sfu: SfuNumber, name: str) -> "tuple[RoomId, Topology] | None":
        """Read the call of a room on an SFU, and its topology, from the room's name.

        Whether the move there was settled is not known. Return None for a name that `opened` does not give.
        """
        read = _SFU_ROOM.fullmatch(name)
        if read is None:
            return None
        room_id, owner_epoch, number = map(int, read.groups()[:3])
        topology = cls(owner_epoch, number, "sfu", sfu, name, is_settled=False, is_encrypted=bool(read[4]))
        return RoomId(room_id), topology

    def opened(self, room_id: RoomId, sfu: SfuNumber, mark: str) -> "Topology":
        """Return the same topology on an SFU, in a room that is named after it: so calls are found there
        again by a server that has lost its memory. `mark` is SFU_ROOM_MARK hexadecimal digits.
        """
        encrypted = "e" if self.is_encrypted else ""
        name = f"{room_id}-{self.owner_epoch}-{self.number}{encrypted}-{mark}"
        return replace(self, kind="sfu", sfu=sfu, sfu_room=name)

    def is_after(self, other: "Topology") -> bool:
        """Return True if this one was decided later, as far as their numbers say."""
        return (self.owner_epoch, self.number) > (other.owner_epoch, other.number)


@dataclass(frozen=True, slots=True)
class Course:
    """A topology, and what its owner has seen since it was decided: the times are of a monotonic clock."""

    topology: Topology
    since: float
    given_up: frozenset[SfuNumber] = field(default_factory=frozenset)
    """The SFUs that the call has left, one after the other, since its people could not reach them.

    A mesh to which it has come back keeps them; after that, all may be tried again.
    """
    few_since: float | None = None
    receiving: frozenset[PeerId] = field(default_factory=frozenset)
    failed: frozenset[PeerId] = field(default_factory=frozenset)
    has_lost_room: bool = False
    """True if the SFU has the call's room no more: it has started again, most likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the owner knows of a call beside its course.

    `present` are the members with a connection, `people` counts the others too. `know_sfu` says that the
    clients of all do, and `fit_mesh` that there are few enough of them for a mesh that is wanted. `lowest`
    has the time since which each of the present ones who say so has sent the smallest pictures. `well` has
    the SFUs that answer, and `drained` those of them that calls are to leave. After a crash, `awaited` counts
    the people on the SFU who are yet to come back. With `is_recorded`, the server records the call: it sees
    and hears it on an SFU alone. `must_encrypt` says that the call goes through an SFU encrypted or not at
    all, `have_keys` that it can: the clients of all have member keys.
    """

    wanted: RoomTopology
    people: int
    fit_mesh: bool
    present: Set[PeerId]
    lowest: Collection[float] = ()
    know_sfu: bool
    well: Set[SfuNumber]
    drained: Set[SfuNumber] = frozenset()
    awaited: int = 0
    is_recorded: bool = False
    must_encrypt: bool = False
    have_keys: bool = True

    @property
    def is_to_be_mesh(self) -> bool:
        """A recording asks for more than the room's wish."""
        return (self.wanted == "mesh" and not self.is_recorded) or not self.know_sfu

    @property
    def open(self) -> Set[SfuNumber]:
        """Return the SFUs that a call may move to."""
        return self.well - self.drained


@dataclass(frozen=True, slots=True)
class Stay:
    """Nothing is to be done before `look_at`, unless something changes; None: not at all."""

    look_at: float | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """The move is over."""


@dataclass(frozen=True, slots=True)
class Move:
    """Move to a mesh, or to an SFU, but none of `besides`.

    With `can_wait`, a call stays where it is while no other SFU opens a room for it.
    """

    kind: TopologyKind
    besides: frozenset[SfuNumber] = frozenset()
    can_wait: bool = False


@dataclass(frozen=True, slots=True)
class Encrypt:
    """The call stays a mesh, and is to leave it for an SFU with encryption alone."""


Verdict = Stay | Settle | Encrypt | Move


def observed(course: Course, situation: Situation, now: float, rules: TopologyThresholds) -> Course:
    """Return the course with what the situation says of times, and without reports of people who are gone."""
    present = situation.present
    few = situation.people + situation.awaited <= rules.down_at
    return replace(
        course,
        few_since=(course.few_since if course.few_since is not None else now) if few else None,
        receiving=course.receiving & present,
        failed=course.failed & present,
    )


def moved(course: Course, topology: Topology, now: float) -> Course:
    """Return the course of a call that moves to another topology."""
    former = course.topology.sfu
    given_up = frozenset() if former is None else course.given_up
    if course.failed and former is not None:
        given_up |= {former}
    return Course(topology, now, given_up=given_up, few_since=course.few_since)


def verdict(course: Course, situation: Situation, now: float, rules: TopologyThresholds) -> Verdict:
    """Say what is to be done about a course that was `observed`."""
    topology = course.topology
    forced = _forced(course, situation, now, rules)
    if forced is not None:
        return forced
    if situation.must_encrypt and not topology.is_encrypted:
        return Encrypt() if topology.kind == "mesh" else Stay()
    if not topology.is_settled:
        due = course.since + rules.settle_seconds
        all_receive = not situation.awaited and situation.present <= course.receiving
        if now >= due or all_receive:
            return Settle()
        return Stay(due)
    wish_at = _wishes_at(course, situation, rules)
    if wish_at is None:
        return Stay()
    is_given_up = topology.kind == "mesh" and bool(course.given_up)
    rest = rules.rest_seconds * (rules.retry_rests if is_given_up else 1.0)
    due = max(wish_at, course.since + rest if topology.number else wish_at)
    if now < due:
        return Stay(due)
    return Move("sfu" if topology.kind == "mesh" else "mesh")


def _forced(course: Course, situation: Situation, now: float, rules: TopologyThresholds) -> Move | None:
    """Return a move that waits for nothing."""
    topology = course.topology
    if topology.kind == "mesh":
        return None
    if situation.is_to_be_mesh and (situation.fit_mesh or not situation.know_sfu):
        return Move("mesh")
    sfu, failed = topology.sfu, course.failed
    is_away = sfu not in situation.well or (bool(failed) and 2 * len(failed) >= len(situation.present))
    is_lost = is_away or course.has_lost_room
    must_renew = situation.must_encrypt and not topology.is_encrypted and situation.have_keys
    if not is_lost and sfu not in situation.drained:
        return Move("sfu") if must_renew else None
    people = situation.people + situation.awaited
    is_small = people <= rules.up_above and not situation.is_recorded
    is_recent = now - course.since < rules.rest_seconds * rules.retry_rests
    besides = course.given_up if is_recent else frozenset()
    if sfu is not None and (is_away or sfu in situation.drained):
        besides |= {sfu}
    others = situation.open - besides
    if not is_lost and others:
        return Move("sfu", besides, can_wait=not must_renew)
    if not is_lost:  # it works still, and carries what no mesh would, but may not unencrypted
        return Move("mesh") if is_small or must_renew else None
    fits_mesh = situation.wanted == "auto" and is_small
    return Move("sfu", besides) if others and not fits_mesh else Move("mesh")


def _wishes_at(course: Course, situation: Situation, rules: TopologyThresholds) -> float | None:
    """Return the time at which a settled course is to change, if it stays as it is; None if it is not to."""
    if course.topology.kind == "mesh":
        if situation.is_to_be_mesh or not situation.open:
            return None
        if situation.is_recorded:
            return course.since
        if situation.wanted == "sfu":
            return course.since if situation.people > 1 else None
        if situation.people > rules.up_above:
            return course.since
        return _too_much_at(situation, rules)
    if situation.wanted == "sfu" or situation.is_recorded or course.few_since is None:
        return None
    return course.few_since + rules.down_seconds


def _too_much_at(situation: Situation, rules: TopologyThresholds) -> float | None:
    """Return the time at which half of the members will have sent the smallest pictures for long, None if
    fewer do.
    """
    half = max(1, (len(situation.present) + 1) // 2)
    since = sorted(situation.lowest)
    return since[half - 1] + rules.lowest_seconds if len(since) >= half else None
