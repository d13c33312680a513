"""A call as a node knows it: its members, who knows whom, and which node holds each. No I/O.

The node that owns the call decides changes; any other node follows the decisions in their order, and so holds
the same state. On a single node, that node decides about every call.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import assert_never

from msgspec.structs import replace

from parlour.accounts.identity import UserId
from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Decided,
    Entered,
    Left,
    Lost,
    MemberRecord,
    Notice,
    Recorded,
    Renamed,
    Resumed,
    Seat,
)
from parlour.calls.membership import Membership
from parlour.calls.mesh import Mesh, Send
from parlour.calls.refusals import (
    BrowserCannotEncrypt,
    ClientTooOld,
    MeshFull,
    RoomFull,
    TooManyParticipations,
)
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.wire.base import RoomEncryption, RoomTopology
from parlour.wire.signaling import PeerId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The most participations in a call at a time: `people` in all, `participations` of the same person.

    On a server with an SFU, a call that is to stay a mesh has place for `mesh` people, and so has one with a
    client that knows nothing else. `topology` and `encryption` are the server's settings. There a call of
    more than `introduced` people is a large one, whose members are not introduced to each other, until it has
    fewer than `introduced_again`.
    """

    people: int
    participations: int
    mesh: int = 8
    has_sfu: bool = False
    introduced: int = 25
    introduced_again: int = 20
    topology: RoomTopology = "auto"
    encryption: RoomEncryption = "auto"

    def topology_of(self, room: Room) -> RoomTopology:
        """Return the way that media of a room's calls are to take: the room's own, or the server's. A server
        that is to have meshes alone has no others.
        """
        is_own = self.topology != "mesh" and room.topology != "auto"
        return room.topology if is_own else self.topology

    def encryption_of(self, room: Room) -> RoomEncryption:
        """Return whether a room's calls are encrypted on an SFU: the room's own, or the server's."""
        return self.encryption if room.encryption == "auto" else room.encryption


