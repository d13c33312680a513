"""Garbage collections that do not stop the event loop.

References alone free what a connection or a request used: neither leaves cycles behind. So a collection of
all objects finds nothing, yet it takes 25 ms for each thousand connections. Here Python collects young
objects alone, a bounded number at a time, and all objects at moments when few are alive.
"""

import gc
from collections.abc import Callable

YOUNG_OBJECTS = 1_000
"""A collection of young objects is due after this many; the next takes twice as many, in 2 ms or less."""
NEVER = 1 << 30
IDLE_SECONDS = 60.0
FEW_CONNECTIONS = 20


def collect_young_objects_alone() -> None:
    """Turn collections on, without those of old objects; exempt all present objects, modules above all."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 0, NEVER)
    gc.enable()


class IdleCollections:
    """Collects all objects when few connections are open: then it takes milliseconds."""

    def __init__(self, connections: Callable[[], int]) -> None:
        self._connections = connections

    async def collect(self) -> None:
        """Do nothing while connections are open: their objects would make the collection long."""
        if self._connections() <= FEW_CONNECTIONS:
            gc.collect()
