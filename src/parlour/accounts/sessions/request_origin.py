"""Where a request comes from: its address, its device, its cookies."""

from fastapi import Request

from parlour.accounts.cookies import (
    DEVICE_COOKIE,
    cookie_value,
    session_token,
)
from parlour.accounts.identity import RequestSource
from parlour.accounts.sessions.devices import device_name


def session_token_of(request: Request) -> str | None:
    return session_token(cookie_header(request))


def cookie_header(request: Request) -> str:
    return "; ".join(request.headers.getlist("cookie"))


def request_source(request: Request) -> RequestSource:
    """The address is the client's own where the request came through a trusted proxy (`ClientAddresses`)."""
    address = request.client.host if request.client is not None else ""

    async def gone() -> None:
        """Reads on past the body, which the framework has read: the next that comes is the end."""
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return RequestSource(
        address=address,
        device=device_name(request.headers.get("user-agent")),
        device_token=cookie_value(cookie_header(request), DEVICE_COOKIE),
        session_token=session_token_of(request),
        gone=gone,
    )
