"""Decide whether a person may enter a room's call, and whether there is room for one more participation."""

from dataclasses import dataclass

from parlour.accounts.identity import Identity
from parlour.calls.cluster.node import Node
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.presence import Away, Presence
from parlour.calls.refusals import RoomFull, TooManyParticipations
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.errors import Unavailable
from parlour.rooms.entities import Room
from parlour.rooms.service import RoomService


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Participations in a call at a time, over all people (each of theirs counts) and of one person."""

    people: int
    participations: int


@dataclass(frozen=True, slots=True)
class Permission:
    """`may_begin` is False while the database is unavailable: a participation may only be resumed then."""

    room: Room
    may_begin: bool


class RoomEntry:
    def __init__(
        self,
        presence: Presence,
        rooms: RoomService,
        authorization: DegradedAuthorization,
        node: Node,
        limits: CallLimits,
    ) -> None:
        self._presence = presence
        self._rooms = rooms
        self._authorization = authorization
        self._node = node
        self._limits = limits
        self._removals = 0

    def revoke(self) -> None:
        """Void permissions that were read from the database but not used yet: `permit` asks again."""
        self._removals += 1

    async def permit(self, identity: Identity, room: str) -> Permission:
        """Raises what rooms refuse, or Unavailable where another node decides who is in the call."""
        try:
            return Permission(await self._permitted(identity, room), may_begin=True)
        except DATABASE_UNAVAILABLE:
            remembered = self._authorization.room(identity, room)
            if remembered is None:
                raise
            return Permission(remembered, may_begin=False)

    async def _permitted(self, identity: Identity, room: str) -> Room:
        """Repeat the question if somebody was removed meanwhile: the answer may be older than the ban."""
        while True:
            removals = self._removals
            found = await self._rooms.enter(identity, room=room)
            owner = await self._node.owner_of(found.room_id)
            if removals == self._removals:
                break
        if owner != self._node.node_id:
            raise Unavailable  # two nodes that both decide who is in a call would miss each other's members
        return found

    def require_place(self, identity: Identity, room: Room) -> list[Away]:
        """Return participations of this person that give way: away, so perhaps never to be resumed.

        Raises TooManyParticipations or RoomFull.
        """
        here, away = self._presence.participations_of(identity.user_id, room.room_id)
        if here >= self._limits.participations:
            raise TooManyParticipations
        members = len(self._presence.call(room.room_id).members.names)
        surplus = max(here + len(away) + 1 - self._limits.participations, members + 1 - self._limits.people)
        if members + 1 - self._limits.people > len(away):
            raise RoomFull
        return away[: max(0, surplus)]

    def may_resume_unseen(self, identity: Identity, room: Room) -> bool:
        """Return whether this person may bring one more participation from before this server's start."""
        here, away = self._presence.participations_of(identity.user_id, room.room_id)
        return here + len(away) < self._limits.participations
