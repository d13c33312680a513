"""The source of a request: its address, its device's name, its language and its cookies."""

from fastapi import Request

from parlour.accounts.cookies import (
    DEVICE_COOKIE,
    cookie_value,
    session_token,
)
from parlour.accounts.identity import RequestSource
from parlour.accounts.sessions.devices import device_name
from parlour.languages import accepted_language


def session_token_of(request: Request) -> str | None:
    return session_token(cookie_header(request))


def cookie_header(request: Request) -> str:
    return "; ".join(request.headers.getlist("cookie"))


def request_source(request: Request) -> RequestSource:
    """Return a request's source; behind a trusted proxy the address is the client's (`ClientAddresses`)."""
    address = request.client.host if request.client is not None else ""

    async def gone() -> None:
        """Wait for the disconnect: the framework has read the body, so only that message can follow."""
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return RequestSource(
        address=address,
        device=device_name(request.headers.get("user-agent")),
        language=accepted_language(",".join(request.headers.getlist("accept-language"))),
        device_token=cookie_value(cookie_header(request), DEVICE_COOKIE),
        session_token=session_token_of(request),
        gone=gone,
    )
