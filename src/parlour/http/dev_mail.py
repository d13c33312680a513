"""/dev/mail: mails that no mail server takes are shown to this machine only."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from parlour.errors import NotFound
from parlour.http.proxies import is_proxied
from parlour.mail.outbox import Outbox, QueuedMail
from parlour.mail.rendering import MailRenderer
from parlour.scheduling.turns import in_turns
from parlour.wire.base import Email, is_loopback, iso

if TYPE_CHECKING:
    from jinja2 import Environment

MAILS_A_TURN = 8
"""The mails that are rendered in a turn of the event loop."""
MAILS_KEPT = 200
"""The mails whose rendering is kept, which the page shows at most."""
_NOT_COMPRESSED = {"Cache-Control": "no-store, no-transform"}
"""The headers of a page that is never compressed: mails hold tokens beside names that strangers chose
(BREACH).
"""
_STYLE = Path(__file__).parents[1] / "mail" / "templates" / "dev_mail.css"


class _ShownMails:
    """Render each mail once, however often the page is loaded; keep as many as the page shows."""

    def __init__(self, renderer: MailRenderer) -> None:
        self._renderer = renderer
        self._shown: dict[int, dict[str, str]] = {}

    async def of(self, letters: list[QueuedMail]) -> list[dict[str, str]]:
        shown: dict[int, dict[str, str]] = {}
        async for queued in in_turns(letters, each=MAILS_A_TURN):
            shown[queued.id] = self._shown.get(queued.id) or _shown(self._renderer, queued)
        known = self._shown | shown
        self._shown = {number: known[number] for number in sorted(known, reverse=True)[:MAILS_KEPT]}
        return list(shown.values())


def dev_mail_routes(outbox: Outbox, renderer: MailRenderer) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    mails_shown = _ShownMails(renderer)
    style = _STYLE.read_text(encoding="utf-8")

    @router.get("/dev/mail")
    async def dev_mail(request: Request, to: Annotated[Email | None, Query()] = None) -> Response:
        _require_this_machine(request)
        mails = await mails_shown.of(await outbox.kept(to))
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(mails, headers=_NOT_COMPRESSED)
        page = _environment().get_template("dev_mail.html").generate(mails=mails)
        return StreamingResponse(in_turns(page, each=50), media_type="text/html")

    @router.get("/dev/mail.css")
    async def dev_mail_style(request: Request) -> Response:
        _require_this_machine(request)
        return Response(style, media_type="text/css")

    return router


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, select_autoescape  # at the first look, not at start

    loader = PackageLoader("parlour.mail", "templates")
    return Environment(loader=loader, autoescape=select_autoescape(["html"]))


def _require_this_machine(request: Request) -> None:
    """Raise NotFound unless the request comes from this machine, whatever the public URL says.

    Requests through a proxy on this machine have the machine's address, so any sign of a proxy, trusted or
    not, is refused. The Host header must name this machine too: a page of another site could let its own name
    resolve to this machine (DNS rebinding), and read the answer in the browser of a person who works here.
    """
    address = request.client.host if request.client else ""
    is_direct = not is_proxied(request.headers.keys(), http_version=request.scope["http_version"])
    if not is_direct or not is_loopback(address) or not is_loopback(request.url.hostname or ""):
        raise NotFound


def _shown(renderer: MailRenderer, queued: QueuedMail) -> dict[str, str]:
    mail = renderer.render(queued.mail)
    return {
        "to": mail.recipient,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "sent_at": iso(queued.created_at),
    }
