"""While the database is unavailable, members of a call may rejoin *that* call from memory.

Other people are not let in, and members enter no other room. Each decision from memory is checked against the
database once that is back.
"""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.accounts.sessions.service import LoginSessions
from parlour.calls.presence import Participation, Presence
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.rooms.service import RoomService

RETRY_SECONDS = 2.0

log = structlog.get_logger("parlour.calls")


class DegradedAuthorization:
    """Decide from presence, and note each decision for `confirm_next`: the session or the right to be in the
    room may have ended since.
    """

    def __init__(self, *, presence: Presence, sessions: LoginSessions, rooms: RoomService) -> None:
        self._presence = presence
        self._sessions = sessions
        self._rooms = rooms
        self._unasked: dict[tuple[UserId, SessionId], Identity] = {}
        self._is_needed = asyncio.Event()

    def identity(self, user_id: UserId, session: SessionId) -> Identity | None:
        """Return the identity of a person who is in a call, or away from a call, through this session."""
        for identity, _ in self._participations_of(user_id):
            if identity.session == session:
                self._note(identity, session)
                return identity
        return None

    def room(self, identity: Identity, name: str) -> Room | None:
        """Return the room of that name if this person is in its call or away from it, else None."""
        for _, participation in self._participations_of(identity.user_id):
            if participation.room.is_called(name) and identity.session is not None:
                self._note(identity, identity.session)
                return participation.room
        return None

    async def confirm_next(
        self, over: Callable[[Identity, Refusal], None], out: Callable[[Identity, Room, Refusal], None]
    ) -> None:
        """Wait until decisions were made from memory, then ask the database about each of them.

        `over` is called for a session that has ended, `out` for a person who may no longer be in a room.
        Raises the database's error while it is still unavailable; the decisions stay noted.
        """
        await self._is_needed.wait()
        await asyncio.sleep(RETRY_SECONDS)
        for (user_id, session), identity in list(self._unasked.items()):
            await self._ask(user_id, session, identity, over, out)
            del self._unasked[user_id, session]
            log.info("trust.checked")
        if not self._unasked:
            self._is_needed.clear()

    async def _ask(
        self,
        user_id: UserId,
        session: SessionId,
        identity: Identity,
        over: Callable[[Identity, Refusal], None],
        out: Callable[[Identity, Room, Refusal], None],
    ) -> None:
        try:
            await self._sessions.confirm(user_id, session)
        except Refusal as refusal:
            over(identity, refusal)
            return
        for room in [participation.room for _, participation in self._participations_of(user_id)]:
            try:
                await self._rooms.enter(identity, room=room.name)
            except Refusal as refusal:
                out(identity, room, refusal)

    def _note(self, identity: Identity, session: SessionId) -> None:
        self._unasked[identity.user_id, session] = identity
        self._is_needed.set()

    def _participations_of(self, user_id: UserId) -> Iterator[tuple[Identity, Participation]]:
        for connection in self._presence.connections_of(user_id):
            if isinstance(connection.state, Participation):
                yield connection.identity, connection.state
        for away in self._presence.away_of(user_id):
            yield away.identity, away.participation
