"""Run the server: one listening socket, one event loop, and a line on stdout once it is ready."""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
import uvicorn
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from parlour import engine
from parlour.app import Parlour
from parlour.certificate_files import UnusableCertificate
from parlour.companions import Companion, ProgramUnusable
from parlour.db.database import UnusableFile, is_locked
from parlour.db.migrate import DatabaseTooNew, MigrationUnderWay, migrate
from parlour.db.private_files import NotPrivate
from parlour.engine import end_unread
from parlour.errors import HeadTooLarge, MalformedRequest, Unavailable
from parlour.garbage import collect_young_objects, collect_young_objects_alone
from parlour.handover import Arrival, Arrivals, Handover, Passable, WorkerPlace
from parlour.http.first_request import HandedOver, first_request_protocol
from parlour.http.middleware import raw_response
from parlour.http.protocol import HttpBounds, HttpLimits, HttpRefusal
from parlour.http.tls import ServerCertificate
from parlour.logs import configure_logs
from parlour.service_manager import UnusableSocket, inherited_sockets, tell_service_manager
from parlour.settings import HTTPS_PORT, PREFIX, Settings, SettingsError

HANDLERS_SECONDS, REQUESTS_SECONDS = 1.5, 2
"""The grace of handlers and of requests at the shutdown: together, less than five seconds."""
BACKLOG = 4096
ACCEPTS_A_TURN = 16
"""libuv accepts one connection per socket and turn of the event loop, so during a flood a new client would
wait for many long turns. Each further descriptor of the same socket accepts another connection per turn."""
SWITCH_SECONDS = 0.0005
"""The interval after which a busy event loop yields the interpreter (GIL) to a database thread, several times
in each statement: with Python's default of 5 ms a transaction of a few statements takes half a second."""
UNREAD_SECONDS = 20
"""The kernel's limit for unacknowledged data; below the time in which heartbeats detect a dead connection."""
OWN_FILES, SURPLUS = 64, 32
"""File descriptors for database, Redis, mails and logs, and for connections that are refused as surplus."""
FEW_CONNECTIONS = 1000
CERTIFICATE_SECONDS = 2.0
"""The time between two looks at the files of the certificate."""
SIGN_SECONDS = 1.0
"""The time from one sign of life to the next."""
LOCALHOST, HTTP_PORT = frozenset({"127.0.0.1", "::1"}), 80

log = structlog.get_logger("parlour")


class PortTaken(Exception):
    """The address cannot be listened on, for the reason that the sentence gives."""


class DatabaseLocked(Exception):
    """Another process keeps the database locked or migrates it; the sentence names the setting."""


