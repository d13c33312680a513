"""Access tokens of LiveKit (https://docs.livekit.io/home/get-started/authentication): signed, and read. Pure.

Those that Parlour signs cost some 10 µs, and as much when they come back; LiveKit's library takes ten times
that, and a call of 300 people that moves needs 300 of them at once. LiveKit renews the token of who is
connected, with another header: those are PyJWT's.
"""

from base64 import b64encode
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

import jwt

from parlour.accounts.hs256 import ALGORITHM, Hs256
from parlour.sfu_link import LONGEST_SFU_ROOM, SfuRights, SfuToken
from parlour.wire.signaling import PeerId

TOKEN_SECONDS = 60
"""The time within which one has to connect."""
_SKEW_SECONDS = 10
"""What the clocks of two nodes may differ by."""
_SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")


@dataclass(frozen=True, slots=True)
class SfuVisitor:
    """Who may enter which room on an SFU."""

    room: str
    peer_id: PeerId


class SfuTokens:
    """Signs and reads the tokens of one key of an SFU."""

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret
        self._own = Hs256(secret, key_id=key)

    def sign(self, visitor: SfuVisitor, rights: SfuRights, now: float) -> SfuToken:
        expires = int(now) + TOKEN_SECONDS
        grants = {
            "roomJoin": True,
            "room": visitor.room,
            "canPublish": rights.publishes,
            "canPublishSources": list(_SOURCES) if rights.publishes else [],
            "canPublishData": rights.sends_data,
            "canSubscribe": rights.subscribes,
            "canUpdateOwnMetadata": False,
        }
        claims = {"iss": self._key, "sub": visitor.peer_id, "exp": expires, "video": grants}
        return SfuToken(self._own.sign(claims), expires)

    def read(self, text: str, now: float) -> SfuVisitor | None:
        """Return who may enter where, None if this token lets nobody in."""
        claims = self._genuine(text, now)
        grants, peer_id = claims.get("video"), claims.get("sub")
        if not isinstance(grants, dict) or grants.get("roomJoin") is not True or not isinstance(peer_id, str):
            return None
        room = grants.get("room")
        if not isinstance(room, str) or not 0 < len(room) <= LONGEST_SFU_ROOM:
            return None
        return SfuVisitor(room, PeerId(peer_id))

    def signs_content(self, text: str, digest: bytes, now: float) -> bool:
        """Return True for a token of LiveKit's that is about content of this SHA-256."""
        said = self._genuine(text, now).get("sha256")
        return isinstance(said, str) and compare_digest(said.encode(), b64encode(digest))

    def _genuine(self, text: str, now: float) -> dict[str, Any]:
        """Return the claims of a token of this key that is valid now; they are empty otherwise."""
        claims = self._own.claims(text) or self._claims_of_livekit(text)
        expires, begins = claims.get("exp"), claims.get("nbf", 0)
        is_valid = (
            claims.get("iss") == self._key
            and isinstance(expires, (int, float))
            and isinstance(begins, (int, float))
            and begins - _SKEW_SECONDS <= now <= expires + _SKEW_SECONDS
        )
        return claims if is_valid else {}

    def _claims_of_livekit(self, text: str) -> dict[str, Any]:
        """Return the claims of a genuine token; its times are yet to be checked. They are empty otherwise."""
        unchecked = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        try:
            return dict(jwt.decode(text, self._secret, algorithms=[ALGORITHM], options=unchecked))  # type: ignore[arg-type]
        except jwt.PyJWTError:
            return {}
