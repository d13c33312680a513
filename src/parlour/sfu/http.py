"""The HTTP endpoint of LiveKit's webhooks."""

from fastapi import APIRouter, Request, Response

from parlour.core import Clock
from parlour.errors import InvalidToken, RequestTooLarge
from parlour.sfu.comparison import Comparison
from parlour.sfu.options import WEBHOOK_PATH
from parlour.sfu.webhooks import LONGEST_BODY, WebhookRefused, Webhooks

_LONGEST_TOKEN = 2 * 1024


def webhook_routes(webhooks: Webhooks, comparison: Comparison, clock: Clock) -> APIRouter:
    router = APIRouter()

    @router.post(WEBHOOK_PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        token = request.headers.get("Authorization", "")
        if not token or len(token) > _LONGEST_TOKEN:
            raise InvalidToken
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST_BODY:
                raise RequestTooLarge
        try:
            room = webhooks.room_of(body, token, clock().timestamp())
        except WebhookRefused as refused:
            raise InvalidToken from refused
        if room is not None:
            comparison.compare_soon(room)
        return Response(status_code=200)

    return router