class Server(engine.Server):
    """Prints the ready line once it accepts requests, and announces a restart to sockets before it ends.

    The rest is loaded after the ready line, in a thread: clients of a server that crashed wait for that line.
    """

    def __init__(
        self, config: uvicorn.Config, parlour: Parlour, *, ready: str, handover: Handover | None = None
    ) -> None:
        """`handover` is there where other processes serve the same port."""
        super().__init__(config, parlour.calls.engine, grace=HANDLERS_SECONDS)
        self._parlour = parlour
        self._ready = ready
        self._handover = handover
        self._arrivals = None if handover is None else Arrivals(handover, self._protocol_of)
        self._signs: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._handover is not None:
            self._handover.take_turn()
        await super().startup(sockets)
        if self.started:
            collect_young_objects_alone()
            if self._handover is not None and self._arrivals is not None:
                self._arrivals.start()
                self._handover.note_well(len(self.server_state.connections))
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._retire, self._handover)
            sys.stdout.write(f"{self._ready}\n")
            sys.stdout.flush()
            tell_service_manager("READY=1")
            if self._handover is not None:
                self._signs = asyncio.create_task(give_signs_of_life())
            self._loading = asyncio.create_task(self._load_later())

    async def on_tick(self, counter: int) -> bool:
        """Collect young objects: uvicorn calls this every 0.1 seconds (`garbage.YOUNG_SECONDS`)."""
        collect_young_objects()
        if self._handover is not None:
            self._handover.note_well(len(self.server_state.connections))
        return await super().on_tick(counter)

    async def _load_later(self) -> None:
        try:
            await asyncio.to_thread(self._parlour.load_later)
        except Exception:  # its first user says it again
            log.exception("load_later.failed")
        gc.freeze()

    def _retire(self, handover: Handover) -> None:
        """End, accept nothing more, since the successor does at the same sockets, and hand idle connections
        over to the other processes.
        """
        for server in self.servers:
            server.close()
        handover.is_retiring = True
        for connection in list(self.server_state.connections):
            if isinstance(connection, Passable):
                connection.pass_on_if_idle()
        self.should_exit = True

    def _protocol_of(self, arrival: Arrival) -> asyncio.Protocol:
        loop, config = asyncio.get_running_loop(), self.config
        made: Any = config.http_protocol_class
        first = made(config=config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop)
        return HandedOver(first, arrival)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        tell_service_manager("STOPPING=1")
        state = self.server_state
        state.default_headers = [
            *state.default_headers,
            (b"connection", b"close"),
        ]  # of each answer from now on
        if self._handover is not None:
            self._handover.note_end()
        is_replaced = self._handover is not None and self._handover.is_retiring
        await self._parlour.drain(lambda: self.force_exit, is_replaced=is_replaced)
        if self._arrivals is not None:
            await self._arrivals.stop()
        self._parlour.calls.evictions.announce_restart()
        await super().shutdown(sockets)
        if self._handover is not None:
            self._handover.close()
        if self._signs is not None:
            self._signs.cancel()


