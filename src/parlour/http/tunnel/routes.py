"""The question of a client of LiveKit whose WebSocket did not open: browsers do not tell it why."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from parlour.errors import Unavailable
from parlour.http.tunnel.asking import NoAnswer, ask
from parlour.http.tunnel.requests import read_query
from parlour.http.tunnel.targets import Targets


def validation_routes(targets: Targets) -> APIRouter:
    """Return the routes that pass this question on, and status and words of the SFU's answer back."""
    router = APIRouter()

    async def validate(request: Request, number: str, service: bytes) -> PlainTextResponse:
        query = read_query(request.scope["query_string"], request.scope["headers"])
        admitted = targets.admit(number, query.token.decode())
        client = "" if request.client is None else request.client.host
        try:
            status, words = await ask(admitted.target, service + b"/validate", query, client=client)
        except NoAnswer as error:
            raise Unavailable from error
        said = words.decode("ascii", "replace")
        return PlainTextResponse(said, status_code=status if 200 <= status < 500 else Unavailable.status)

    @router.get("/livekit/{number}/rtc/validate", include_in_schema=False)
    async def validate_older(request: Request, number: str) -> PlainTextResponse:
        return await validate(request, number, b"rtc")

    @router.get("/livekit/{number}/rtc/v1/validate", include_in_schema=False)
    async def validate_newer(request: Request, number: str) -> PlainTextResponse:
        return await validate(request, number, b"rtc/v1")

    return router
