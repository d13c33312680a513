"""JWTs (RFC 7519): of access, refreshing, verification and visits. Pure: no clock, no storage."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import jwt

ALGORITHM = "HS256"
ISSUER = "parlour"

Purpose = Literal["client", "guest"]


class TokenRejected(Exception):
    """The token is forged, malformed or of another kind."""


class TokenExpired(TokenRejected):
    """The token is genuine, and its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """`username` is absent, and `guest_until` present, for a guest."""

    user_id: int
    email: str
    username: str | None
    guest_until: datetime | None
    family: str
    token_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """The nth token of a family; signing it again gives the same text."""

    family: str
    generation: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationToken:
    verification_id: str
    user_id: int
    purpose: Purpose
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitToken:
    """Whose visit of which call it is, and since when: what a server needs to know it again."""

    user_id: int
    room_id: int
    peer_id: str
    started_at: datetime
    issued_at: datetime
    expires_at: datetime


def token_hash(token: str) -> str:
    """What the database keeps of a token: SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenSigner:
    """Signs and reads tokens with one secret; `typ` keeps one kind from passing for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign_access(self, token: AccessToken) -> str:
        claims: dict[str, Any] = {
            "sub": str(token.user_id),
            "email": token.email,
            "sid": token.family,
            "jti": token.token_id,
        }
        if token.username is not None:
            claims["username"] = token.username
        if token.guest_until is not None:
            claims["guest_until"] = _epoch(token.guest_until)
        return self._sign("access", claims, token.issued_at, token.expires_at)

    def read_access(self, text: str, *, now: datetime) -> AccessToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("access", text, now)
        guest_until = claims.get("guest_until")
        return AccessToken(
            user_id=int(claims["sub"]),
            email=claims["email"],
            username=claims.get("username"),
            guest_until=None if guest_until is None else _moment(guest_until),
            family=claims["sid"],
            token_id=claims["jti"],
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def sign_refresh(self, token: RefreshToken) -> str:
        claims = {"sid": token.family, "gen": token.generation}
        return self._sign("refresh", claims, token.issued_at, token.expires_at)

    def read_refresh(self, text: str, *, now: datetime) -> RefreshToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("refresh", text, now)
        return RefreshToken(
            family=claims["sid"],
            generation=int(claims["gen"]),
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def sign_verification(self, token: VerificationToken) -> str:
        claims = {"sub": str(token.user_id), "jti": token.verification_id}
        return self._sign(f"verify-{token.purpose}", claims, token.issued_at, token.expires_at)

    def read_verification(self, text: str, *, purpose: Purpose, now: datetime) -> VerificationToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read(f"verify-{purpose}", text, now)
        return VerificationToken(
            verification_id=claims["jti"],
            user_id=int(claims["sub"]),
            purpose=purpose,
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def sign_visit(self, token: VisitToken) -> str:
        claims = {
            "sub": str(token.user_id),
            "room": token.room_id,
            "peer": token.peer_id,
            "start": token.started_at.timestamp(),
        }
        return self._sign("visit", claims, token.issued_at, token.expires_at)

    def read_visit(self, text: str, *, now: datetime) -> VisitToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("visit", text, now)
        return VisitToken(
            user_id=int(claims["sub"]),
            room_id=int(claims["room"]),
            peer_id=claims["peer"],
            started_at=_moment(claims["start"]),
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def _sign(self, kind: str, claims: dict[str, Any], issued_at: datetime, expires_at: datetime) -> str:
        registered = {"iss": ISSUER, "typ": kind, "iat": _epoch(issued_at), "exp": _epoch(expires_at)}
        return jwt.encode(claims | registered, self._secret, algorithm=ALGORITHM)

    def _read(self, kind: str, text: str, now: datetime) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "iat", "typ"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenRejected from error
        if claims["typ"] != kind:
            raise TokenRejected
        if claims["exp"] <= now.timestamp():
            raise TokenExpired
        return claims


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
