"""Connections that a worker hands over to another worker of the same machine.

Several processes may serve one port. A request of an Engine.IO session has to reach the one that holds the
session, whose number is the first part of the session's id. A handshake may name a room by a hash in its
query (`room`): then it had better reach the worker to which all people of that room are sent
(`worker_table`). What is handed over is the connection itself, an open file (SCM_RIGHTS, unix(7)), with the
bytes that were read from it: nothing is proxied, and a WebSocket costs as much as elsewhere. A worker that is
about to be replaced hands over its idle connections too.

A connection that arrives is never handed on before its request is answered, so that workers which judge
differently, as they may for a moment, don't send it round.

Each worker has an inbox, which its successor inherits: what is sent to one that has died waits, and is then
answered like a request for any session that is unknown. A full inbox takes nothing: the request is then
answered so by the worker that it came to, as is one whose first line arrives in pieces. A handshake is
answered in full wherever it ends up.

What waits in an inbox that nobody reads is bounded by INBOX_BYTES: some 550 connections, and 140 MB where
each has come with as much as uvloop reads at once (256 KB). A worker that reads nothing is killed after 20
seconds.
"""

import asyncio
import errno
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Protocol, runtime_checkable

import msgspec
import structlog

from parlour.worker_table import WorkerTable

_PARAMETERS = rb" ([A-Za-z0-9._~/-]{1,1024})\?(?:[A-Za-z0-9._~=%+*!'()-]{0,256}&){0,16}"
_SESSION = re.compile(rb"(?:GET|POST)" + _PARAMETERS + rb"sid=(\d{1,2})\.")
_ROOM = re.compile(rb"GET" + _PARAMETERS + rb"room=([0-9a-f]{8})[& ]")
_SHORT = 16 * 1024
"""The bytes that fit into a message; more of them go as a file in memory."""
_LONGEST_MESSAGE = _SHORT + 1
_MESSAGES_A_TURN = 16
INBOX_BYTES = 208 * 1024
"""The size of an inbox as setsockopt(2) takes it: the most that Linux allows where nobody has set
net.core.wmem_max. The default may be many times as much on a machine that is tuned for many sockets."""
STOP_SECONDS = 1.0
"""The time within which connections that have arrived get their protocol; it takes a turn of the loop."""

log = structlog.get_logger("parlour.handover")


@dataclass(frozen=True, slots=True)
class NumberedWorker:
    """One of `count` workers, whose numbers begin with 0."""

    number: int
    count: int


class WorkerPlace(msgspec.Struct, frozen=True):
    """The place of a worker: its number, and file descriptors: of listeners, its inbox, all inboxes' ends to
    write to, by the number of their worker, and the table of all workers.
    """

    number: int
    listeners: tuple[int, ...]
    inbox: int
    inboxes: tuple[int, ...]
    table: int

    @property
    def worker(self) -> NumberedWorker:
        return NumberedWorker(self.number, len(self.inboxes))

    @classmethod
    def parsed(cls, text: str) -> "WorkerPlace":
        return msgspec.json.decode(text, type=cls)

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


def open_inbox() -> tuple[socket.socket, socket.socket]:
    """Open an inbox: the end that its worker reads from, and the end that the others write to."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    writing.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, INBOX_BYTES)
    return reading, writing


def session_prefix(number: int) -> str:
    """Return the beginning of the ids of this worker's sessions."""
    return f"{number}."


def worker_of_session(head: bytes) -> tuple[str, int] | None:
    """Return a request's path and the worker that its session's id names, None for all other requests."""
    found = _SESSION.match(head)
    return None if found is None else (found[1].decode("ascii"), int(found[2]))


def room_of_handshake(head: bytes) -> tuple[str, bytes] | None:
    """Return a request's path and the hash of the room that its query names, None for all other requests."""
    found = _ROOM.match(head)
    return None if found is None else (found[1].decode("ascii"), found[2])


class Kind(Enum):
    """The state of a connection that is handed over."""

    ASKS = b"a"
    """Its request has begun with the bytes that come with it, if there are any."""
    KEPT_ALIVE = b"k"
    """Its requests have been answered."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection that another worker has handed over; `data` has been read from it."""

    connection: socket.socket
    kind: Kind
    data: bytes


@runtime_checkable
class Passable(Protocol):
    """A connection that another process can go on with while nothing of a request is under way."""

    def pass_on_if_idle(self) -> bool:
        """Return True if it was handed over."""


