"""`python -m bench.across_nodes`: what a message between two nodes costs, beside socket.io's redis-adapter.

Two processes and a Redis, 300 bytes a message, at several rates. The CPU time is that of both nodes without
the loop that sends at the rate, which is measured before; the delay is from `send` to the receiver's
handler. Prints a table in Markdown.
"""

import argparse
import asyncio
import json
import logging
import shutil
import sys
import time
from dataclasses import dataclass
from typing import Any

import structlog
import uvloop

from bench.machine import ProcessClock, pinned
from bench.servers import NODE_FOLDER, install_node_packages
from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.redis.connections import LeaseTimes
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.node_id import new_node_id
from tests.servers import RedisServer

SECRET = "the bench's own secret, which is long enough"  # noqa: S105 - of a Redis that lasts a minute
RATES = (10, 1_000, 10_000, 1_000_000)
SATURATED = 50_000
"""The rate from which the sender does nothing but send, so that its loop counts as well."""
BODY = b"x" * 292
LONG = LeaseTimes(ttl=60.0, patience=20.0)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a kind of nodes at a rate: messages a second, microseconds of CPU time each, seconds."""

    rate: float
    sender: float
    receiver: float
    redis: float
    p50: float
    p99: float


class Listener:
    """Takes note of the messages, and of the other node."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.began: float | None = None
        self.met: asyncio.Future[LeaseId] = asyncio.get_running_loop().create_future()
        self.done = asyncio.Event()

    def lease_begun(self, lease: Lease) -> None: ...

    def lease_lost(self) -> None: ...

    def node_joined(self, lease: Lease) -> None:
        if not self.met.done():
            self.met.set_result(lease.lease_id)

    def node_left(self, lease: Lease) -> None: ...

    def messages_lost(self, sender: LeaseId) -> None:
        raise RuntimeError("messages were lost")

    def received(self, _sender: LeaseId, message: bytes) -> None:
        if not message:
            self.done.set()
            return
        if self.began is None:
            self.began = time.process_time()
        self.delays.append(time.monotonic() - int.from_bytes(message[:8], "big") / 1e9)


async def node(role: str, url: str, rate: float, seconds: float) -> None:
    """Be one of the two nodes, and print a line of JSON."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    coordinator = RedisCoordinator(new_node_id(), url, secret=SECRET, times=LONG)
    listener = Listener()
    coordinator.listen(listener)
    running = asyncio.create_task(coordinator.run())
    if role == "receiver":
        _say(ready=True)
        await listener.done.wait()
        cpu, delays = time.process_time() - (listener.began or 0.0), sorted(listener.delays)
        p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
        _say(received=len(delays), cpu=cpu, p50=p50, p99=p99)
    else:
        to = await listener.met
        _, loop = await paced(None, to, rate, seconds)
        sent, cpu = await paced(coordinator, to, rate, seconds)
        while coordinator.backlog(to):  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)
        coordinator.send(to, b"")
        await asyncio.sleep(0.5)
        _say(sent=sent, cpu=cpu, loop=loop)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await coordinator.leave()
    await coordinator.aclose()


async def paced(
    coordinator: RedisCoordinator | None, to: LeaseId, rate: float, seconds: float
) -> tuple[int, float]:
    """Send at the rate; return how many were sent and the CPU time. None sends nothing."""
    before, began, sent = time.process_time(), time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        due = min(int(passed * rate), sent + 2_000)
        while sent < due:
            message = time.monotonic_ns().to_bytes(8, "big") + BODY
            if coordinator is not None and not coordinator.send(to, message):
                break
            sent += 1
        await asyncio.sleep(0.001 if rate < SATURATED else 0)
    return sent, time.process_time() - before


async def measured(kind: str, redis: RedisServer, rate: float, options: argparse.Namespace) -> Cost:
    """Run two nodes of a kind."""
    if kind == "Parlour":
        program = [sys.executable, "-m", "bench.across_nodes"]
    else:
        program = ["node", str(NODE_FOLDER / "adapter.js")]
    clock = ProcessClock(redis.pid)
    receiver = await _start(*program, "receiver", redis.url, rate, options.seconds)
    await _line(receiver)
    before = clock.seconds()
    sender = await _start(*program, "sender", redis.url, rate, options.seconds)
    sent, received = await _line(sender), await _line(receiver)
    used = clock.seconds() - before
    await asyncio.gather(sender.wait(), receiver.wait())
    if received["received"] != sent["sent"]:
        raise RuntimeError(f"{kind}: {sent['sent']} messages were sent and {received['received']} received")
    count = sent["sent"]
    return Cost(
        rate=count / options.seconds,
        sender=(sent["cpu"] - (sent["loop"] if rate < SATURATED else 0.0)) / count * 1e6,
        receiver=received["cpu"] / count * 1e6,
        redis=used / count * 1e6,
        p50=received["p50"],
        p99=received["p99"],
    )


async def main(options: argparse.Namespace) -> None:
    print("| nodes | messages/s | sender, µs | receiver, µs | Redis, µs | p50, ms | p99, ms | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    async with RedisServer() as redis:
        for rate in options.rates:
            costs = {kind: await measured(kind, redis, rate, options) for kind in ("Node", "Parlour")}
            node_total = costs["Node"].sender + costs["Node"].receiver
            for kind, cost in costs.items():
                ratio = (cost.sender + cost.receiver) / node_total if node_total else 0.0
                print(_row(kind, cost, ratio), flush=True)


def _row(kind: str, cost: Cost, ratio: float) -> str:
    used = f"{cost.sender:.1f} | {cost.receiver:.1f} | {cost.redis:.1f}"
    delays = f"{cost.p50 * 1e3:.2f} | {cost.p99 * 1e3:.2f}"
    return f"| {kind} | {cost.rate:,.0f} | {used} | {delays} | {ratio:.2f} |"


async def _start(*command: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, preexec_fn=pinned(None)
    )


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(600):
        line: dict[str, Any] = json.loads(await process.stdout.readline())
    return line


def _say(**line: object) -> None:
    print(json.dumps(line), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.across_nodes", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rates", type=float, nargs="*", default=RATES, help="messages a second")
    parser.add_argument("node", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = _options()
    if chosen.node:
        role, url, rate, seconds = chosen.node
        uvloop.run(node(role, url, float(rate), float(seconds)))
    else:
        if shutil.which("node") is None or shutil.which("npm") is None:
            sys.exit("bench: Node.js with npm is needed, whose socket.io Parlour is measured against.")
        install_node_packages()
        uvloop.run(main(chosen))
