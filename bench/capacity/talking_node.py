"""A node without people that sends to all others.

`python -m bench.capacity.talking_node URL NODES RATE SECONDS` says when it has met them,
begins at a line of input, and prints a line of JSON.
"""

import asyncio
import itertools
import json
import logging
import sys
import time

import structlog
import uvloop

from bench.across_nodes import BODY, LONG, SECRET
from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.node_id import new_node_id

LATE_SECONDS = 1.0
"""Messages on their way at the end have arrived after it."""


class Listener:
    """Takes note of the others, and of how long their messages were on the way."""

    def __init__(self, others: int) -> None:
        self._expected = others
        self.others: list[LeaseId] = []
        self.has_met = asyncio.Event()
        self.delays: list[float] = []

    def lease_begun(self, lease: Lease) -> None: ...

    def lease_lost(self) -> None: ...

    def node_joined(self, lease: Lease) -> None:
        self.others.append(lease.lease_id)
        if len(self.others) == self._expected:
            self.has_met.set()

    def node_left(self, lease: Lease) -> None: ...

    def messages_lost(self, sender: LeaseId) -> None:
        raise RuntimeError("messages were lost")

    def received(self, _sender: LeaseId, message: bytes) -> None:
        self.delays.append(time.monotonic() - int.from_bytes(message[:8], "big") / 1e9)


async def talk(url: str, nodes: int, rate: float, seconds: float) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    coordinator = RedisCoordinator(new_node_id(), url, secret=SECRET, times=LONG)
    listener = Listener(nodes - 1)
    coordinator.listen(listener)
    running = asyncio.create_task(coordinator.run())
    await listener.has_met.wait()
    loop_took = await _pace(None, listener, rate, seconds=1.0) * seconds
    print("met", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    took = await _pace(coordinator, listener, rate, seconds)
    await asyncio.sleep(LATE_SECONDS)
    print(json.dumps({"cpu": took - loop_took, "delays": listener.delays}), flush=True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await coordinator.leave()
    await coordinator.aclose()


async def _pace(
    coordinator: RedisCoordinator | None, listener: Listener, rate: float, seconds: float
) -> float:
    """Send to the others in turn; return the CPU time. None sends nothing."""
    before, began, sent = time.process_time(), time.monotonic(), 0
    turn = itertools.cycle(listener.others)
    while (passed := time.monotonic() - began) < seconds:
        while sent < int(passed * rate):
            if coordinator is not None:
                coordinator.send(next(turn), time.monotonic_ns().to_bytes(8, "big") + BODY)
            sent += 1
        await asyncio.sleep(0.001)
    return time.process_time() - before


if __name__ == "__main__":
    _, redis_url, node_count, messages_per_second, duration = sys.argv
    uvloop.run(talk(redis_url, int(node_count), float(messages_per_second), float(duration)))
