"""Responses to a login: cookies, the session's body, and the identity for the audit log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import BackgroundTasks, Request, Response

from parlour.accounts.cookies import (
    COOKIE,
    DEVICE_COOKIE,
    DEVICE_COOKIE_PATH,
)
from parlour.accounts.facts import LoginSucceeded
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.known_devices import KNOWN_FOR
from parlour.accounts.sessions.service import LoggedIn
from parlour.bus import Bus
from parlour.wire.http import (
    Session,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookies:
    """The cookie `jwt` (RFC 6265): HttpOnly, SameSite=Lax, Secure over https, for the public URL's path."""

    secure: bool
    clock: Callable[[], datetime]
    base_path: str = ""

    @property
    def path(self) -> str:
        return self.base_path or "/"

    def set(self, response: Response, logged_in: LoggedIn) -> None:
        """Set the cookie; without Max-Age if the session should end with the browser."""
        seconds = (logged_in.refresh_expires_at - self.clock()).total_seconds()
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
        """Set the device cookie (see `known_devices`), which survives a logout."""
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
    """Completes the response to any login: sets cookies and stores the identity for the audit log.

    LoginSucceeded is published after the response with the new cookie has been sent, so that a socket that
    reconnects because of it sends the cookie.
    """

    def __init__(
        self,
        *,
        cookies: SessionCookies,
        identification: Identification,
        bus: Bus,
    ) -> None:
        self._cookies = cookies
        self._identification = identification
        self._bus = bus

    def __call__(
        self, request: Request, response: Response, background: BackgroundTasks, logged_in: LoggedIn
    ) -> None:
        self._cookies.set(response, logged_in)
        if logged_in.device_token is not None:
            self._cookies.set_device(response, logged_in.device_token)
        self._identification.known(request, logged_in.identity)
        if request.client is not None:
            login = LoginSucceeded(address=request.client.host, identity=logged_in.identity)
            background.add_task(self._publish, login)

    async def _publish(self, login: LoginSucceeded) -> None:
        """Publish on the event loop; Starlette would run a plain function in a thread."""
        self._bus.publish(login)


def session_answer(logged_in: LoggedIn) -> Session:
    """Make the body of the response to a login."""
    identity = logged_in.identity
    return Session(
        access_token=logged_in.access_token,
        email=identity.email,
        username=identity.name,
        display_name=identity.display_name,
    )
