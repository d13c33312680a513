"""`parlour serve --workers`: several processes on one port, kept running by their parent.

The parent opens the sockets and keeps them open, so that a worker's successor goes on with the queue of its
predecessor: no connection is refused while there is none. Each worker has a socket of its own
(SO_REUSEPORT), over which the kernel spreads connections evenly. What there is once on a machine belongs to
the parent: Caddy, the TURN server, the SFU, and what the service manager is told.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from parlour.child_process import end_process, ending_with_parent, send_signal
from parlour.handover import WorkerPlace, inbox_number, open_inbox
from parlour.logs import configure_logs
from parlour.options import Options
from parlour.serve import (
    inherited_listeners,
    listening_socket,
    require_programs,
    require_servable,
    require_workable,
    warn_of_settings,
)
from parlour.service_manager import tell_service_manager
from parlour.settings import Settings
from parlour.tasks import Supervisor
from parlour.worker_table import WorkerTable, open_table

WORKER = (sys.executable, "-P", "-m", "parlour", "serve")
"""The command of a worker. `-P`: a folder `parlour` where the server runs is not imported."""
READY = b"Parlour is ready"
READY_SECONDS = 60.0
"""The time within which a successor has to be ready when the workers are replaced one after the other."""
START_SECONDS = 360.0
"""The time after which a worker that is started again, and says nothing, hangs. It may wait for five minutes
while another process migrates the database."""
END_SECONDS = 13.0
"""The time after which a worker that was asked to end is killed, beyond `drain_seconds`: it takes less than
ten where the machine is not busy."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 5.0
LOOK_SECONDS, SILENT_LOOKS = 5.0, 4
"""A worker that gives no sign of life in so many looks hangs; it gives one each second."""
_MOST_SIGNS = 4096
STEADY_SECONDS = 30.0
"""The time after which a worker counts as one that works: if it ends later, it is started again at once."""

_SOCKETS_HINT = (
    "connections are spread unevenly: in parlour.socket, ReusePort=yes and a ListenStream= for each worker"
)

log = structlog.get_logger("parlour.workers")


