"""Decide whether a person may enter a room's call."""

from dataclasses import dataclass
from typing import Protocol

from parlour.accounts.identity import Identity, UserId
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.service import RoomService


@dataclass(frozen=True, slots=True)
class Permission:
    """A room that a person may enter. `may_begin` is False while the database is unavailable: a participation
    may only be resumed then.
    """

    room: Room
    may_begin: bool
    removals: int = 0
    """The removals of people that it takes into account."""


class PermissionRevoked(Exception):
    """A person was removed from some call since a permission was given: it has to be asked for again."""


class ChatFollower(Protocol):
    """Keeps the order of chats among several nodes (`chat.delivery`)."""

    def follows(self, room_id: RoomId, /) -> bool: ...

    async def follow(self, room: Room, /) -> None: ...


class RoomEntry:
    """Check the rights in the database. A removal after that voids a permission (see `revoke`)."""

    def __init__(
        self,
        rooms: RoomService,
        authorization: DegradedAuthorization,
        chats: ChatFollower | None = None,
    ) -> None:
        """`chats` is None for a node without others."""
        self._rooms = rooms
        self._authorization = authorization
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

    def is_current(self, permission: Permission) -> bool:
        return permission.removals == self._removals

    def permit_now(self, identity: Identity, room: str) -> Permission | None:
        """Do as `permit`, or return None if the database has to be asked."""
        found = self._rooms.entered_lately(identity, room=room)
        if found is None:
            return None
        if self._chats is not None and not self._chats.follows(found.room_id):
            return None
        return Permission(found, may_begin=True, removals=self._removals)

    async def permit(self, identity: Identity, room: str, *, prepares: bool = False) -> Permission:
        """Ask the database unless it said so a moment ago, or presence while the database is unavailable.

        With `prepares` the answer counts for the person's next join, if that comes soon. Raises the refusals
        of rooms.
        """
        try:
            found = await self._permitted(identity, room, prepares=prepares)
            return Permission(found, may_begin=True, removals=self._removals)
        except DATABASE_UNAVAILABLE:
            remembered = self._authorization.room(identity, room)
            if remembered is None:
                raise
            return Permission(remembered, may_begin=False, removals=self._removals)

    async def _permitted(self, identity: Identity, room: str, *, prepares: bool) -> Room:
        """Repeat the query if a person was removed meanwhile: its result may be older than the ban."""
        while True:
            removals = self._removals
            lately = self._rooms.entered_lately(identity, room=room)
            found = lately or await self._rooms.enter(identity, room=room, prepares=prepares)
            if self._chats is not None:
                await self._chats.follow(found)
            if removals == self._removals:
                return found
