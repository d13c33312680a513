"""Connections that a worker hands over to another worker of the same machine.

Several processes may serve one port. A request of an Engine.IO session has to reach the one that holds the
session, whose number is the first part of the session's id. A handshake may name a room by a hash in its
query (`room`): then it had better reach the worker to which all people of that room are sent
(`worker_table`). What is handed over is the connection itself, an open file (SCM_RIGHTS, unix(7)), with the
bytes that were read from it: nothing is proxied, and a WebSocket costs as much as elsewhere. A worker that is
about to be replaced hands over its idle connections too.

A connection that arrives is never handed on before its request is answered, so that workers which judge
differently, as they may for a moment, don't send it round.

Each worker has an inbox, and the worker that replaces it has another one, since both live while the one is
drained: a session is named by the inbox of the process that holds it. Each number has two inboxes, which its
processes use in turn. What is sent to one that has died waits for the next process of its number, which reads
both, and is then answered like a request for any session that is unknown. A full inbox takes nothing: the
request is then answered so by the worker that it came to, as is one whose first line arrives in pieces. A
handshake is answered in full wherever it ends up.

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
_SESSION = re.compile(rb"(?:GET|POST)" + _PARAMETERS + rb"sid=(\d{1,3})\.")
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
    """One of `count` workers, whose numbers begin with 0. `turn` is 0 or 1, and differs from that of the
    process that it replaces.
    """

    number: int
    count: int
    turn: int = 0

    @property
    def session_prefix(self) -> str:
        """Return the beginning of the ids of this worker's sessions."""
        return f"{inbox_number(self.number, self.turn, self.count)}."


def inbox_number(worker: int, turn: int, count: int) -> int:
    """Return the number of the inbox that one of `count` workers has in its turn."""
    return worker + turn * count


class WorkerPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a worker: its number and turn, and file descriptors: of listeners, of its inbox and the
    other one of its number, the ends of all inboxes to write to, by `inbox_number`, and the table of all
    workers.

    `former` is the process that it replaces (pidfd_open(2)), which still reads the other inbox; None if there
    is none.
    """

    number: int
    turn: int
    listeners: tuple[int, ...]
    inbox: int
    other_inbox: int
    inboxes: tuple[int, ...]
    table: int
    former: int | None = None

    @property
    def worker(self) -> NumberedWorker:
        return NumberedWorker(self.number, len(self.inboxes) // 2, self.turn)

    @property
    def files(self) -> tuple[int, ...]:
        """Return all file descriptors."""
        former = () if self.former is None else (self.former,)
        return (*self.listeners, self.inbox, self.other_inbox, *self.inboxes, self.table, *former)

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


def inbox_of_session(head: bytes) -> tuple[str, int] | None:
    """Return a request's path and the inbox that its session's id names, None for all other requests."""
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
        self._worker = place.worker
        self._serves = serves
        self._table = WorkerTable(place.table)
        os.close(place.table)
        self._inbox = socket.socket(fileno=place.inbox)
        self._other_inbox = socket.socket(fileno=place.other_inbox)
        self._inboxes = [socket.socket(fileno=number) for number in place.inboxes]
        for one in (self._inbox, self._other_inbox, *self._inboxes):
            one.setblocking(False)
            one.set_inheritable(False)
        self._former = place.former
        if place.former is not None:
            os.set_inheritable(place.former, False)
        self._own = self._inbox_of(self._worker.number, self._worker.turn)
        self._next = place.number
        self.is_retiring = False
        """True while this worker is about to be replaced: the others take its idle connections."""

    def takes(self, transport: asyncio.BaseTransport, data: bytes) -> bool:
        """Return True if a connection was handed over, as its request `data` is of a session elsewhere, or
        opens one for a room whose people are sent elsewhere.
        """
        number = self._destination(data)
        if number is None or number == self._own or number >= len(self._inboxes):
            return False
        return self._send(number, transport, Kind.ASKS, data)

    def _inbox_of(self, worker: int, turn: int) -> int:
        return inbox_number(worker, turn, self._worker.count)

    def _destination(self, data: bytes) -> int | None:
        """Return the inbox that a request's session names, or that of the worker for its room."""
        session = inbox_of_session(data)
        if session is not None:
            return session[1] if self._serves(session[0]) else None
        room = room_of_handshake(data)
        if room is None or self.is_retiring or not self._serves(room[0]):
            return None
        worker = self._table.worker_of_room(room[1])
        if worker is None or worker == self._worker.number:
            return None
        return self._inbox_of(worker, self._table.turn_of(worker))

    def take_turn(self) -> None:
        """Have newcomers for this number sent here. Call it before the first session begins: a process that
        this one replaces leaves its inbox alone from then on.
        """
        self._table.set_turn(self._worker.number, self._worker.turn)

    def note_well(self, connections: int) -> None:
        """Tell the other workers that this one is well, and has so many connections."""
        if not self.is_retiring:
            self._table.note(self._worker.number, connections)

    def note_end(self) -> None:
        """Tell them that this one is about to end. In the place of one that retires is its successor."""
        if not self.is_retiring:
            self._table.clear(self._worker.number)

    def takes_idle(self, transport: asyncio.BaseTransport, kind: Kind) -> bool:
        """Return True if a connection was handed over that would otherwise be closed, or reset."""
        count = self._worker.count
        if not self.is_retiring or count == 1:
            return False
        self._next = (self._next + 1) % count
        if self._next == self._worker.number:
            self._next = (self._next + 1) % count
        return self._send(self._inbox_of(self._next, self._table.turn_of(self._next)), transport, kind, b"")

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
        """Call back for each connection that arrives, from now on. The other inbox of this number is read
        once the process is gone that this one replaces.
        """
        loop = asyncio.get_running_loop()
        loop.add_reader(self._inbox, self._receive, self._inbox, arrived)
        if self._former is None:
            loop.add_reader(self._other_inbox, self._receive_others, arrived)
        else:  # it is readable once that process has ended
            loop.add_reader(self._former, self._former_has_ended, arrived)

    def _former_has_ended(self, arrived: Callable[[Arrival], None]) -> None:
        self._forget_former()
        asyncio.get_running_loop().add_reader(self._other_inbox, self._receive_others, arrived)

    def _receive_others(self, arrived: Callable[[Arrival], None]) -> None:
        """Receive what is for a process of this number that is gone, unless a successor has the turn."""
        if self._table.turn_of(self._worker.number) != self._worker.turn:
            asyncio.get_running_loop().remove_reader(self._other_inbox)
        else:
            self._receive(self._other_inbox, arrived)

    def _forget_former(self) -> None:
        if self._former is not None:
            asyncio.get_running_loop().remove_reader(self._former)
            os.close(self._former)
            self._former = None

    def stop(self) -> None:
        loop = asyncio.get_running_loop()
        self._forget_former()
        for one in (self._inbox, self._other_inbox):
            loop.remove_reader(one)

    def close(self) -> None:
        for one in (self._inbox, self._other_inbox, *self._inboxes):
            one.close()
        self._table.close()

    def _receive(self, inbox: socket.socket, arrived: Callable[[Arrival], None]) -> None:
        for _ in range(_MESSAGES_A_TURN):
            try:
                message, files, flags, _ = socket.recv_fds(inbox, _LONGEST_MESSAGE, 2)
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
