"""JWTs (RFC 7519) for access, refresh, verification, resuming calls, devices. Pure: no clock or storage."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import jwt

from parlour.accounts.hs256 import ALGORITHM, Hs256

ISSUER = "parlour"
REMEMBERED = 4_096
"""The bound of the cache of verified tokens (FIFO eviction)."""
AUDIENCE = "parlour"
"""Parlour signs for itself alone: a token with any other audience is rejected (RFC 8725, section 3.9)."""

Purpose = Literal["guest", "password", "email", "stop_email"]
"""The purpose of an account's mailed link: confirm a guest, choose a new password, confirm a new email, or
stop that change; a `stop_email` token carries the id of the verification that it stops.
"""


_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


class TokenRejected(Exception):
    """The token is forged, malformed or of another kind."""


class TokenExpired(TokenRejected):
    """The token is genuine but expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """The claims of an access token; a guest's has `guest_until` and no `username`."""

    user_id: int
    email: str
    username: str | None
    guest_until: datetime | None
    family: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """The nth token of a family (RFC 9700, section 4.14.2); signing is deterministic."""

    family: str
    generation: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationToken:
    """The claims of a mailed link to an account."""

    verification_id: str
    user_id: int
    purpose: Purpose
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationToken:
    """The claims of the link that confirms a registration, which has no account yet."""

    registration_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitToken:
    """The claims of a resume token: the user, room, peer, start and node of a participation in a call."""

    user_id: int
    room_id: int
    peer_id: str
    started_at: datetime
    issued_at: datetime
    expires_at: datetime
    node: str = ""
    """The node of the cluster that holds the participation, "" if that was not said."""
    resets: int = 0
    """The number of times that the participation has begun to count its messages anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceToken:
    """The claims of a known device: a digest of each account's password hash, by user id.

    The account that logged in last comes last.
    """

    device_id: str
    accounts: dict[int, str]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationToken:
    """The claims of the link in an invitation's mail: it proves access to the invited mailbox."""

    room_id: int
    email: str
    issued_at: datetime
    expires_at: datetime


