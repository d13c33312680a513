"""Inboxes: a Redis stream for each lease, into which other nodes write batches and which its node reads.

Both directions work by callbacks of their connection; a task for each opens it again when it is lost.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import structlog

from parlour.cluster.batches import Batch, UnreadableBatch, decode, encode
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.numbering import OutboundQueue
from parlour.cluster.redis.connections import RedisLink
from parlour.cluster.redis.lines import Line
from parlour.cluster.redis.registry import BATCH_FIELD, MAX_INBOX_ENTRIES
from parlour.cluster.redis.resp import ErrorAnswer, command
from parlour.cluster.redis.wire import RedisWire

BATCH_BYTES = 64 * 1024
ROUND_BYTES = 1024 * 1024
"""The bytes of one round of writing, for all receivers together."""
GATHER_SECONDS = 0.0016
"""The least time between two writes. At 1,000 messages a second two go out together, so that Redis and their
receiver are woken half as often; one in a while goes out at once.
"""
ANSWERS_SECONDS = 0.05
"""To read an answer when it comes would cost a sender at rest a wake-up for each message."""
MAX_UNANSWERED = 64
QUESTIONS, READ_ENTRIES = 16, 4
"""The questions under way to read an inbox, and the entries that each brings at most: the product bounds what
arrives at once.
"""
_ENTRY_IDS = re.compile(rb"(?:\$\d+\r\n\d+-\d+\r\n)+").fullmatch

log = structlog.get_logger("parlour.cluster")


class InboxSender(Line):
    """Write what waits in the queues: at the end of the turn of the event loop in which it came, but not
    sooner than GATHER_SECONDS after something else was written. Answers are read some ANSWERS_SECONDS later,
    many at a time; while too many are outstanding, nothing is written.

    A batch whose answer is lost is written again, with the same numbers.
    """

    def __init__(self, link: RedisLink, sender: LeaseId) -> None:
        super().__init__(link, link.times.patience)
        self._keys = link.keys
        self._sender = sender
        self._queues: dict[LeaseId, OutboundQueue] = {}
        self._heads: dict[LeaseId, bytes] = {}
        self._waiting: dict[LeaseId, OutboundQueue] = {}
        """The queues that have something to write."""
        self._marks: dict[LeaseId, int] = {}
        self._will_write = False
        self._holds_back = False
        """True while nothing is written until all answers are there."""
        self._written_at = 0.0
        self._under_way: deque[tuple[LeaseId, int]] = deque()
        """The batches that are not answered: each has its receiver, and the number after its last message."""
        self._attending: asyncio.TimerHandle | None = None
        self._settled = asyncio.Event()
        """Set when a queue is shorter, or gone."""

    def meet(self, receiver: LeaseId, queue: OutboundQueue) -> None:
        """Have something to write for a receiver, from now on."""
        words = (b"XADD", self._keys.inbox(receiver).encode(), b"NOMKSTREAM", b"MAXLEN", b"~")
        whole = command(*words, b"%d" % MAX_INBOX_ENTRIES, b"*", BATCH_FIELD, b"")
        self._heads[receiver] = whole.removesuffix(b"0\r\n\r\n")
        self._queues[receiver] = queue

    def drop(self, receiver: LeaseId) -> None:
        for known in (self._queues, self._heads, self._waiting, self._marks):
            known.pop(receiver, None)
        self._settled.set()

    def queue(self, receiver: LeaseId) -> OutboundQueue | None:
        """Return the queue of a receiver, for reading and for leaving out numbers."""
        return self._queues.get(receiver)

    def put(self, receiver: LeaseId, message: bytes) -> bool:
        """Queue a message. Return False if the queue is full, or the receiver is not known. Hot path."""
        queue = self._queues.get(receiver)
        if queue is None or not queue.put(message):
            return False
        self._waiting[receiver] = queue
        if not self._will_write:
            self._wake()
        return True

    async def flush(self) -> None:
        """Wait until Redis has answered for everything that is queued."""
        while any(self._queues.values()):
            self._attend()
            self._settled.clear()
            await self._settled.wait()

    def mark(self) -> None:
        """Write the marks that are due; repeated with each renewal of the lease."""
        for receiver, queue in self._queues.items():
            number = queue.take_mark()
            if number is not None:
                self._marks[receiver] = number
        if self._marks and not self._will_write:
            self._wake()

    def clear(self) -> None:
        """Know no receivers any more."""
        for receiver in list(self._queues):
            self.drop(receiver)

    def _begin(self) -> None:
        self._under_way.clear()
        for receiver, queue in self._queues.items():
            if queue.rewind():
                self._waiting[receiver] = queue
        self._holds_back = False
        self._attend()
        self._write()

    def _wake(self) -> None:
        if self._wire is None or self._holds_back:
            return
        if len(self._under_way) >= MAX_UNANSWERED:
            self._hold_back()
            return
        self._will_write = True
        remaining = self._written_at + GATHER_SECONDS - perf_counter()
        if remaining > 0:
            self._loop.call_later(remaining, self._write)
        else:
            self._loop.call_soon(self._write)

    def _hold_back(self) -> None:
        self._holds_back = True
        self._attend()

    def _write(self) -> None:
        self._will_write = False
        wire = self._wire
        if wire is None or self._holds_back:
            return  # a new connection begins by itself, and the last answer leads here
        requests = self._next_requests()
        if not requests:
            return
        if self._due_at is None:
            self._due_at = self._loop.time() + self._allowed
        wire.write(requests)
        self._written_at = perf_counter()
        if self._waiting:
            self._hold_back()
        elif self._attending is None:
            wire.rest()
            self._attending = self._loop.call_later(ANSWERS_SECONDS, self._attend)

    def _attend(self) -> None:
        """Read the answers."""
        if self._attending is not None:
            self._attending.cancel()
            self._attending = None
        if self._wire is not None:
            self._wire.attend()

    def _read_whole(self, data: bytes) -> bool:
        """Take the numbers of entries, as almost all answers are: nothing has to be known of them."""
        if _ENTRY_IDS(data) is None or (count := data.count(b"$")) > len(self._under_way):
            return False
        self._confirm(count)
        return True

    def _answered(self, answer: Any) -> None:
        # Neither an error nor a number: the receiver has no inbox any more. It will be seen to have left.
        if isinstance(answer, ErrorAnswer):
            self._refuse(answer)
        else:
            self._confirm(1)

    def _confirm(self, count: int) -> None:
        for _ in range(count):
            receiver, end = self._under_way.popleft()
            queue = self._queues.get(receiver)
            if queue is not None:
                queue.confirm(end)
        self._note_answer(len(self._under_way))
        self._settled.set()
        if self._holds_back and not self._under_way:
            self._holds_back = False
            self._write()

    def _next_requests(self) -> bytes:
        """Return an XADD for each receiver, and for each mark. A queue that has more to write is the last
        one in the next round.
        """
        if len(self._waiting) == 1 and not self._marks:  # the hot path
            receiver, queue = self._waiting.popitem()
            found = queue.batch(BATCH_BYTES)
            if queue.waiting:
                self._waiting[receiver] = queue
            return b"" if found is None else self._request(receiver, *found)
        waiting, self._waiting = self._waiting, {}
        requests, size = list[bytes](), 0
        for receiver, queue in waiting.items():
            if size >= ROUND_BYTES:
                self._waiting[receiver] = queue
                continue
            found = queue.batch(BATCH_BYTES)
            if found is not None:
                size += BATCH_BYTES
                requests.append(self._request(receiver, *found))
        for receiver, queue in waiting.items():
            if queue.waiting:
                self._waiting[receiver] = queue
        if self._marks:
            marks, self._marks = self._marks, {}
            requests += [self._request(receiver, number, []) for receiver, number in marks.items()]
        return b"".join(requests)

    def _request(self, receiver: LeaseId, first: int, messages: list[bytes]) -> bytes:
        """Return XADD with a batch; all but the batch is the same each time."""
        self._under_way.append((receiver, first + len(messages)))
        data = encode(Batch(self._sender, first, messages))
        return b"%b%d\r\n%b\r\n" % (self._heads[receiver], len(data), data)


class InboxReader(Line):
    """Read the inbox of one lease, from its beginning, and hand over each batch: one in a turn of the event
    loop. An entry that nobody can read is skipped.

    Redis is asked for the next entries some times in advance, which a consumer group allows: Redis keeps the
    place, so that all these questions are the same. Each connection has a group of its own, since one that
    seems lost may go on reading.
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
        self._block = b"%d" % round(link.times.block * 1000)
        self._inbox = link.keys.inbox(lease_id).encode()
        self._one_entry = re.compile(
            rb"\*1\r\n\*2\r\n\$%d\r\n%b\r\n\*1\r\n\*2\r\n\$\d+\r\n(\d+-\d+)\r\n\*2\r\n\$1\r\n%b\r\n\$(\d+)\r\n"
            % (len(self._inbox), re.escape(self._inbox), BATCH_FIELD)
        ).match
        self._groups = 0
        self._question = b""
        self._asked = 0
        """The questions that are not answered."""
        self._has_group = False
        self._entries: deque[tuple[bytes, list[bytes]]] = deque()
        self.read_to = b"0-0"
        self._unreadable = 0

    def _begin(self) -> None:
        self._entries.clear()  # those that were not handed over are read again
        self._slow = None
        self._asked, self._has_group = 0, False
        former, self._groups = b"%d" % self._groups, self._groups + 1
        group, count = b"%d" % self._groups, b"%d" % READ_ENTRIES
        words = (b"XREADGROUP", b"GROUP", group, b"node", b"COUNT", count, b"BLOCK", self._block)
        self._question = command(*words, b"NOACK", b"STREAMS", self._inbox, b">")
        self._send(
            command(b"XGROUP", b"DESTROY", self._inbox, former)
            + command(b"XGROUP", b"CREATE", self._inbox, group, self.read_to)
        )

    def _ask(self) -> None:
        """Have enough questions under way."""
        missing, self._asked = QUESTIONS - self._asked, QUESTIONS
        self._send(self._question * missing)

    def _read_whole(self, data: bytes) -> bool:
        """Take an answer with one entry, as most are: to read it piece by piece costs ten times as much."""
        found = self._one_entry(data)
        if found is None or self._entries or self._slow is not None:
            return False
        start = found.end()
        if len(data) != start + int(found[2]) + 2:
            return False
        self._asked -= 1
        self._note_answer(self._asked)
        self._hand_over_entry(found[1], [BATCH_FIELD, data[start:-2]])
        return True

    def _answered(self, answer: Any) -> None:
        if isinstance(answer, ErrorAnswer):
            self._refuse(answer)
        elif self._has_group:
            self._asked -= 1
            self._note_answer(self._asked)
            is_idle = not self._entries and self._slow is None
            if answer is not None:
                self._entries.extend(answer[0][1])
            if is_idle:
                self._hand_over(self._wire)
        elif answer == b"OK":
            self._has_group = True
            self._ask()

    def _hand_over(self, wire: RedisWire | None) -> None:
        """Hand over the next entry, if the connection is still that by which it came."""
        if wire is None or wire is not self._wire:
            return
        if self._entries:
            self._hand_over_entry(*self._entries.popleft())
        elif self._asked <= QUESTIONS // 2:
            self._ask()

    def _hand_over_entry(self, entry_id: bytes, fields: list[bytes]) -> None:
        self.read_to = entry_id
        try:
            batch = decode(fields[1]) if fields[0] == BATCH_FIELD else None
        except UnreadableBatch as error:
            batch = None
            self._note_unreadable(error)
        if batch is not None and not self._take(batch):
            self._slow = batch
            self._needs_task.set()
        elif self._entries:
            self._loop.call_soon(self._hand_over, self._wire)
        elif self._asked <= QUESTIONS // 2:
            self._ask()

    async def _do_task(self) -> None:
        batch = self._slow
        if batch is not None:
            await self._take_slowly(batch)
            self._slow = None
            self._hand_over(self._wire)

    def _note_unreadable(self, error: UnreadableBatch) -> None:
        self._unreadable += 1
        if self._unreadable == 1:
            log.warning("cluster.unreadable_batch", error=str(error))
