"""The members of calls that this node holds, with what their owner has to know of them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

import msgspec

from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Entered,
    Left,
    Lost,
    MemberRecord,
    Recorded,
    Renamed,
    Resumed,
)
from parlour.calls.shared.introductions import Introductions
from parlour.calls.shared.messages import CensusMember
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId


@dataclass(slots=True)
class HeldMember:
    """A member of this node; `known` are the peers that it was introduced to, and those of them `unsure` that
    this node introduced out of reach of the others.
    """

    room: Room
    record: MemberRecord
    known: set[PeerId] = field(default_factory=set)
    unsure: set[PeerId] = field(default_factory=set)

    def report(self, introductions: Introductions | None) -> CensusMember:
        """`introductions` are those of the call."""
        introduced = None if introductions is None else introductions.members.get(self.record.peer_id)
        unsure = frozenset(self.unsure & self.known)
        return CensusMember(self.record, frozenset(self.known), unsure, introduced)


class HeldMembers:
    """Members by peer and by room."""

    def __init__(self) -> None:
        self._members: dict[PeerId, HeldMember] = {}
        self._rooms: dict[RoomId, dict[PeerId, HeldMember]] = {}
        self.get = self._members.get

    def __contains__(self, peer_id: PeerId) -> bool:
        return peer_id in self._members

    def rooms(self) -> list[RoomId]:
        return list(self._rooms)

    def has_any_in(self, room_id: RoomId) -> bool:
        return room_id in self._rooms

    def peers_in(self, room_id: RoomId) -> list[PeerId]:
        return list(self._rooms.get(room_id, ()))

    def in_room(self, room_id: RoomId) -> Iterator[HeldMember]:
        yield from list(self._rooms.get(room_id, {}).values())

    def renew(self, room: Room) -> None:
        """Replace what is known of a room."""
        for member in self.in_room(room.room_id):
            member.room = room

    def census(self, room_id: RoomId, introductions: Introductions | None) -> list[CensusMember]:
        return [one.report(introductions) for one in self.in_room(room_id)]

    def make_sure(self, room_id: RoomId) -> None:
        """Take note that the owner of a call has taken the census into account."""
        for member in self.in_room(room_id):
            member.unsure.clear()

    def hold(self, room: Room, change: Entered | Resumed) -> HeldMember:
        """Hold a member whose arrival was decided; one that is held already has come back."""
        member = self._members.get(change.peer_id)
        if member is None:
            record = MemberRecord(change.peer_id, change.seat, change.name, change.display_name)
            member = self._members[change.peer_id] = HeldMember(room, record)
            self._rooms.setdefault(room.room_id, {})[change.peer_id] = member
            if isinstance(change, Resumed):
                member.known = set(change.known)
        return member

    def drop(self, peer_id: PeerId) -> None:
        member = self._members.pop(peer_id, None)
        if member is not None:
            peers = self._rooms[member.room.room_id]
            del peers[peer_id]
            if not peers:
                del self._rooms[member.room.room_id]

    def note(self, change: Change) -> None:
        """Keep what a census has to say of a member from now on."""
        member = self._members.get(change.peer_id)
        if member is None:
            return
        record = member.record
        match change:
            case Lost(at=at):
                seat = msgspec.structs.replace(record.seat, away_since=at)
                member.record = msgspec.structs.replace(record, seat=seat)
            case Renamed(display_name=display_name):
                member.record = msgspec.structs.replace(record, display_name=display_name)
            case Recorded(recording=recording):
                member.record = msgspec.structs.replace(record, is_recording=recording)
            case Resumed(seat=seat, known=known):
                member.record = msgspec.structs.replace(record, seat=seat)
                member.known = set(known)
            case Left() | Entered() | ClaimExpired():
                pass
            case _:
                assert_never(change)
