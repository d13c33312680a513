"""A call as a node knows it: its members, who knows whom, and which node holds each. No I/O.

The node that owns the call decides changes; any other node follows the decisions in their order, and so holds
the same state. On a single node, that node decides about every call.
"""

from collections.abc import Iterable, Mapping
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
from parlour.calls.refusals import ClientTooOld, MeshFull, RoomFull, TooManyParticipations
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.wire.signaling import PeerId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The most participations in a call at a time: `people` in all, `participations` of the same person.

    On a server with an SFU, a call with a client that knows a mesh alone has place for `mesh` people.
    """

    people: int
    participations: int
    mesh: int = 8
    has_sfu: bool = False


class CallReplica:
    """The call of a room. All attributes are for reading only.

    `mesh` says who is in the call and who knows whom, `seats` who the members are and which node holds each.
    `room` is what this node knows of the room; it is no part of the decisions. `is_on_sfu` is set by
    `CallTopologies`.
    """

    __slots__ = ("epoch", "is_on_sfu", "mesh", "room", "seats", "version")

    def __init__(self, room: Room, *, epoch: int = 0, version: int = 0) -> None:
        self.room = room
        self.mesh = Mesh()
        self.seats: dict[PeerId, Seat] = {}
        self.epoch = epoch
        self.version = version
        self.is_on_sfu = False

    @property
    def stamp(self) -> tuple[int, int]:
        """The epoch and the version of the latest decision."""
        return self.epoch, self.version

    def decide(self, change: Change, *, is_numbered: bool = True) -> Decided:
        """Make a change, and return it with the messages that it causes.

        A node that decides about its own members alone, out of reach of the others, gives no numbers: what it
        decides is none of the decisions that all nodes follow.
        """
        sends, notice = self._change(change)
        if is_numbered:
            self.version += 1
        return Decided(self.room.room_id, self.epoch, self.version, change, sends, notice)

    def follow(self, decided: Decided) -> list[Send]:
        """Make the change that the owner decided. Return all messages that it causes, on whichever node."""
        sends, _ = self._change(decided.change)
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
    ) -> None:
        """Take over the state that the owner had after a decision."""
        records = list(records)
        members = Membership(
            {one.peer_id: one.name for one in records},
            {one.peer_id: one.display_name for one in records if one.display_name is not None},
            frozenset(one.peer_id for one in records if one.is_recording),
        )
        self.mesh = Mesh(members, claims)
        self.seats = {one.peer_id: one.seat for one in records}
        self.epoch, self.version = epoch, version

    def giving_way_to(self, user_id: UserId, limits: CallLimits, *, knows_sfu: bool) -> list[PeerId]:
        """Return the person's own members without a connection that must end before a new one of the person
        enters, the longest away first: they may never be resumed.

        Raises TooManyParticipations, RoomFull, MeshFull or ClientTooOld.
        """
        here, away = self._members_of(user_id)
        if here >= limits.participations:
            raise TooManyParticipations
        most, full = self._bound(limits, knows_sfu=knows_sfu)
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

    def _bound(self, limits: CallLimits, *, knows_sfu: bool) -> tuple[int, type[Refusal]]:
        """Return the most people in the call once a newcomer is in it, and what one too many hears.

        Raises ClientTooOld.
        """
        if not limits.has_sfu or limits.people <= limits.mesh:
            return limits.people, RoomFull
        if not knows_sfu:
            if self.is_on_sfu or len(self.seats) > limits.mesh:
                raise ClientTooOld
            return limits.mesh, ClientTooOld if self._all_know_sfu() else MeshFull
        return (limits.people, RoomFull) if self._all_know_sfu() else (limits.mesh, MeshFull)

    def _all_know_sfu(self) -> bool:
        return all(seat.knows_sfu for seat in self.seats.values())

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

    def _change(self, change: Change) -> tuple[list[Send], Notice | None]:
        sends: list[Send] = []
        notice: Notice | None = None
        peer = change.peer_id
        match change:
            case Entered():
                self.mesh, sends = self.mesh.enter(peer, change.name, display_name=change.display_name)
                self.seats[peer] = change.seat
            case Left():
                self.mesh, sends = self.mesh.leave(peer)
                self.seats.pop(peer, None)
            case Lost():
                seat = self.seats[peer]
                self.seats[peer] = replace(seat, away_since=change.at)
            case Resumed():
                self.mesh, sends = self.mesh.resume(
                    peer, change.name, known=change.known, display_name=change.display_name
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
