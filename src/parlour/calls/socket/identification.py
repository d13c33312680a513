"""Identify the person behind a CONNECT: by the token in its `auth`, or the cookie of its handshake."""

from dataclasses import dataclass

import msgspec

from parlour.accounts.cookies import session_token
from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Origins
from parlour.accounts.sessions.service import LoginSessions
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.engine import Handshake
from parlour.errors import InvalidToken
from parlour.wire.signaling import ConnectAuth


@dataclass(frozen=True, slots=True)
class Identified:
    """`by_cookie` is true for existing clients, which have no token."""

    identity: Identity
    by_cookie: bool


class ConnectIdentification:
    def __init__(
        self, *, sessions: LoginSessions, origins: Origins, authorization: DegradedAuthorization
    ) -> None:
        self._sessions = sessions
        self._origins = origins
        self._authorization = authorization

    async def identify(self, handshake: Handshake, auth: dict[str, object] | None) -> Identified | None:
        """Return None where nothing identifies anybody. Raises the refusal of a token that is not valid."""
        token = _token(auth)
        if token is not None:
            return Identified(await self._by_token(token), by_cookie=False)
        identity = await self._by_cookie(handshake)
        return None if identity is None else Identified(identity, by_cookie=True)

    async def _by_token(self, token: str) -> Identity:
        """Let a member of a call come back to it though the database is unavailable."""
        try:
            return await self._sessions.identify_access(token)
        except DATABASE_UNAVAILABLE:
            known = self._authorization.identity(*self._sessions.claimed(token))
            if known is None:
                raise
            return known

    async def _by_cookie(self, handshake: Handshake) -> Identity | None:
        """Return None without a cookie, or where it comes from a site that may not use it."""
        cookie = session_token(handshake.cookie)
        if cookie is None or not self._origins.allows(
            origin=handshake.origin, fetch_site=handshake.fetch_site
        ):
            return None
        return await self._sessions.identify_refresh(cookie)


def _token(auth: object) -> str | None:
    """Raises InvalidToken for an `auth` that is no ConnectAuth."""
    if auth is None:
        return None
    try:
        return msgspec.convert(auth, ConnectAuth).token or None
    except msgspec.ValidationError as error:
        raise InvalidToken from error
