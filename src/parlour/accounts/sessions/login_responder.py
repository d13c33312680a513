"""What a login is answered with: cookies, the session, and word for the audit log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import BackgroundTasks, Request, Response

from parlour.accounts.cookies import (
    COOKIE,
    DEVICE_COOKIE,
    DEVICE_COOKIE_PATH,
)
from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.known_devices import KNOWN_FOR
from parlour.accounts.sessions.service import LoggedIn
from parlour.wire.http import (
    Session,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookies:
    """The cookie `jwt` (RFC 6265): HttpOnly, SameSite=Lax, Secure over https, for the public URL's path."""

    secure: bool
    base_path: str = ""

    @property
    def path(self) -> str:
        return self.base_path or "/"

    def set(self, response: Response, logged_in: LoggedIn) -> None:
        """Without Max-Age where the session is to end with the browser."""
        seconds = (logged_in.refresh_expires_at - datetime.now(UTC)).total_seconds()
        response.set_cookie(
            COOKIE,
            logged_in.refresh_token,
            max_age=max(1, round(seconds)) if logged_in.remembered else None,
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def set_device(self, response: Response, device_token: str) -> None:
        """The device token beside it (see `known_devices`), which logging out leaves where it is."""
        response.set_cookie(
            DEVICE_COOKIE,
            device_token,
            max_age=round(KNOWN_FOR.total_seconds()),
            path=self.base_path + DEVICE_COOKIE_PATH,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(COOKIE, path=self.path, secure=self.secure, httponly=True, samesite="lax")


class LoginResponder:
    """What follows from a login, whichever way it came about: cookies, and a word for the audit log.

    `on_login` hears the client's address once the answer with the new cookie has been sent.
    """

    def __init__(
        self,
        *,
        cookies: SessionCookies,
        identification: Identification,
        on_login: Callable[[str, Identity], Awaitable[None]],
    ) -> None:
        self._cookies = cookies
        self._identification = identification
        self._on_login = on_login

    def __call__(
        self, request: Request, response: Response, background: BackgroundTasks, logged_in: LoggedIn
    ) -> None:
        self._cookies.set(response, logged_in)
        if logged_in.device_token is not None:
            self._cookies.set_device(response, logged_in.device_token)
        self._identification.known(request, logged_in.identity)
        if request.client is not None:
            background.add_task(self._on_login, request.client.host, logged_in.identity)


def session_answer(logged_in: LoggedIn) -> Session:
    """What a login is answered with, beside the cookie that `LoginResponder` sets."""
    identity = logged_in.identity
    return Session(
        access_token=logged_in.access_token,
        email=identity.email,
        username=identity.name,
        display_name=identity.display_name,
    )
