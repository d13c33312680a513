"""The tokens of visits: signed, so that any server with the secret knows a visit again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from parlour.accounts.identity import Identity
from parlour.accounts.tokens import TokenRejected, TokenSigner, VisitToken
from parlour.rooms.entities import Room
from parlour.wire.signaling import PeerId

LIFETIME = timedelta(hours=12)
RETURN_WITHIN = timedelta(minutes=2)
"""How long after its start a server takes up visits that it never saw: those of the one before it."""


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
        """None for a token that is not this person's for this room."""
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
        """Of a visit from before this server's start, nothing else would say later that it is over."""
        if self._may_be_of_before(participation):
            self._ended.add(participation.peer_id)

    def may_return(self, participation: ResumeToken) -> bool:
        """Whether a visit that is not here now may be one that the server before this one had."""
        return self._may_be_of_before(participation) and participation.peer_id not in self._ended

    def _may_be_of_before(self, participation: ResumeToken) -> bool:
        return participation.started_at < self._up_since and self._clock() - self._up_since <= RETURN_WITHIN
