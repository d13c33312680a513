"""Which worker of a machine the people of a room are sent to, by a table that all workers share.

A message between two workers costs three times one within a worker, so people of one room should be with
one. Each room has a worker of its own by rendezvous hashing: the workers are ranked by a hash of room and
number, and the first that is well takes it. A worker that comes or goes moves its own rooms alone. A worker
that is much fuller than the others is passed over (consistent hashing with bounded loads), so that nobody
can fill one by naming a single room.

The table is memory that the parent opens and all workers map: a row for each, written by nobody else. It is
advice: a row that is late, or read while it is written, sends a connection to a worker that is not the best,
and every worker can serve every room.
"""

import mmap
import os
import time
from collections.abc import Callable
from hashlib import blake2b

BEAT_SECONDS = 2.0
"""The age of a row from which on its worker doesn't count as well. It is written ten times a second."""
ALLOWANCE = 256
"""The connections that a worker may have beyond twice the mean."""
_NUMBER_BYTES, _COLUMNS = 8, 3
_SEEN, _CONNECTIONS, _TURN = range(_COLUMNS)


def open_table(count: int) -> int:
    """Open a table of `count` workers, in which none is well yet; return its file descriptor."""
    file = os.memfd_create("parlour-workers")
    os.ftruncate(file, count * _COLUMNS * _NUMBER_BYTES)
    return file


class WorkerTable:
    """A mapped table. Times are those of CLOCK_MONOTONIC, which all processes of a machine share."""

    def __init__(self, file: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`file` may be closed afterwards."""
        self._clock = clock
        self._memory = mmap.mmap(file, 0)
        self._numbers = memoryview(self._memory).cast("d")

    def close(self) -> None:
        self._numbers.release()
        self._memory.close()

    def note(self, number: int, connections: int) -> None:
        """Note that a worker is well, and how many connections it has."""
        row = number * _COLUMNS
        self._numbers[row + _CONNECTIONS] = connections
        self._numbers[row + _SEEN] = self._clock()

    def clear(self, number: int) -> None:
        """Note that a worker has ended, or is about to."""
        self._numbers[number * _COLUMNS + _SEEN] = 0.0

    def set_turn(self, number: int, turn: int) -> None:
        """Note which of a number's two inboxes newcomers are sent to (`handover.inbox_number`)."""
        self._numbers[number * _COLUMNS + _TURN] = turn

    def turn_of(self, number: int) -> int:
        return int(self._numbers[number * _COLUMNS + _TURN])

    def worker_of_room(self, room: bytes) -> int | None:
        """Return the worker for the people of a room, None if none is known to be well."""
        oldest, numbers = self._clock() - BEAT_SECONDS, self._numbers
        well = [row for row in range(0, len(numbers), _COLUMNS) if numbers[row + _SEEN] > oldest]
        if not well:
            return None
        most = ALLOWANCE + 2 * sum(numbers[row + _CONNECTIONS] for row in well) / len(well)
        roomy = [row // _COLUMNS for row in well if numbers[row + _CONNECTIONS] <= most]
        return max(roomy, key=lambda number: _score(room, number))


def _score(room: bytes, number: int) -> bytes:
    return blake2b(b"%d %b" % (number, room), digest_size=8).digest()
