"""Signed tokens of participations, by which any server with the secret recognizes a participation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from parlour.accounts.identity import Identity
from parlour.accounts.tokens import TokenRejected, TokenSigner, VisitToken
from parlour.rooms.entities import Room
from parlour.wire.signaling import PeerId

LIFETIME = timedelta(hours=12)
RETURN_WITHIN = timedelta(minutes=2)
"""For so long after its start, a server accepts participations of the server before it."""


@dataclass(frozen=True, slots=True)
class ResumeToken:
    peer_id: PeerId
    started_at: datetime


class ResumeTokens:
    def __init__(self, signer: TokenSigner, *, clock: Callable[[], datetime], grace: int) -> None:
        """`grace` is how many seconds a participation outlives its connection."""
        self._signer = signer
        self._clock = clock
        self.grace = grace
        self._up_since = clock()
        self._ended: set[PeerId] = set()

    def now(self) -> datetime:
        return self._clock()

    def sign(self, identity: Identity, room: Room, participation: ResumeToken) -> str:
        now = self._clock()
        return self._signer.sign_visit(
            VisitToken(
                user_id=identity.user_id,
                room_id=room.room_id,
                peer_id=participation.peer_id,
                started_at=participation.started_at,
                issued_at=now,
                expires_at=now + LIFETIME,
            )
        )

    def read(self, text: str | None, identity: Identity, room: Room) -> ResumeToken | None:
        """Return None for a token that is not this person's for this room."""
        if text is None:
            return None
        try:
            token = self._signer.read_visit(text, now=self._clock())
        except TokenRejected:
            return None
        if token.user_id != identity.user_id or token.room_id != room.room_id:
            return None
        return ResumeToken(PeerId(token.peer_id), token.started_at)

    def ended(self, participation: ResumeToken) -> None:
        """Remember that this participation ended: it began before this process, so no state here would
        otherwise reject its resume token.
        """
        if self._may_be_of_before(participation):
            self._ended.add(participation.peer_id)

    def may_return(self, participation: ResumeToken) -> bool:
        """Return whether a participation that is unknown here may be one of the server before this."""
        return self._may_be_of_before(participation) and participation.peer_id not in self._ended

    def _may_be_of_before(self, participation: ResumeToken) -> bool:
        return participation.started_at < self._up_since and self._clock() - self._up_since <= RETURN_WITHIN
