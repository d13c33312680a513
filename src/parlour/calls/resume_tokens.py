"""Signed tokens of participations: any process with the secret recognizes a participation by its token."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from parlour.accounts.identity import Identity
from parlour.accounts.tokens import TokenRejected, TokenSigner, VisitToken
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId

LIFETIME = timedelta(hours=12)
RETURN_WITHIN = timedelta(minutes=2)
"""The time after its start in which a process accepts participations that began before it."""


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """The claims of a resume token that was verified for a person and a room."""

    peer_id: PeerId
    started_at: datetime
    node: NodeId | None = None
    """The node that held the participation when the token was signed."""
    resets: int = 0
    """The number of times that it had begun to count its messages anew by then (see `ReplayBuffer`)."""
    issued_at: datetime | None = None
    """The moment at which the token was signed; None for one that is yet to be."""


class ResumeTokens:
    """Sign and verify resume tokens."""

    def __init__(self, signer: TokenSigner, *, clock: Callable[[], datetime], grace: int) -> None:
        """`grace` counts the seconds for which a participation outlives its connection."""
        self._signer = signer
        self._clock = clock
        self.grace = grace
        self._up_since = clock()

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
                node=participation.node or "",
                resets=participation.resets,
            )
        )

    def read(self, text: str | None, identity: Identity, room: Room) -> ResumeToken | None:
        """Verify a token. Return None if it is missing, invalid, or of another person or room."""
        found = None if text is None else self.read_of_any_room(text, identity)
        return found[1] if found is not None and found[0] == room.room_id else None

    def read_of_any_room(self, text: str, identity: Identity) -> tuple[RoomId, ResumeToken] | None:
        """Verify a token. Return None if it is invalid or of another person."""
        try:
            token = self._signer.read_visit(text, now=self._clock())
        except TokenRejected:
            return None
        if token.user_id != identity.user_id:
            return None
        return RoomId(token.room_id), ResumeToken(
            PeerId(token.peer_id),
            token.started_at,
            NodeId(token.node) if token.node else None,
            token.resets,
            token.issued_at,
        )

    def may_return(self, participation: ResumeToken) -> bool:
        """Return True if a participation that is unknown here may have begun before this process started."""
        return participation.started_at < self._up_since and self._clock() - self._up_since <= RETURN_WITHIN
