"""The cookie that proves to be the browser that registered."""

import secrets
from datetime import timedelta

from fastapi import Request, Response

from parlour.accounts.cookies import (
    cookie_value,
)
from parlour.accounts.sessions.request_source import cookie_header

SECRET_LENGTH = 43
"""The length of 32 random bytes as `secrets.token_urlsafe` encodes them."""


class RegistrationCookie:
    """A secret cookie that distinguishes the browser that registered; it lives as long as the mailed link.

    A browser keeps its secret over several registrations, so that the link of each works there. Over https
    the prefix `__Host-` keeps sibling subdomains from planting a cookie (RFC 6265bis); the prefix requires
    the path `/`, even if Parlour is served below another path.
    """

    def __init__(self, *, secure: bool, lifetime: timedelta, base_path: str = "") -> None:
        self._name = "__Host-parlour-registration" if secure else "parlour-registration"
        self._secure = secure
        self._path = "/" if secure else base_path or "/"
        self._lifetime = lifetime

    def read(self, request: Request) -> str | None:
        return cookie_value(cookie_header(request), self._name)

    def ensure(self, request: Request, response: Response) -> str:
        """Return the browser's secret, creating it if missing; set the cookie anew in either case."""
        sent = self.read(request)
        secret = sent if sent is not None and len(sent) == SECRET_LENGTH else secrets.token_urlsafe(32)
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
