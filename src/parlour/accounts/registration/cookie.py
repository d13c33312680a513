"""The cookie by which a browser proves that it registered."""

import secrets
from datetime import timedelta

from fastapi import Request, Response

from parlour.accounts.cookies import (
    cookie_value,
)
from parlour.accounts.sessions.request_origin import cookie_header

SECRET_LENGTH = 43
"""Of 32 random bytes, as `secrets.token_urlsafe` writes them."""


class RegistrationCookie:
    """Tells a browser that registered from any other that opens the link; it lives as long as the link.

    A browser keeps one secret over several registrations, so that each of their links works there. The
    prefix, where https allows it, keeps neighbouring subdomains from planting theirs (RFC 6265bis); it asks
    for the path `/`, also where Parlour is served below another one.
    """

    def __init__(self, *, secure: bool, lifetime: timedelta, base_path: str = "") -> None:
        self._name = "__Host-parlour-registration" if secure else "parlour-registration"
        self._secure = secure
        self._path = "/" if secure else base_path or "/"
        self._lifetime = lifetime

    def of(self, request: Request) -> str | None:
        return cookie_value(cookie_header(request), self._name)

    def keep(self, request: Request, response: Response) -> str:
        """The browser's secret, made where it has none."""
        known = self.of(request)
        secret = known if known is not None and len(known) == SECRET_LENGTH else secrets.token_urlsafe(32)
        response.set_cookie(
            self._name,
            secret,
            max_age=max(1, round(self._lifetime.total_seconds())),
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return secret
