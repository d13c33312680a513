"""Runs the server: one socket, one event loop, a line that says when it is ready."""

import asyncio
import gc
import socket
import sys
from contextlib import suppress

import structlog
import uvicorn
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from parlour import engine
from parlour.app import Parlour
from parlour.db.migrate import DatabaseTooNew, migrate
from parlour.engine.patience import impatient_http
from parlour.logs import configure_logs
from parlour.settings import PREFIX, Settings, SettingsError

HANDLERS_SECONDS, REQUESTS_SECONDS = 1.5, 2
"""What may still run at the end: together, less than five seconds."""
BACKLOG = 4096

log = structlog.get_logger("parlour")


class PortTaken(Exception):
    """The address cannot be listened on, in one sentence."""


class Server(engine.Server):
    """Says where it is once it answers, and that it ends before it does."""

    def __init__(self, config: uvicorn.Config, parlour: Parlour, *, url: str) -> None:
        super().__init__(config, parlour.engine, grace=HANDLERS_SECONDS)
        self._hub = parlour.hub
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            gc.freeze()  # what exists now stays: later collections need not look at it
            gc.enable()
            sys.stdout.write(f"Parlour is ready at {self._url}\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.restart()
        await super().shutdown(sockets)


def serve_forever(settings: Settings, *, host: str, port: int) -> None:
    """Until SIGINT or SIGTERM. Raises SettingsError or PortTaken."""
    settings.require_safe(host=host, port=port)
    configure_logs(level=settings.log_level)
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    parlour = Parlour(settings, port=port)
    if settings.smtp_url is None and not settings.shows_mail(port=port):
        log.warning("mail.nowhere_to_go", hint="set PARLOUR_SMTP_URL: nobody can confirm an account")
    config = uvicorn.Config(
        parlour.asgi(),
        log_config=None,
        access_log=False,
        server_header=False,
        http=impatient_http(settings.request_timeout),
        ws=parlour.engine.websocket_protocol_class(),
        proxy_headers=False,  # `ClientAddresses` reads them, as it does for WebSockets
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )
    server = Server(config, parlour, url=settings.url(port=port))
    # uvicorn raises the signal that ended it once more; by then Ctrl-C has done what it is for.
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_require_database(parlour))
        runner.run(_require_redis(parlour))
        runner.run(server.serve(sockets=[listener]))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        raise PortTaken(f"cannot listen on {host}:{port} ({error.strerror}); try --port.") from error
    return listener


async def _require_database(parlour: Parlour) -> None:
    """A database that is not there is a wrong setting, and said so before anything starts."""
    try:
        await migrate(parlour.database)
    except (SQLAlchemyError, OSError) as error:
        raise SettingsError(
            f"{PREFIX}DATABASE_URL: the database does not answer ({type(error).__name__})."
        ) from error
    except DatabaseTooNew as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: {error}.") from error


async def _require_redis(parlour: Parlour) -> None:
    """One that refuses is a wrong setting; one that is away is done without until it comes."""
    if parlour.shared_counts is None:
        return
    from parlour.counts import RedisRefuses

    try:
        await parlour.shared_counts.require_usable()
    except RedisRefuses as error:
        raise SettingsError(f"{PREFIX}REDIS_URL: Redis refuses what it says ({error}).") from error
