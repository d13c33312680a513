"""Decide whether a person may enter a room's call, and whether the call has place for them."""

from dataclasses import dataclass
from typing import Protocol

from parlour.accounts.identity import Identity, UserId
from parlour.calls.call_replica import CallLimits
from parlour.calls.cluster.node import Node
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.errors import Unavailable
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.service import RoomService
from parlour.wire.signaling import PeerId


@dataclass(frozen=True, slots=True)
class Permission:
    """A room that a person may enter. `may_begin` is False while the database is unavailable: a participation
    may only be resumed then.
    """

    room: Room
    may_begin: bool


class ChatFollower(Protocol):
    """Keeps the order of chats among several nodes (`chat.delivery`)."""

    def follows(self, room_id: RoomId, /) -> bool: ...

    async def follow(self, room: Room, /) -> None: ...


class RoomEntry:
    """Check the rights in the database and the limits in the call. A removal between the two voids a
    permission (see `revoke`).
    """

    def __init__(
        self,
        calls: OngoingCalls,
        rooms: RoomService,
        authorization: DegradedAuthorization,
        node: Node,
        limits: CallLimits,
        chats: ChatFollower | None = None,
    ) -> None:
        """`chats` is None for a node without others."""
        self._calls = calls
        self._rooms = rooms
        self._authorization = authorization
        self._node = node
        self._limits = limits
        self._chats = chats
        self._removals = 0

    def revoke(self) -> None:
        """Void what the database said a moment ago, also to a query of `permit` that is under way: it asks
        again, since the answer may be older than the removal.
        """
        self._removals += 1
        self._rooms.forget_rights()

    def forget(self, user_id: UserId) -> None:
        """Void what the database said about a person whose account has changed."""
        self._rooms.forget_rights(user_id)

    def permit_now(self, identity: Identity, room: str) -> Permission | None:
        """Do as `permit`, or return None if the database or another node has to be asked."""
        found = self._rooms.entered_lately(identity, room=room)
        if found is None or not self._node.owns(found.room_id):
            return None
        if self._chats is not None and not self._chats.follows(found.room_id):
            return None
        return Permission(found, may_begin=True)

    async def permit(self, identity: Identity, room: str, *, prepares: bool = False) -> Permission:
        """Ask the database unless it said so a moment ago, or presence while the database is unavailable.

        With `prepares` the answer counts for the person's next join, if that comes soon. Raises the refusals
        of rooms, and Unavailable if another node owns the call.
        """
        try:
            return Permission(await self._permitted(identity, room, prepares=prepares), may_begin=True)
        except DATABASE_UNAVAILABLE:
            remembered = self._authorization.room(identity, room)
            if remembered is None:
                raise
            return Permission(remembered, may_begin=False)

    async def _permitted(self, identity: Identity, room: str, *, prepares: bool) -> Room:
        """Repeat the query if a person was removed meanwhile: its result may be older than the ban."""
        while True:
            removals = self._removals
            lately = self._rooms.entered_lately(identity, room=room)
            found = lately or await self._rooms.enter(identity, room=room, prepares=prepares)
            if self._chats is not None:
                await self._chats.follow(found)
            owner = await self._node.owner_of(found.room_id)
            if removals == self._removals:
                break
        if owner != self._node.node_id:
            raise Unavailable  # if two nodes owned the same call, each would miss members of the other
        return found

    def require_place(self, identity: Identity, room: Room) -> list[PeerId]:
        """Return the away participations of this person that must end before a new one begins.

        They give way because they may never be resumed. Raises TooManyParticipations or RoomFull.
        """
        return self._calls.giving_way_to(identity.user_id, room, self._limits)

    def may_resume_unseen(self, identity: Identity, room: Room) -> bool:
        """Return True if the person's limit has place for a participation from before this process
        started.
        """
        call = self._calls.replica(room.room_id)
        return call is None or call.count_of(identity.user_id) < self._limits.participations
