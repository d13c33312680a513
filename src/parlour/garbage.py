"""Garbage collections that do not stop the event loop.

References alone free what a connection or a request used: neither leaves cycles behind. So a collection of
all objects finds nothing, yet it takes 25 ms for each thousand connections. Here Python collects young
objects alone, a bounded number at a time, and all objects at moments when few are alive.
"""

import gc
import resource
from collections.abc import Callable

YOUNG_OBJECTS = 1_000
"""A collection of young objects is due after this many; the next takes twice as many, in 2 ms or less."""
NEVER = 1 << 30
YOUNG_SECONDS = 0.1
"""The interval of `collect_young_objects`."""
FULL_SECONDS = 60.0
FEW_CONNECTIONS = 20
FEW_OBJECTS = 15_000
"""Beside modules, which are exempt. A collection of all takes 120 to 200 ns for each: 3 ms at most."""
MOST_GROWTH = 512 * 2**20


def collect_young_objects_alone() -> None:
    """Turn collections on, without those of old objects; exempt all present objects, modules above all."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 0, NEVER)
    gc.enable()


def collect_young_objects() -> None:
    """Collect the young objects now. Call it every YOUNG_SECONDS.

    Python counts allocations less deallocations, of old objects too. While connections end as fast as others
    are made, or thousands end at once, the count stands still, and young objects pile up: the collection that
    came at last has taken 14 ms, for 116,000 of them.
    """
    gc.collect(1)


class FullCollections:
    """Collects all objects when few connections are open and few objects are alive: in some 3 ms.

    After a busy hour that is not so: what is kept about 5,000 people takes 14 ms. A server that is never that
    empty does so, with a long pause, only after its memory has grown by MOST_GROWTH: more than connections
    explain, so it is the lesser evil.
    """

    def __init__(self, connections: Callable[[], int], *, peak_memory: Callable[[], int]) -> None:
        """`peak_memory` returns the most bytes that the process has had."""
        self._connections = connections
        self._peak_memory = peak_memory
        self._peak_before = peak_memory()

    async def collect_if_due(self) -> None:
        peak = self._peak_memory()
        if self._is_empty() or peak - self._peak_before > MOST_GROWTH:
            self._peak_before = peak
            gc.collect()

    def _is_empty(self) -> bool:
        """Count objects only while there are few connections: it takes a tenth of a collection."""
        return self._connections() <= FEW_CONNECTIONS and len(gc.get_objects(generation=2)) <= FEW_OBJECTS


def peak_memory() -> int:
    """Return the peak of the process's resident memory in bytes (getrusage(2): kilobytes on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
