"""Inboxes: a Redis stream for each lease, into which other nodes write batches and which its node reads."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from parlour.cluster.batches import Batch, UnreadableBatch, decode, encode
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.numbering import OutboundQueue
from parlour.cluster.redis.connections import REDIS_UNAVAILABLE, RedisLink, bounded
from parlour.cluster.redis.registry import MAX_INBOX_ENTRIES

BATCH_BYTES = 64 * 1024
ROUND_BYTES = 1024 * 1024
"""The bytes of one pipeline, for all receivers together."""
READ_ENTRIES = 64
RETRY_SECONDS = 0.2
_FIELD = b"b"

log = structlog.get_logger("parlour.cluster")


class InboxSender:
    """Write what waits in the queues, one pipeline at a time: what is queued meanwhile joins the next one.

    A batch whose answer is lost is written again, with the same numbers.
    """

    def __init__(self, link: RedisLink, sender: LeaseId) -> None:
        self._redis = link.connections.sending
        self._keys = link.keys
        self._times = link.times
        self._sender = sender
        self.queues: dict[LeaseId, OutboundQueue] = {}
        self._marks: dict[LeaseId, int] = {}
        self._has_work = asyncio.Event()

    def wake(self) -> None:
        """Call it after a queue got a message. Hot path."""
        self._has_work.set()

    def drop(self, receiver: LeaseId) -> None:
        self.queues.pop(receiver, None)
        self._marks.pop(receiver, None)

    def mark(self) -> None:
        """Write the marks that are due; repeated with each renewal of the lease."""
        for receiver, queue in self.queues.items():
            number = queue.take_mark()
            if number is not None:
                self._marks[receiver] = number
        if self._marks:
            self._has_work.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            try:
                while batches := self._next_batches():
                    await self._write(batches)
            except REDIS_UNAVAILABLE as error:
                log.debug("cluster.sending_failed", error=type(error).__name__)
                self._has_work.set()
                await asyncio.sleep(RETRY_SECONDS)

    def _next_batches(self) -> list[tuple[LeaseId, Batch]]:
        batches, size = [], 0
        for receiver, queue in self.queues.items():
            found = queue.batch(BATCH_BYTES)
            if found is not None:
                batches.append((receiver, Batch(self._sender, *found)))
                size += BATCH_BYTES
                if size >= ROUND_BYTES:
                    break
        if len(batches) > 1:  # the first in this round is the last in the next
            receiver = batches[0][0]
            self.queues[receiver] = self.queues.pop(receiver)
        marks, self._marks = self._marks, {}
        batches += [(receiver, Batch(self._sender, number, [])) for receiver, number in marks.items()]
        return batches

    async def _write(self, batches: list[tuple[LeaseId, Batch]]) -> None:
        async with bounded(self._times.patience), self._redis.pipeline(transaction=False) as pipe:
            for receiver, batch in batches:
                pipe.xadd(
                    self._keys.inbox(receiver),
                    {_FIELD: encode(batch)},
                    maxlen=MAX_INBOX_ENTRIES,
                    approximate=True,
                    nomkstream=True,
                )
            answers = await pipe.execute(raise_on_error=False)
        refused: Exception | None = None
        for (receiver, batch), answer in zip(batches, answers, strict=True):
            if isinstance(answer, Exception):
                refused = answer
            elif receiver in self.queues:
                # None: the receiver has no inbox any more. It will be seen to have left.
                self.queues[receiver].confirm(batch.first, len(batch.messages))
        if refused is not None:
            raise refused


class InboxReader:
    """Read the inbox of one lease, from its beginning."""

    def __init__(self, link: RedisLink, lease_id: LeaseId) -> None:
        self._redis = link.connections.reading
        self._inbox = link.keys.inbox(lease_id)
        self._times = link.times
        self.read_to = b"0-0"
        self._unreadable = 0

    async def run(self, on_batch: Callable[[Batch], Awaitable[None]]) -> None:
        """Hand over each batch, until cancelled. An entry that nobody can read is skipped."""
        while True:
            try:
                entries = await self._read()
            except REDIS_UNAVAILABLE as error:
                log.debug("cluster.reading_failed", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for entry_id, fields in entries:
                self.read_to = entry_id
                data = fields.get(_FIELD)
                if data is not None:
                    await self._hand_over(data, on_batch)
                await asyncio.sleep(0)

    async def _read(self) -> list[tuple[bytes, dict[bytes, bytes]]]:
        async with bounded(self._times.block + self._times.patience):
            streams = await self._redis.xread(
                {self._inbox: self.read_to}, count=READ_ENTRIES, block=round(self._times.block * 1000)
            )
        return [entry for _, entries in streams for entry in entries]

    async def _hand_over(self, data: bytes, on_batch: Callable[[Batch], Awaitable[None]]) -> None:
        try:
            batch = decode(data)
        except UnreadableBatch as error:
            self._unreadable += 1
            if self._unreadable == 1:
                log.warning("cluster.unreadable_batch", error=str(error))
            return
        await on_batch(batch)