class WorkerFailed(Exception):
    """A worker ended before all were ready for the first time, by `status`; it has said why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"a worker ended with status {status}")
        self.status = status


def serve_by_workers(settings: Settings, count: int, *, host: str, port: int, options: Sequence[str]) -> int:
    """Serve by `count` workers until SIGINT or SIGTERM, and return the exit status.

    SIGHUP replaces them one after the other. `options` are those of `serve` that the workers get too. Raises
    SettingsError or PortTaken. The status is that of a worker that could not be started: it has said why.
    """
    configure_logs(level=settings.log_level)
    require_workable(settings)
    inherited = inherited_listeners()
    if inherited:
        host, port = inherited[0].getsockname()[:2]
    require_servable(settings, host=host, port=port)
    settings.secret()  # made now, if there is none: workers that start at once would each make one
    listeners = divided_listeners(inherited, count) if inherited else open_listeners(host, port, count)
    port = listeners[0][0].getsockname()[1]
    companions = Options(settings, port).companions()
    require_programs(companions)
    warn_of_settings(settings, port=port)
    tasks = Supervisor()
    for companion in companions:
        companion.register(tasks)
    try:
        asyncio.run(Workers(listeners, options, tasks, drain_seconds=settings.drain_seconds).run())
    except WorkerFailed as failed:
        return failed.status if failed.status > 0 else 1
    return 0


Listeners = Sequence[Sequence[socket.socket]]
"""The listening sockets of each worker."""


def open_listeners(host: str, port: int, count: int) -> Listeners:
    """Open a socket for each worker. Raises PortTaken, also if a server with shared sockets has the port."""
    with listening_socket(host, port) as alone:
        port = alone.getsockname()[1]
    return [[listening_socket(host, port, is_shared=True)] for _ in range(count)]


def divided_listeners(inherited: Sequence[socket.socket], count: int) -> Listeners:
    """Divide the sockets of a service manager, of each of its addresses, among the workers.

    systemd opens several at one address where `ListenStream=` is repeated and `ReusePort=yes`. Others can't
    be opened beside them, since systemd's belong to root (socket(7)). Of workers that share a socket some get
    several times as many connections as others, since the first that wakes accepts.
    """
    addresses: dict[object, list[socket.socket]] = {}
    for one in inherited:
        addresses.setdefault(one.getsockname(), []).append(one)
    listeners: list[list[socket.socket]] = [[] for _ in range(count)]
    for sockets in addresses.values():
        for number in range(max(count, len(sockets))):
            listeners[number % count].append(sockets[number % len(sockets)])
        if len(sockets) < count:
            log.warning("workers.share_a_socket", sockets=len(sockets), workers=count, hint=_SOCKETS_HINT)
    return listeners


@dataclass(frozen=True, slots=True)
class _Worker:
    """A worker that was started; `said` is what it says first."""

    number: int
    turn: int
    process: asyncio.subprocess.Process
    said: asyncio.Task[bytes]
    since: float

    @property
    def is_ready(self) -> bool:
        return self.said.done() and not self.said.cancelled() and self.said.result().startswith(READY)

    async def ends(self) -> int:
        """Wait for its end, and return its status. One that is ready, but hangs, is killed."""
        watching = asyncio.create_task(self._watch())
        try:
            return await self.process.wait()
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        """Kill the worker when it has been silent for several looks, or doesn't become ready.

        A look that took longer than it should have doesn't count: the machine stood still, or this process.
        """
        loop, signs, silent = asyncio.get_running_loop(), self.process.stdout, 0
        await asyncio.wait({self.said}, timeout=START_SECONDS)
        while self.said.done() and signs is not None and silent < SILENT_LOOKS:
            began = loop.time()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    if not await signs.read(_MOST_SIGNS):
                        return  # it has ended
            except TimeoutError:
                silent = silent + 1 if loop.time() - began < 2 * LOOK_SECONDS else 0
            else:
                silent = 0
        log.error("worker.hangs", worker=self.number, pid=self.process.pid)
        send_signal(self.process, signal.SIGKILL)

    async def becomes_ready(self) -> bool:
        """Wait for it; return False if it ends instead."""
        await asyncio.wait({self.said})
        return self.is_ready

    async def end(self, sign: signal.Signals, *, within: float) -> None:
        """End it, by SIGKILL if it takes longer than `within` seconds."""
        if await end_process(self.process, sign, within=within):
            log.warning("worker.killed", worker=self.number)
        self.said.cancel()


class Workers:
    """Starts the workers, and starts each again whenever it ends."""

    def __init__(
        self, listeners: Listeners, options: Sequence[str], companions: Supervisor, *, drain_seconds: float
    ) -> None:
        self._end_seconds = END_SECONDS + drain_seconds
        self._listeners = listeners
        self._options = options
        self._companions = companions
        self._inboxes = [open_inbox() for _ in range(2 * len(listeners))]
        """The inboxes by `inbox_number`: two for each worker."""
        self._table_file = open_table(len(listeners))
        self._table = WorkerTable(self._table_file)
        self._alive: set[_Worker] = set()
        self._current: dict[int, _Worker] = {}
        self._replaced: dict[int, _Worker] = {}
        """The workers that have a successor and live on until they are drained."""
        self._changing = [asyncio.Lock() for _ in listeners]
        self._are_up = False
        self._wanted = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM. Raises WorkerFailed."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, ended.set)
        loop.add_signal_handler(signal.SIGHUP, self._wanted.set)
        self._companions.start()
        ending, working = asyncio.create_task(ended.wait()), asyncio.create_task(self._work())
        try:
            await asyncio.wait({ending, working}, return_when=asyncio.FIRST_COMPLETED)
            tell_service_manager("STOPPING=1")
            if working.done():
                await working
        finally:
            for task in (ending, working):
                task.cancel()
            await asyncio.gather(ending, working, return_exceptions=True)
            await asyncio.gather(
                *(worker.end(signal.SIGTERM, within=self._end_seconds) for worker in self._alive)
            )
            await self._companions.stop()
            for inbox in self._inboxes:
                for end in inbox:
                    end.close()
            self._table.close()
            os.close(self._table_file)

    async def _work(self) -> None:
        """Start all and keep them running.

        The first is started alone: it migrates the database, and says what is wrong with the settings.
        """
        numbers = range(len(self._listeners))
        for group in (numbers[:1], numbers[1:]):
            started = [await self._start(number) for number in group]
            for worker in started:
                if not await worker.becomes_ready():
                    raise WorkerFailed(await worker.process.wait())
                self._current[worker.number] = worker
        sys.stdout.write(self._current[0].said.result().decode())
        sys.stdout.flush()
        tell_service_manager("READY=1")
        async with asyncio.TaskGroup() as group_of_tasks:
            for number in numbers:
                group_of_tasks.create_task(self._keep(number))
            group_of_tasks.create_task(self._replace_on_demand())

    async def _keep(self, number: int) -> None:
        """Start a worker again whenever it ends, after a pause that grows while none works for long."""
        failures = 0
        while True:
            worker = self._current[number]
            status = await worker.ends()
            self._alive.discard(worker)
            if self._current[number] is not worker:
                continue  # it was replaced
            self._table.clear(number)
            is_steady = asyncio.get_running_loop().time() - worker.since >= STEADY_SECONDS
            pause = 0.0 if is_steady else min(failures * FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            failures = 0 if is_steady else failures + 1
            log.warning("worker.ended", worker=number, status=status, pause=pause)
            await asyncio.sleep(pause)
            async with self._changing[number]:
                if self._current[number] is not worker:
                    continue
                try:
                    self._current[number] = await self._start(number, turn=worker.turn)
                except OSError as error:  # the machine has no process or no file left for it
                    log.warning("worker.not_started", worker=number, error=error.strerror)

    async def _start(self, number: int, *, turn: int = 0) -> _Worker:
        """Start a worker in its number's turn. Raises OSError."""
        count = len(self._listeners)
        with _descriptor_of(self._replaced.get(number)) as former:
            place = WorkerPlace(
                number=number,
                turn=turn,
                listeners=tuple(listener.fileno() for listener in self._listeners[number]),
                inbox=self._inboxes[inbox_number(number, turn, count)][0].fileno(),
                other_inbox=self._inboxes[inbox_number(number, 1 - turn, count)][0].fileno(),
                inboxes=tuple(writing.fileno() for _, writing in self._inboxes),
                table=self._table_file,
                former=former,
            )
            process = await asyncio.create_subprocess_exec(
                *ending_with_parent((*WORKER, *self._options, "--worker", str(place))),
                env={name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=place.files,
            )
        said = asyncio.create_task(_first_line(process))
        worker = _Worker(number, turn, process, said, asyncio.get_running_loop().time())
        self._alive.add(worker)
        log.info("worker.started", worker=number, pid=process.pid)
        return worker

    async def _replace_on_demand(self) -> None:
        """Replace all workers, one after the other, whenever that is wanted."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            for number in range(len(self._listeners)):
                if not await self._replace(number):
                    log.error("workers.not_replaced", worker=number, hint="the others go on as they were")
                    break
            else:
                log.info("workers.replaced")

    async def _replace(self, number: int) -> bool:
        """Start a successor, and end the worker once that is ready. Return False if it isn't in time."""
        try:
            async with self._changing[number]:
                former = self._replaced[number] = self._current[number]
                successor = await self._successor_of(former)
                if successor is None:
                    return False
                self._current[number] = successor
            await former.end(signal.SIGHUP, within=END_SECONDS)
            return True
        finally:
            self._replaced.pop(number, None)

    async def _successor_of(self, former: _Worker) -> _Worker | None:
        """Start the one that takes the next turn. Return it once it is ready, or None if it isn't in time."""
        number = former.number
        try:
            successor = await self._start(number, turn=1 - former.turn)
        except OSError as error:
            log.warning("worker.not_started", worker=number, error=error.strerror)
            return None
        try:
            async with asyncio.timeout(READY_SECONDS):
                is_ready = await successor.becomes_ready()
        except TimeoutError:
            is_ready = False
        if is_ready:
            return successor
        await successor.end(signal.SIGTERM, within=END_SECONDS)
        self._alive.discard(successor)
        self._table.set_turn(number, former.turn)
        return None


@contextmanager
def _descriptor_of(worker: _Worker | None) -> Iterator[int | None]:
    """Open a descriptor of a worker that lives (pidfd_open(2)); None for one that has ended."""
    descriptor = None
    if worker is not None and worker.process.returncode is None:
        with suppress(ProcessLookupError):  # it has ended just now
            descriptor = os.pidfd_open(worker.process.pid)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


async def _first_line(process: asyncio.subprocess.Process) -> bytes:
    return b"" if process.stdout is None else await process.stdout.readline()
