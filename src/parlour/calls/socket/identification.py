"""Identify the person behind a CONNECT by the token in its `auth` or by the cookie of its handshake."""

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
    """An identity and its proof. `by_cookie` is True for existing clients, which have no token."""

    identity: Identity
    by_cookie: bool


class ConnectIdentification:
    """Verifies tokens and cookies in the database; while that is unavailable, tokens of members in a call."""

    def __init__(
        self, *, sessions: LoginSessions, origins: Origins, authorization: DegradedAuthorization
    ) -> None:
        self._sessions = sessions
        self._origins = origins
        self._authorization = authorization

    async def identify(self, handshake: Handshake, auth: dict[str, object] | None) -> Identified | None:
        """Return None if there is neither a token nor a usable cookie. Raises the refusal of an invalid
        token.
        """
        token = _token(auth)
        if token is not None:
            return Identified(await self._by_token(token), by_cookie=False)
        identity = await self._by_cookie(handshake)
        return None if identity is None else Identified(identity, by_cookie=True)

    def recent(self, auth: dict[str, object] | None) -> Identity | None:
        """Return the identity of a token whose session was read a moment ago, None if that has to be asked.

        Raises the refusal of an invalid token.
        """
        token = _token(auth)
        return None if token is None else self._sessions.recent(*self._sessions.claimed(token))

    async def _by_token(self, token: str) -> Identity:
        """Identify by an access token; while the database is unavailable, only members of a call (see
        DegradedAuthorization).
        """
        claimed = self._sessions.claimed(token)
        try:
            return await self._sessions.confirm(*claimed)
        except DATABASE_UNAVAILABLE:
            known = self._authorization.identity(*claimed)
            if known is None:
                raise
            return known

    async def _by_cookie(self, handshake: Handshake) -> Identity | None:
        """Return None if there is no cookie, or if the page's origin may not use it (cross-site WebSocket
        hijacking).
        """
        cookie = session_token(handshake.cookie)
        if cookie is None or not self._origins.allows(
            origin=handshake.origin, fetch_site=handshake.fetch_site
        ):
            return None
        return await self._sessions.identify_refresh(cookie)


def _token(auth: object) -> str | None:
    """Return the token, None if there is none. Raises InvalidToken for an `auth` that is no ConnectAuth."""
    if auth is None:
        return None
    try:
        return msgspec.convert(auth, ConnectAuth).token or None
    except msgspec.ValidationError as error:
        raise InvalidToken from error
