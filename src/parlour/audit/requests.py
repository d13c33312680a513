"""The HTTP requests of the audit log: an ASGI layer that sees what was asked and answered.

Who acts comes from the session, never from a body. What an unknown caller does is counted, since anybody can
do it as often as they like. What a known person asks for is read from the body's named members alone, since
bodies hold passwords.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parlour.audit.counts import AuditCounts
from parlour.audit.entries import AuditLog
from parlour.errors import Refusal
from parlour.wire.endpoint import AuditRule, endpoint_of

MAX_BODY = 64 * 1024
_SAFE = ("GET", "HEAD", "OPTIONS")
_NOT_AUDITED = ("identity_required", "invalid_token", "no_refresh_token")
"""Refusals that say no more than that the caller is not logged in."""


class AuditedRequests:
    """`identified` reads from a request's state who its caller is, or ""."""

    def __init__(
        self,
        app: ASGIApp,
        log: AuditLog,
        counts: AuditCounts,
        *,
        identified: Callable[[dict[str, Any]], str],
    ) -> None:
        self._app = app
        self._log = log
        self._counts = counts
        self._identified = identified

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        status = 0

        async def read() -> Message:
            message = await receive()
            if scope["method"] not in _SAFE and len(body) < MAX_BODY:
                body.extend(message.get("body", b""))
            return message

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, read, answer)
        self._tell(scope, bytes(body[:MAX_BODY]), status)

    def _tell(self, scope: Scope, body: bytes, status: int) -> None:
        route = f"{scope['method']} {getattr(scope.get('route'), 'path', '')}"
        state: dict[str, Any] = scope.get("state", {})
        refusal = state.get("refusal")
        said = endpoint_of(scope.get("route"))
        rule = AuditRule() if said is None else said.audit
        what = _what(route, rule, refusal, status)
        if what is None:
            return
        kind, code = what
        client = scope.get("client")
        address = client[0] if client else ""
        actor = self._identified(state)
        if not actor and (refusal is not None or not rule.by_link):
            account = getattr(refusal, "account", "")
            self._counts.count(kind=kind, code=code, subject=account, address=address)
            return
        subject = _subject(_asked(body), refused=route if kind == "refusal" else "")
        self._log.record(kind=kind, code=code, actor=actor, subject=subject, address=address)


def _what(route: str, rule: AuditRule, refusal: Refusal | None, status: int) -> tuple[str, str] | None:
    """Kind and code of an entry, where there is one to make."""
    if refusal is not None:
        is_policy = refusal.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        return ("refusal", refusal.code) if is_policy and refusal.code not in _NOT_AUDITED else None
    method, _, path = route.partition(" ")
    if method in _SAFE or not path or status >= HTTPStatus.BAD_REQUEST or not rule.is_kept:
        return None
    return rule.kind, rule.code or route


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return asked if isinstance(asked, dict) else {}


def _subject(asked: dict[str, Any], *, refused: str) -> str:
    parts = (refused, *(_text(asked.get(member)) for member in ("room", "roomname", "name", "email")))
    return " ".join(part for part in parts if part)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(text for text in value if isinstance(text, str))
    return value if isinstance(value, str) else ""