class CallReplica:
    """The call of a room. All attributes are for reading only.

    `mesh` says who is in the call and who knows whom, `seats` who the members are and which node holds each.
    `room` is what this node knows of the room; it is no part of the decisions. `is_on_sfu`, and
    `is_encrypted` (on an SFU it is encrypted, now or when the call comes to one), are set by
    `CallTopologies`.
    """

    __slots__ = ("epoch", "is_encrypted", "is_on_sfu", "mesh", "room", "seats", "version")

    def __init__(self, room: Room, *, epoch: int = 0, version: int = 0) -> None:
        self.room = room
        self.mesh = Mesh()
        self.seats: dict[PeerId, Seat] = {}
        self.epoch = epoch
        self.version = version
        self.is_on_sfu = False
        self.is_encrypted = False

    @property
    def stamp(self) -> tuple[int, int]:
        """The epoch and the version of the latest decision."""
        return self.epoch, self.version

    def decide(
        self, change: Change, *, limits: CallLimits | None = None, is_numbered: bool = True
    ) -> Decided:
        """Make a change, and return it with the messages that it causes. Without limits, no call is large.

        A node that decides about its own members alone, out of reach of the others, gives no numbers: what it
        decides is none of the decisions that all nodes follow.
        """
        introduces = limits is None or self.introduces_after(change, limits)
        sends, notice = self._change(change, introduces=introduces)
        if is_numbered:
            self.version += 1
        return Decided(self.room.room_id, self.epoch, self.version, change, sends, notice, introduces)

    def introduces_after(self, change: Change | None, limits: CallLimits) -> bool:
        """Return True if members are introduced to each other once a change is made, or now without one.

        The two bounds (hysteresis) keep a call that one person enters and leaves from being connected and
        disconnected each time.
        """
        if not limits.has_sfu:
            return True
        people = len(self.seats)
        if isinstance(change, Entered | Resumed):
            people += change.peer_id not in self.seats
        elif isinstance(change, Left):
            people -= change.peer_id in self.seats
        if not self.mesh.introduces:
            return people < limits.introduced_again
        return people <= limits.introduced or not self.all_know_sfu()

    def follow(self, decided: Decided) -> list[Send]:
        """Make the change that the owner decided. Return all messages that it causes, on whichever node."""
        sends, _ = self._change(decided.change, introduces=decided.introduces)
        self.epoch, self.version = decided.epoch, decided.version
        return sends

    def records(self) -> list[MemberRecord]:
        """Return all members in the order of their arrival."""
        members = self.mesh.members
        return [
            MemberRecord(
                peer, self.seats[peer], name, members.display_names.get(peer), peer in members.recorders
            )
            for peer, name in members.names.items()
        ]

    def restore(
        self,
        records: Iterable[MemberRecord],
        claims: Mapping[PeerId, frozenset[PeerId]],
        *,
        epoch: int,
        version: int,
        introduces: bool,
    ) -> None:
        """Take over the state that the owner had after a decision."""
        records = list(records)
        members = Membership(
            {one.peer_id: one.name for one in records},
            {one.peer_id: one.display_name for one in records if one.display_name is not None},
            frozenset(one.peer_id for one in records if one.is_recording),
            {one.peer_id: one.seat.member_key for one in records if one.seat.member_key is not None},
        )
        self.mesh = Mesh(members, claims, introduces)
        self.seats = {one.peer_id: one.seat for one in records}
        self.epoch, self.version = epoch, version

    def giving_way_to(
        self, user_id: UserId, limits: CallLimits, *, knows_sfu: bool, has_key: bool = True
    ) -> list[PeerId]:
        """Return the person's own members without a connection that must end before a new one of the person
        enters, the longest away first: they may never be resumed. `has_key`: its client said a member key.

        Raises TooManyParticipations, RoomFull, MeshFull, ClientTooOld or BrowserCannotEncrypt.
        """
        here, away = self._members_of(user_id)
        if here >= limits.participations:
            raise TooManyParticipations
        most, full = self._bound(limits, knows_sfu=knows_sfu, has_key=has_key)
        beyond = len(self.seats) + 1 - most
        if beyond > len(away):
            raise full
        surplus = max(here + len(away) + 1 - limits.participations, beyond)
        return away[: max(0, surplus)]

    def begun_before(self, change: Entered) -> list[PeerId]:
        """Return the person's members that earlier tries of the same join have begun. Their client has not
        heard of that.
        """
        wanted = change.seat
        return [
            peer
            for peer, seat in self.seats.items()
            if wanted.attempt is not None
            and (seat.user_id, seat.attempt) == (wanted.user_id, wanted.attempt)
            and peer != change.peer_id
        ]

    def _bound(self, limits: CallLimits, *, knows_sfu: bool, has_key: bool) -> tuple[int, type[Refusal]]:
        """Return the most people in the call once a newcomer is in it, and what one too many hears.

        Raises ClientTooOld or BrowserCannotEncrypt, also for a room that asks for the SFU, however few are in
        it.
        """
        if not limits.has_sfu:
            return limits.people, RoomFull
        unfit: type[Refusal] = BrowserCannotEncrypt if knows_sfu else ClientTooOld
        may_use_sfu = knows_sfu and (has_key or not self.must_encrypt)
        topology = limits.topology_of(self.room)
        if topology == self.room.topology == "sfu" and not may_use_sfu:
            raise unfit
        if topology == "mesh" or limits.people <= limits.mesh:
            return min(limits.people, limits.mesh), RoomFull
        if not may_use_sfu:
            if self.is_on_sfu or len(self.seats) > limits.mesh:
                raise unfit
            return limits.mesh, unfit if self.all_know_sfu() else MeshFull
        return (limits.people, RoomFull) if self.all_know_sfu() else (limits.mesh, MeshFull)

    @property
    def all_have_keys(self) -> bool:
        """True if the clients of all members have said a member key."""
        return all(seat.member_key is not None for seat in self.seats.values())

    @property
    def must_encrypt(self) -> bool:
        """True if the call goes through an SFU encrypted or not at all, by its room or by its past."""
        return self.is_encrypted or self.room.encryption == "on"

    def all_know_sfu(self, *, besides: Set[PeerId] = frozenset()) -> bool:
        is_encrypted = self.must_encrypt
        return all(
            seat.may_use_sfu(is_encrypted=is_encrypted)
            for peer, seat in self.seats.items()
            if peer not in besides
        )

    def unable_to_stay(self, limits: CallLimits) -> set[PeerId]:
        """Return the members without a member key of a call that must be encrypted and is too large for a
        mesh: none came in, so the room has begun to ask for that during the call.
        """
        if not self.must_encrypt or len(self.seats) <= limits.mesh:
            return set()
        return {peer for peer, seat in self.seats.items() if seat.knows_sfu and seat.member_key is None}

    def count_of(self, user_id: UserId) -> int:
        """Count the members of a person, with a connection or without."""
        return sum(seat.user_id == user_id for seat in self.seats.values())

    def waiting_for(self, absent: PeerId) -> list[PeerId]:
        """Return the members who reported a connection with a peer that has not resumed."""
        return [peer for peer, claimed in self.mesh.claims.items() if absent in claimed]

    def _members_of(self, user_id: UserId) -> tuple[int, list[PeerId]]:
        here, away = 0, []
        for peer, seat in self.seats.items():
            if seat.user_id == user_id:
                if seat.away_since is None:
                    here += 1
                else:
                    away.append((seat.away_since, peer))
        return here, [peer for _, peer in sorted(away)]

    def _change(self, change: Change, *, introduces: bool) -> tuple[list[Send], Notice | None]:
        """Make a change. In a call that is large no longer, all are introduced to each other after it."""
        was_large = not self.mesh.introduces
        if not introduces:
            self.mesh = self.mesh.stop_introducing()
        sends, notice = self._make(change)
        if introduces and was_large:
            self.mesh, introductions = self.mesh.introduce_all()
            sends += introductions
        return sends, notice

    def _make(self, change: Change) -> tuple[list[Send], Notice | None]:
        sends: list[Send] = []
        notice: Notice | None = None
        peer = change.peer_id
        match change:
            case Entered():
                self.mesh, sends = self.mesh.enter(
                    peer,
                    change.name,
                    display_name=change.display_name,
                    member_key=change.seat.member_key,
                )
                self.seats[peer] = change.seat
            case Left():
                self.mesh, sends = self.mesh.leave(peer)
                self.seats.pop(peer, None)
            case Lost():
                seat = self.seats[peer]
                self.seats[peer] = replace(seat, away_since=change.at)
            case Resumed():
                self.mesh, sends = self.mesh.resume(
                    peer,
                    change.name,
                    known=change.known,
                    display_name=change.display_name,
                    member_key=change.seat.member_key,
                )
                self.seats[peer] = change.seat
            case Renamed():
                self.mesh, notice = self.mesh.rename(peer, change.display_name)
            case Recorded():
                self.mesh, notice = self.mesh.record(peer, recording=change.recording)
            case ClaimExpired():
                self.mesh, sends = self.mesh.expire_claim(peer, change.claimed)
            case _:
                assert_never(change)
        return sends, notice