class Handover:
    """The ways from a worker to the others."""

    def __init__(self, place: WorkerPlace, *, serves: Callable[[str], bool]) -> None:
        """`serves` is True for paths of sessions."""
        self._number = place.number
        self._serves = serves
        self._table = WorkerTable(place.table)
        os.close(place.table)
        self._inbox = socket.socket(fileno=place.inbox)
        self._inboxes = [socket.socket(fileno=number) for number in place.inboxes]
        for one in (self._inbox, *self._inboxes):
            one.setblocking(False)
            one.set_inheritable(False)
        self._next = place.number
        self.is_retiring = False
        """True while this worker is about to be replaced: the others take its idle connections."""

    def takes(self, transport: asyncio.BaseTransport, data: bytes) -> bool:
        """Return True if a connection was handed over, as its request `data` is of a session elsewhere, or
        opens one for a room whose people are sent elsewhere.
        """
        number = self._destination(data)
        if number is None or number == self._number or number >= len(self._inboxes):
            return False
        return self._send(number, transport, Kind.ASKS, data)

    def _destination(self, data: bytes) -> int | None:
        """Return the number that a request's session names, or the worker for its room."""
        session = worker_of_session(data)
        if session is not None:
            return session[1] if self._serves(session[0]) else None
        room = room_of_handshake(data)
        if room is None or self.is_retiring or not self._serves(room[0]):
            return None
        return self._table.worker_of_room(room[1])

    def note_well(self, connections: int) -> None:
        """Tell the other workers that this one is well, and has so many connections."""
        if not self.is_retiring:
            self._table.note(self._number, connections)

    def note_end(self) -> None:
        """Tell them that this one is about to end. In the place of one that retires is its successor."""
        if not self.is_retiring:
            self._table.clear(self._number)

    def takes_idle(self, transport: asyncio.BaseTransport, kind: Kind) -> bool:
        """Return True if a connection was handed over that would otherwise be closed, or reset."""
        if not self.is_retiring or len(self._inboxes) == 1:
            return False
        self._next = (self._next + 1) % len(self._inboxes)
        if self._next == self._number:
            self._next = (self._next + 1) % len(self._inboxes)
        return self._send(self._next, transport, kind, b"")

    def _send(self, number: int, transport: asyncio.BaseTransport, kind: Kind, data: bytes) -> bool:
        connection = transport.get_extra_info("socket").fileno()
        inbox = self._inboxes[number]
        try:
            if len(data) <= _SHORT:
                socket.send_fds(inbox, [kind.value + data], [connection])
            else:
                with _file_in_memory(data) as long:
                    socket.send_fds(inbox, [kind.value], [connection, long.fileno()])
        except OSError as error:  # a full inbox, or no file or memory left; the request is answered here then
            log.debug("handover.failed", to=number, error=error.strerror)
            return False
        return True

    def start(self, arrived: Callable[[Arrival], None]) -> None:
        """Call back for each connection that arrives, from now on."""
        asyncio.get_running_loop().add_reader(self._inbox, self._receive, arrived)

    def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._inbox)

    def close(self) -> None:
        for one in (self._inbox, *self._inboxes):
            one.close()
        self._table.close()

    def _receive(self, arrived: Callable[[Arrival], None]) -> None:
        for _ in range(_MESSAGES_A_TURN):
            try:
                message, files, flags, _ = socket.recv_fds(self._inbox, _LONGEST_MESSAGE, 2)
            except OSError:
                return
            if flags & socket.MSG_CTRUNC:  # the limit of open files was reached; the kernel closed the others
                log.debug("handover.no_file_left")
                for file in files:
                    os.close(file)
                continue
            data = message[1:]
            for long in files[1:]:
                data = _taken_from_memory(long)
            connection = socket.socket(fileno=files[0])
            connection.setblocking(False)
            arrived(Arrival(connection, Kind(message[:1]), data))


class Arrivals:
    """Connections that are handed over to this worker, until each has its protocol."""

    def __init__(self, handover: Handover, protocol: Callable[[Arrival], asyncio.Protocol]) -> None:
        self._handover = handover
        self._protocol = protocol
        self._under_way: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def start(self) -> None:
        self._handover.start(self._arrived)

    async def stop(self) -> None:
        """Leave what arrives from now on to the successor; return once what has arrived has its protocol.

        A connection that got it later would miss the end of the server, and be closed without an answer.
        """
        self._handover.stop()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_SECONDS)

    def _arrived(self, arrival: Arrival) -> None:
        task = asyncio.create_task(self._connect(arrival))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _connect(self, arrival: Arrival) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._protocol(arrival), arrival.connection
            )
        except OSError:  # the client has gone
            arrival.connection.close()


def _file_in_memory(data: bytes) -> BinaryIO:
    """Raises OSError."""
    file = os.fdopen(os.memfd_create("parlour-handover"), "wb", buffering=0)
    if file.write(data) != len(data):
        file.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return file


def _taken_from_memory(file: int) -> bytes:
    try:
        return os.pread(file, os.fstat(file).st_size, 0)
    finally:
        os.close(file)
