"""A connection to Redis whose answers are taken by callbacks; a task opens it again when it is lost."""

import asyncio
from abc import abstractmethod
from typing import Any

import structlog

from parlour.cluster.redis.connections import REDIS_UNAVAILABLE, RedisLink
from parlour.cluster.redis.resp import ErrorAnswer
from parlour.cluster.redis.wire import RedisWire, connect

RETRY_SECONDS = 0.2

log = structlog.get_logger("parlour.cluster")


class Line:
    """One direction: a connection, which is opened again when it is lost or Redis takes too long."""

    def __init__(self, link: RedisLink, allowed: float) -> None:
        self._options = link.wire
        self._patience = link.times.patience
        self._allowed = allowed
        self._wire: RedisWire | None = None
        self._loop = asyncio.get_running_loop()
        self._due_at: float | None = None
        """The time by which the next answer has to be there, None while none is waited for."""
        self._refusal = ""
        self._needs_task = asyncio.Event()

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        while True:
            try:
                wire = await connect(self._options, patience=self._patience)
            except REDIS_UNAVAILABLE as error:
                log.debug("cluster.not_connected", line=type(self).__name__, error=type(error).__name__)
            else:
                try:
                    await self._use(wire)
                finally:
                    self._wire, self._due_at = None, None
                    await wire.aclose()
            await asyncio.sleep(RETRY_SECONDS)

    async def _use(self, wire: RedisWire) -> None:
        wire.lost.add_done_callback(lambda _lost: self._needs_task.set())
        self._wire, self._refusal = wire, ""
        wire.on_answer, wire.reads_whole = self._answered, self._read_whole
        self._begin()
        while not wire.lost.done() and not self._refusal:
            try:
                async with asyncio.timeout(self._patience / 2):
                    await self._needs_task.wait()
                self._needs_task.clear()
                await self._do_task()
            except TimeoutError:
                if self._due_at is not None and self._loop.time() > self._due_at:
                    self._refusal = "no answer"
                elif self._options.master.has_moved(wire.address):
                    self._refusal = "the master has moved"
        self._options.master.doubt(wire.address)
        log.debug("cluster.line_lost", line=type(self).__name__, refusal=self._refusal)

    def _send(self, requests: bytes) -> None:
        if self._due_at is None:
            self._due_at = self._loop.time() + self._allowed
        if self._wire is not None:
            self._wire.write(requests)

    def _refuse(self, answer: ErrorAnswer) -> None:
        """Begin anew, after a pause: Redis refuses what was written."""
        self._refusal = answer.message.partition(" ")[0]
        self._needs_task.set()

    @abstractmethod
    def _begin(self) -> None:
        """Use a new connection."""

    @abstractmethod
    def _answered(self, answer: Any) -> None:
        """Take an answer."""

    def _read_whole(self, _data: bytes) -> bool:
        """See `RedisWire.reads_whole`."""
        return False

    def _note_answer(self, unanswered: int) -> None:
        """Allow as much time for the next answer as for this one, if there is to be one."""
        self._due_at = self._loop.time() + self._allowed if unanswered else None

    async def _do_task(self) -> None:
        """Do what has to be awaited, after `_needs_task` was set."""