def serve_forever(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM, at the sockets of a service manager or else at `host` and `port`.

    Raises SettingsError, PortTaken or DatabaseLocked.
    """
    configure_logs(level=settings.log_level)
    listeners = inherited_listeners()
    if listeners:
        host, port = listeners[0].getsockname()[:2]
    require_servable(settings, host=host, port=port)
    certificate = _certificate(settings)
    listeners = listeners or [listening_socket(host, port)]
    port = listeners[0].getsockname()[1]
    parlour = Parlour(settings, port=port)
    require_programs(parlour.companions)
    warn_of_settings(settings, port=port)
    _serve(parlour, listeners, certificate=certificate)


def serve_as_worker(settings: Settings, place: WorkerPlace) -> None:
    """Serve as one of several processes, whose settings may have changed since its parent has checked them.

    SIGHUP ends it as SIGTERM does, except that the other processes take its idle connections. Raises
    SettingsError or DatabaseLocked.
    """
    configure_logs(level=settings.log_level)
    structlog.contextvars.bind_contextvars(worker=place.number)
    os.set_blocking(sys.stdout.fileno(), False)
    listeners = [socket.socket(fileno=number) for number in place.listeners]
    for listener in listeners:
        listener.set_inheritable(False)
    host, port = listeners[0].getsockname()[:2]
    require_workable(settings)
    require_servable(settings, host=host, port=port)
    parlour = Parlour(settings, port=port, worker=place.worker)
    _serve(parlour, listeners, handover=Handover(place, serves=parlour.calls.engine.serves))


def _serve(
    parlour: Parlour,
    listeners: list[socket.socket],
    *,
    certificate: ServerCertificate | None = None,
    handover: Handover | None = None,
) -> None:
    settings = parlour.options.settings
    address, port = listeners[0].getsockname()[:2]
    connections = _connections()
    if certificate is not None:
        parlour.core.tasks.every(CERTIFICATE_SECONDS, "certificate", partial(_reload, certificate))
    scheme = "http" if certificate is None else "https"
    ready = ready_line(settings.url(port=port), address=address, port=port, scheme=scheme)
    config = uvicorn_config(parlour, connections=connections, certificate=certificate, handover=handover)
    server = Server(config, parlour, ready=ready, handover=handover)
    sys.setswitchinterval(SWITCH_SECONDS)
    # uvicorn raises the signal that ended it once more, after a complete shutdown.
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_require_redis(parlour))
        runner.run(_require_database(parlour))
        _say_connections(connections)
        more = (listener.dup() for listener in listeners for _ in range(ACCEPTS_A_TURN - 1))
        runner.run(server.serve(sockets=[*listeners, *more]))


async def give_signs_of_life() -> None:
    """Tell the parent process that this worker does not hang, also while it is drained. Runs until
    cancelled.
    """
    while True:
        with suppress(BlockingIOError, BrokenPipeError):  # the parent hangs, or has ended
            os.write(sys.stdout.fileno(), b"\n")
        await asyncio.sleep(SIGN_SECONDS)


def require_servable(settings: Settings, *, host: str, port: int) -> None:
    """Check the settings for a server at this address. Raises SettingsError."""
    settings.require_safe(host=host, port=port)
    settings.require_https(host=host, port=port)
    settings.require_relay()
    settings.require_sfu()
    settings.require_recordings()


def require_workable(settings: Settings) -> None:
    """Check the settings of one of several processes. Raises SettingsError."""
    if settings.redis_url is None:
        raise SettingsError(
            f"{PREFIX}REDIS_URL: several workers reach each other's people through Redis; set it to one "
            "such as redis://127.0.0.1:6379/0, or leave --workers out."
        )
    if settings.certificate_files is not None:
        raise SettingsError(
            f"{PREFIX}TLS_CERT: several workers speak http alone; use {PREFIX}DOMAIN, or a proxy for https."
        )


def warn_of_settings(settings: Settings, *, port: int) -> None:
    """Log what works, but may not be meant."""
    if settings.smtp_url is None and not settings.shows_mail(port=port):
        log.warning("mail.nowhere_to_go", hint="set PARLOUR_SMTP_URL: nobody can confirm an account")
    if not settings.keeps_data_private():
        log.warning("data_dir.listed_by_others", hint="PARLOUR_DATA_DIR should be its user's own, mode 0700")


def ready_line(url: str, *, address: str, port: int, scheme: str = "http") -> str:
    """Name the public URL, and the listening address if it differs from the URL's host and port.

    No punctuation follows a URL: terminals make links of them, and programs read them here.
    """
    public = urlsplit(url)
    addresses = LOCALHOST if public.hostname == "localhost" else {public.hostname}
    default = HTTP_PORT if scheme == "http" else HTTPS_PORT
    if public.scheme == scheme and address in addresses and (public.port or default) == port:
        return f"Parlour is ready at {url}"
    host = f"[{address}]" if ":" in address else address
    return f"Parlour is ready at {url} and listens on {scheme}://{host}:{port}"


def uvicorn_config(
    parlour: Parlour,
    *,
    connections: int,
    certificate: ServerCertificate | None = None,
    handover: Handover | None = None,
) -> uvicorn.Config:
    """Configure uvicorn for `engine.Server`: with https if there is a certificate."""
    bounds = _bounds(parlour, connections, handover)
    return uvicorn.Config(
        parlour.asgi(),
        log_config=None,
        access_log=False,
        server_header=False,
        http=first_request_protocol(bounds, parlour.calls.engine, certificate),
        ws=parlour.calls.engine.websocket_protocol_class(),
        proxy_headers=False,  # `ClientAddresses` reads them for HTTP and WebSockets alike
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )


def inherited_listeners() -> list[socket.socket]:
    """Return the sockets that the service manager has opened, none without one. Raises PortTaken."""
    try:
        listeners = inherited_sockets()
    except UnusableSocket as error:
        raise PortTaken(f"{error}.") from error
    for listener in listeners:
        end_unread(listener, UNREAD_SECONDS)
    return listeners


def _certificate(settings: Settings) -> ServerCertificate | None:
    """Load the certificate with which Parlour itself speaks https, None for http. Raises SettingsError."""
    if settings.certificate_files is None:
        return None
    try:
        certificate = ServerCertificate(*settings.certificate_files)
    except UnusableCertificate as error:
        raise SettingsError(f"{PREFIX}TLS_CERT, {PREFIX}TLS_KEY: {error}.") from error
    if certificate.key_is_public():
        hint = f"all users of this machine can read it: chmod o= {settings.tls_key}"
        log.warning("tls_key.readable_by_others", hint=hint)
    return certificate


async def _reload(certificate: ServerCertificate) -> None:
    await asyncio.to_thread(certificate.reload_if_changed)


def listening_socket(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Open a socket that listens. Raises PortTaken.

    Several sockets that are shared (SO_REUSEPORT) may listen at one address: the kernel spreads connections
    over them.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    end_unread(listener, UNREAD_SECONDS)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortTaken(f"cannot listen on {host}:{port} ({error.strerror}); try --port.") from error
    return listener


def _connections() -> int:
    """Raise the limit on open files as far as allowed; return the number of connections that fit below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = HttpLimits().connections
    files = most + OWN_FILES + SURPLUS if hard == resource.RLIM_INFINITY else hard
    return max(1, min(most, files - OWN_FILES - SURPLUS))


def _say_connections(connections: int) -> None:
    """Log the limit of connections. Call once the start can no longer fail."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = "unlimited" if files == resource.RLIM_INFINITY else files
    log.info("open_files.limit", files=allowed, connections=connections)
    if connections < FEW_CONNECTIONS:
        log.warning(
            "open_files.few",
            connections=connections,
            hint=f"only {connections} connections are possible at once; raise the limit on open files "
            "(ulimit -n, or LimitNOFILE in systemd) and restart",
        )


def _bounds(parlour: Parlour, connections: int, handover: Handover | None) -> HttpBounds:
    options = parlour.options
    headers = options.headers()
    limits = HttpLimits(
        request_seconds=options.settings.request_timeout, connections=connections, surplus=SURPLUS
    )
    return HttpBounds(
        limits,
        {
            HttpRefusal.BAD_REQUEST: raw_response(MalformedRequest(), headers),
            HttpRefusal.HEAD_TOO_LARGE: raw_response(HeadTooLarge(), headers),
            HttpRefusal.NO_ROOM: raw_response(Unavailable(), headers),
        },
        handover,
        None if parlour.sfu is None else parlour.sfu.tunnels,
    )


async def _require_database(parlour: Parlour) -> None:
    """Migrate the database before anything starts, once no other setting is refused.

    An unreachable database counts as a wrong setting. Raises SettingsError or DatabaseLocked.
    """
    try:
        await migrate(parlour.core.database)
        await parlour.events.attendance.close_abandoned()
    except NotPrivate as error:
        raise SettingsError(
            f"{PREFIX}DATABASE_URL: {error}; put it on a file system that has permissions, or set "
            f"{PREFIX}ALLOW_INSECURE=true if you trust all users of this machine."
        ) from error
    except UnusableFile as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: {error}.") from error
    except (SQLAlchemyError, OSError) as error:
        if is_locked(error):
            raise DatabaseLocked(
                f"{PREFIX}DATABASE_URL: another program keeps the database locked; try again later."
            ) from error
        raise SettingsError(
            f"{PREFIX}DATABASE_URL: the database does not answer ({type(error).__name__})."
        ) from error
    except MigrationUnderWay as error:
        raise DatabaseLocked(f"{PREFIX}DATABASE_URL: {error}.") from error
    except DatabaseTooNew as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: {error}.") from error


def require_programs(companions: Iterable[Companion]) -> None:
    """Raise SettingsError if a program is to run beside Parlour and none that fits is installed."""
    for companion in companions:
        try:
            companion.require_program()
        except ProgramUnusable as error:
            raise SettingsError(f"{PREFIX}{companion.asked_by}: {error}.") from error


async def _require_redis(parlour: Parlour) -> None:
    """Raise SettingsError if Redis refuses the URL's login or commands; an outage of Redis is tolerated."""
    if parlour.core.redis_counts is None:
        return
    from parlour.limits.redis_counts import RedisRefuses

    try:
        await parlour.core.redis_counts.require_usable()
    except RedisRefuses as error:
        raise SettingsError(f"{PREFIX}REDIS_URL: Redis refuses what it says ({error}).") from error
