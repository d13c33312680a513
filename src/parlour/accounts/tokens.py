"""JWTs (RFC 7519): of access, refreshing, verification, visits and devices. Pure: no clock, no storage."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import jwt

ALGORITHM = "HS256"
ISSUER = "parlour"
REMEMBERED = 4_096
"""Tokens whose signature was verified lately; the oldest gives way."""
AUDIENCE = "parlour"
"""Parlour signs for itself alone: signed for anybody else, it is no token here (RFC 8725, section 3.9)."""

Purpose = Literal["guest", "password", "email", "stop_email"]
"""What the link to an account is for: confirm a guest, choose a new password, confirm a new email, or stop
that change; a `stop_email` token carries the id of the verification that it stops.
"""


_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


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
    display_name: str | None = None


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
class RegistrationToken:
    """The link that confirms a registration: there is no account yet."""

    registration_id: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceToken:
    """A browser, and the accounts that logged in there: the digest of each one's password hash, by user id.

    The account that logged in last comes last.
    """

    device_id: str
    accounts: dict[int, str]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationToken:
    """The link of an invitation to a room, as the mailbox of the invited address got it."""

    room_id: int
    email: str
    issued_at: datetime
    expires_at: datetime


def token_hash(token: str) -> str:
    """What the database keeps of a token: SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


class TokenSigner:
    """Signs tokens with one secret; `typ` keeps one kind from passing for another.

    What was signed with an old secret can still be read. The header's `kid` says which secret it was.
    """

    def __init__(self, secret: str, old_secrets: Sequence[str] = ()) -> None:
        self._kid = key_id(secret)
        self._keys = {key_id(one): _key(one) for one in (*old_secrets, secret)}
        self._verified: dict[str, dict[str, Any]] = {}
        signed = jwt.encode({}, self._keys[self._kid], algorithm=ALGORITHM, headers={"kid": self._kid})
        self._head = signed.partition(".")[0] + "."

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
        """The text of that hash, whichever secret signed it; None where no secret makes it."""
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
        """The token of a mailed link, whatever it is for, and also one whose time is over.

        Raises TokenRejected.
        """
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
        )

    def sign_device(self, token: DeviceToken) -> str:
        known = [[user_id, digest] for user_id, digest in token.accounts.items()]
        claims = {"jti": token.device_id, "known": known}
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
        kid = kid or self._kid
        registered = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": kind,
            "iat": _epoch(issued_at),
            "exp": _epoch(expires_at),
        }
        return jwt.encode(claims | registered, self._keys[kid], algorithm=ALGORITHM, headers={"kid": kid})

    def _read(self, kind: str, text: str, now: datetime) -> dict[str, Any]:
        claims = self._verified.get(text) or self._verify(text)
        if claims["typ"] != kind:
            raise TokenRejected
        if claims["exp"] <= now.timestamp():
            raise TokenExpired
        return claims

    def _verify(self, text: str) -> dict[str, Any]:
        """The signature and whatever else time does not change. Clients show one token often: remembered."""
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
        if len(self._verified) >= REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[text] = claims
        return claims

    def _key_of(self, text: str) -> jwt.PyJWK:
        """The key that the header names; the present one where it names none."""
        if text.startswith(self._head):
            return self._keys[self._kid]
        kid = jwt.get_unverified_header(text).get("kid", self._kid)
        key = self._keys.get(kid)
        if key is None:
            raise TokenRejected
        return key


def _key(secret: str) -> jwt.PyJWK:
    """As a JWK it is made ready once; of a text PyJWT asks for each token whether it is a PEM file."""
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": encoded, "alg": ALGORITHM})


def key_id(secret: str) -> str:
    """A name for a secret that tells nothing of it."""
    digest = hmac.digest(secret.encode(), b"parlour key id", "sha256")
    return base64.urlsafe_b64encode(digest[:9]).decode()


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
