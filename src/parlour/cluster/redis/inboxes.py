"""Inboxes: a Redis stream for each lease, into which other nodes write batches and which its node reads.

Both directions work by callbacks of their connection; a task for each opens it again when it is lost.
"""

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from parlour.cluster.batches import Batch, UnreadableBatch, decode, encode
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.numbering import OutboundQueue
from parlour.cluster.redis.connections import REDIS_UNAVAILABLE, RedisLink
from parlour.cluster.redis.registry import MAX_INBOX_ENTRIES
from parlour.cluster.redis.resp import ErrorAnswer, command
from parlour.cluster.redis.wire import RedisWire, connect

BATCH_BYTES = 64 * 1024
ROUND_BYTES = 1024 * 1024
"""The bytes of one round of writing, for all receivers together."""
READ_ENTRIES = 64
RETRY_SECONDS = 0.2
_FIELD = b"b"

log = structlog.get_logger("parlour.cluster")


class _Line:
    """One direction: a connection, which is opened again when it is lost or Redis takes too long."""

    def __init__(self, link: RedisLink, allowed: float) -> None:
        self._options = link.wire
        self._patience = link.times.patience
        self._allowed = allowed
        self._wire: RedisWire | None = None
        self._loop = asyncio.get_running_loop()
        self._due_at: float | None = None
        """The time by which an answer has to be there, None while none is waited for."""
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
        wire.on_answer = self._answered
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
        """Write while nothing else is under way."""
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

    async def _do_task(self) -> None:
        """Do what has to be awaited, after `_needs_task` was set."""


class InboxSender(_Line):
    """Write what waits in the queues, one round at a time: what is queued meanwhile joins the next one.

    A batch whose answer is lost is written again, with the same numbers.
    """

    def __init__(self, link: RedisLink, sender: LeaseId) -> None:
        super().__init__(link, link.times.patience)
        self._keys = link.keys
        self._sender = sender
        self.queues: dict[LeaseId, OutboundQueue] = {}
        self._heads: dict[LeaseId, bytes] = {}
        self._marks: dict[LeaseId, int] = {}
        self._is_busy = False
        self._under_way: deque[tuple[LeaseId, Batch]] = deque()

    def wake(self) -> None:
        """Call it after a queue got a message. Hot path."""
        if not self._is_busy and self._wire is not None:
            self._is_busy = True
            self._loop.call_soon(self._write)

    def drop(self, receiver: LeaseId) -> None:
        self.queues.pop(receiver, None)
        self._heads.pop(receiver, None)
        self._marks.pop(receiver, None)

    def mark(self) -> None:
        """Write the marks that are due; repeated with each renewal of the lease."""
        for receiver, queue in self.queues.items():
            number = queue.take_mark()
            if number is not None:
                self._marks[receiver] = number
        if self._marks:
            self.wake()

    def _begin(self) -> None:
        self._under_way.clear()
        self._is_busy = True
        self._write()

    def _write(self) -> None:
        if self._wire is None or self._under_way:
            return  # a new connection begins by itself, and the answers of a round lead to the next
        batches = self._next_batches()
        if not batches:
            self._is_busy = False
            return
        self._under_way.extend(batches)
        self._send(b"".join([self._request(receiver, batch) for receiver, batch in batches]))

    def _answered(self, answer: Any) -> None:
        receiver, batch = self._under_way.popleft()
        if isinstance(answer, ErrorAnswer):
            self._refuse(answer)
            return
        queue = self.queues.get(receiver)
        if queue is not None:
            # None: the receiver has no inbox any more. It will be seen to have left.
            queue.confirm(batch.first, len(batch.messages))
        if self._under_way or self._refusal:
            return
        self._due_at = None
        self._write()

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
        if self._marks:
            marks, self._marks = self._marks, {}
            batches += [(receiver, Batch(self._sender, number, [])) for receiver, number in marks.items()]
        return batches

    def _request(self, receiver: LeaseId, batch: Batch) -> bytes:
        """Return XADD with a batch; all but the batch is the same each time."""
        head = self._heads.get(receiver)
        if head is None:
            words = (b"XADD", self._keys.inbox(receiver).encode(), b"NOMKSTREAM", b"MAXLEN", b"~")
            whole = command(*words, b"%d" % MAX_INBOX_ENTRIES, b"*", _FIELD, b"")
            head = self._heads[receiver] = whole.removesuffix(b"$0\r\n\r\n")
        data = encode(batch)
        return b"%b$%d\r\n%b\r\n" % (head, len(data), data)


class InboxReader(_Line):
    """Read the inbox of one lease, from its beginning, and hand over each batch: one in a turn of the event
    loop. An entry that nobody can read is skipped.
    """

    def __init__(
        self,
        link: RedisLink,
        lease_id: LeaseId,
        *,
        take: Callable[[Batch], bool],
        take_slowly: Callable[[Batch], Awaitable[None]],
    ) -> None:
        """`take` returns False, having done nothing, for a batch that has to go to `take_slowly`."""
        super().__init__(link, link.times.block + link.times.patience)
        self._take = take
        self._take_slowly = take_slowly
        self._slow: Batch | None = None
        block, inbox = b"%d" % round(link.times.block * 1000), link.keys.inbox(lease_id).encode()
        words = (b"XREAD", b"COUNT", b"%d" % READ_ENTRIES, b"BLOCK", block, b"STREAMS", inbox, b"")
        self._head = command(*words).removesuffix(b"$0\r\n\r\n")
        self._entries: deque[tuple[bytes, list[bytes]]] = deque()
        self.read_to = b"0-0"
        self._unreadable = 0

    def _begin(self) -> None:
        self._entries.clear()  # those that were not handed over are read again
        self._slow = None
        self._ask()

    def _ask(self) -> None:
        self._send(b"%b$%d\r\n%b\r\n" % (self._head, len(self.read_to), self.read_to))

    def _answered(self, answer: Any) -> None:
        self._due_at = None
        if isinstance(answer, ErrorAnswer):
            self._refuse(answer)
            return
        if answer is not None:
            self._entries.extend(answer[0][1])
        self._hand_over(self._wire)

    def _hand_over(self, wire: RedisWire | None) -> None:
        """Hand over the next entry, if the connection is still that by which it came."""
        if wire is None or wire is not self._wire:
            return
        if not self._entries:
            self._ask()
            return
        entry_id, fields = self._entries.popleft()
        self.read_to = entry_id
        batch = self._batch_of(fields)
        if batch is not None and not self._take(batch):
            self._slow = batch
            self._needs_task.set()
        elif self._entries:
            self._loop.call_soon(self._hand_over, wire)
        else:
            self._ask()

    async def _do_task(self) -> None:
        batch, self._slow = self._slow, None
        if batch is not None:
            await self._take_slowly(batch)
            self._hand_over(self._wire)

    def _batch_of(self, fields: list[bytes]) -> Batch | None:
        if fields[0] != _FIELD:
            return None
        try:
            return decode(fields[1])
        except UnreadableBatch as error:
            self._unreadable += 1
            if self._unreadable == 1:
                log.warning("cluster.unreadable_batch", error=str(error))
            return None