def token_hash(token: str) -> str:
    """Return the form of a token that the database stores: SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenSigner:
    """Signs and verifies tokens; the claim `typ` keeps a token from being accepted as another kind.

    The header's `kid` names the secret, so that tokens signed with an old secret can still be verified.
    """

    def __init__(self, secret: str, old_secrets: Sequence[str] = ()) -> None:
        self._kid = key_id(secret)
        self._keys = {key_id(text): _key(text) for text in (*old_secrets, secret)}
        self._signatures = {key_id(text): Hs256(text, key_id=key_id(text)) for text in (*old_secrets, secret)}
        self._verified: dict[str, dict[str, Any]] = {}

    def sign_access(self, token: AccessToken) -> str:
        claims: dict[str, Any] = {
            "sub": str(token.user_id),
            "email": token.email,
            "sid": token.family,
            "jti": token.token_id,
        }
        if token.username is not None:
            claims["username"] = token.username
        if token.display_name is not None:
            claims["name"] = token.display_name  # as OpenID Connect calls it
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
            display_name=claims.get("name"),
            guest_until=None if guest_until is None else _moment(guest_until),
            family=claims["sid"],
            token_id=claims["jti"],
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def sign_refresh(self, token: RefreshToken) -> str:
        return self._sign_refresh(token, self._kid)

    def sign_refresh_again(self, token: RefreshToken, *, hashed: str) -> str | None:
        """Re-create the token text with that hash by trying all secrets; None if no secret yields it.

        The database stores only the hash, but two concurrent refreshes must be answered by the same token.
        """
        for kid in self._keys:
            text = self._sign_refresh(token, kid)
            if secrets.compare_digest(token_hash(text), hashed):
                return text
        return None

    def _sign_refresh(self, token: RefreshToken, kid: str) -> str:
        claims = {"sid": token.family, "gen": token.generation, "jti": f"{token.family}.{token.generation}"}
        return self._sign("refresh", claims, token.issued_at, token.expires_at, kid=kid)

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

    def sign_registration(self, token: RegistrationToken) -> str:
        return self._sign("verify-client", {"jti": token.registration_id}, token.issued_at, token.expires_at)

    def read_registration(self, text: str, *, now: datetime) -> RegistrationToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("verify-client", text, now)
        return RegistrationToken(
            registration_id=claims["jti"],
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def sign_invitation(self, token: InvitationToken) -> str:
        claims = {"jti": str(token.room_id), "email": token.email}
        return self._sign("invitation", claims, token.issued_at, token.expires_at)

    def read_invitation(self, text: str, *, now: datetime) -> InvitationToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("invitation", text, now)
        return InvitationToken(
            room_id=int(claims["jti"]),
            email=claims["email"],
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def read_link(self, text: str) -> RegistrationToken | VerificationToken:
        """Verify a mailed link of any purpose, expired links included. Raises TokenRejected."""
        claims = self._verified.get(text) or self._verify(text)
        times = {"issued_at": _moment(claims["iat"]), "expires_at": _moment(claims["exp"])}
        if claims["typ"] == "verify-client":
            return RegistrationToken(registration_id=claims["jti"], **times)
        for purpose in _PURPOSES:
            if claims["typ"] == f"verify-{purpose}":
                return VerificationToken(
                    verification_id=claims["jti"], user_id=int(claims["sub"]), purpose=purpose, **times
                )
        raise TokenRejected

    def sign_visit(self, token: VisitToken) -> str:
        claims = {
            "sub": str(token.user_id),
            "room": token.room_id,
            "jti": token.peer_id,
            "start": token.started_at.timestamp(),
        }
        if token.node:
            claims["node"] = token.node
        if token.resets:
            claims["resets"] = token.resets
        return self._sign("visit", claims, token.issued_at, token.expires_at)

    def read_visit(self, text: str, *, now: datetime) -> VisitToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("visit", text, now)
        return VisitToken(
            user_id=int(claims["sub"]),
            room_id=int(claims["room"]),
            peer_id=claims["jti"],
            started_at=_moment(claims["start"]),
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
            node=claims.get("node", ""),
            resets=int(claims.get("resets", 0)),
        )

    def sign_device(self, token: DeviceToken) -> str:
        accounts = [[user_id, digest] for user_id, digest in token.accounts.items()]
        claims = {"jti": token.device_id, "known": accounts}
        return self._sign("device", claims, token.issued_at, token.expires_at)

    def read_device(self, text: str, *, now: datetime) -> DeviceToken:
        """Raises TokenRejected or TokenExpired."""
        claims = self._read("device", text, now)
        return DeviceToken(
            device_id=claims["jti"],
            accounts={int(user_id): digest for user_id, digest in claims["known"]},
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )

    def _sign(
        self,
        kind: str,
        claims: dict[str, Any],
        issued_at: datetime,
        expires_at: datetime,
        *,
        kid: str | None = None,
    ) -> str:
        registered = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": kind,
            "iat": _epoch(issued_at),
            "exp": _epoch(expires_at),
        }
        return self._signatures[kid or self._kid].sign(claims | registered)

    def _read(self, kind: str, text: str, now: datetime) -> dict[str, Any]:
        claims = self._verified.get(text) or self._verify(text)
        if claims["typ"] != kind:
            raise TokenRejected
        if claims["exp"] <= now.timestamp():
            raise TokenExpired
        return claims

    def _verify(self, text: str) -> dict[str, Any]:
        """Check the signature and all claims but expiry; cache the result, since clients repeat tokens."""
        claims = self._signatures[self._kid].claims(text)
        if claims is None or not _are_usual(claims):
            claims = self._verify_by_library(text)
        if len(self._verified) >= REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[text] = claims
        return claims

    def _verify_by_library(self, text: str) -> dict[str, Any]:
        """Verify any token, of old secrets too, whatever its header and claims. Raises TokenRejected."""
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                self._key_of(text),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={
                    "require": ["exp", "iat", "typ", "jti", "aud"],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenRejected from error
        return claims

    def _key_of(self, text: str) -> jwt.PyJWK:
        """Return the key that the header's `kid` names; the current key if there is no `kid`."""
        kid = jwt.get_unverified_header(text).get("kid", self._kid)
        key = self._keys.get(kid)
        if key is None:
            raise TokenRejected
        return key


def _are_usual(claims: dict[str, Any]) -> bool:
    """True if the claims are those of a token that PyJWT accepts, and none is there that it would judge.

    False says nothing about the token: PyJWT accepts more, such as times that are no integers.
    """
    return (
        claims.get("iss") == ISSUER
        and claims.get("aud") == AUDIENCE
        and type(claims.get("exp")) is int
        and type(claims.get("iat")) is int
        and isinstance(claims.get("typ"), str)
        and isinstance(claims.get("jti"), str)
        and isinstance(claims.get("sub", ""), str)
        and "nbf" not in claims
    )


def _key(secret: str) -> jwt.PyJWK:
    """Prepare a secret as a JWK once; given a string, PyJWT would check for a PEM file for each token."""
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": encoded, "alg": ALGORITHM})


def key_id(secret: str) -> str:
    """Return a name for a secret that reveals nothing about the secret (truncated HMAC-SHA-256)."""
    digest = hmac.digest(secret.encode(), b"parlour key id", "sha256")
    return base64.urlsafe_b64encode(digest[:9]).decode()


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
