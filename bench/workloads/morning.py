"""Eight in the morning: 500 people log in within a minute beside a running call, whose relays are timed."""

import asyncio
import random
import time

from bench.outcome import PARLOUR, Figure
from bench.servers import Server
from bench.slices import Run
from bench.workloads.mix import Conversation, conversation_of_pairs
from bench.workloads.web import FIRST_REFRESHER, Browser, log_in

MORNING = (
    Figure(key="relay-rest", title="99th percentile of a relay before, when nobody logs in", unit="ms"),
    Figure(key="relay-median", title="Median delay of a relay meanwhile", unit="ms"),
    Figure(key="relay-p99", title="99th percentile of a relay meanwhile", unit="ms", own_target=5.0),
    Figure(key="relay-max", title="Longest delay of a relay meanwhile", unit="ms"),
    Figure(key="login-median", title="Median time to log in", unit="ms"),
    Figure(key="login-p99", title="99th percentile to log in", unit="ms"),
    Figure(key="login-cpu", title="CPU of a login and the relays beside it, hash aside", unit="µs"),
)
LOGINS_PER_SECOND = 500 / 60
RELAYS_PER_SECOND = 500
PAIRS_IN_CALLS = 10
SECONDS = 20.0
"""The length of a round: the pace of the minute for a third of it."""
REST_SECONDS = 5.0


async def measure_morning(run: Run) -> None:
    """Measure Parlour alone: the server of Node has no logins."""
    server = next(one for one in run.servers if one.name == PARLOUR)
    conversation = await conversation_of_pairs(run, server, pairs=PAIRS_IN_CALLS, pace=RELAYS_PER_SECOND)
    arrivals = random.Random(8)
    for number in range(run.rounds):
        at_rest = await _delays(conversation, REST_SECONDS)
        logins: list[float] = []
        async with run.slice(server) as reading:
            delays, _ = await asyncio.gather(
                _delays(conversation, SECONDS), _logins(run, server, arrivals, logins)
            )
        run.outcome.rounds.append(
            {
                PARLOUR: {
                    "relay-rest": _part(at_rest, 0.99),
                    "relay-median": _part(delays, 0.5),
                    "relay-p99": _part(delays, 0.99),
                    "relay-max": delays[-1] * 1e3,
                    "login-median": _part(logins, 0.5),
                    "login-p99": _part(logins, 0.99),
                    "login-cpu": (reading.server - reading.hashing) / len(logins) * 1e6,
                }
            }
        )
        run.say(f"    {run.outcome.workload}: round {number + 1} of {run.rounds}")


async def _delays(conversation: Conversation, seconds: float) -> list[float]:
    conversation.delays.clear()
    await conversation.run(seconds)
    await conversation.end()
    return sorted(conversation.delays)


async def _logins(run: Run, server: Server, arrivals: random.Random, times: list[float]) -> None:
    """Log people in as they arrive, independently of each other (a Poisson process)."""
    until = time.perf_counter() + SECONDS
    number = FIRST_REFRESHER
    async with asyncio.TaskGroup() as arriving:
        while True:
            await asyncio.sleep(arrivals.expovariate(LOGINS_PER_SECOND))
            if time.perf_counter() > until:
                break
            arriving.create_task(_login(run, server, number, times))
            number = number + 1 if number + 1 < len(run.seed.people) else FIRST_REFRESHER
    times.sort()


async def _login(run: Run, server: Server, number: int, times: list[float]) -> None:
    began = time.perf_counter()
    browser = await Browser.open(server.port, run.seed.people[number])
    await log_in(browser)
    times.append(time.perf_counter() - began)
    browser.writer.close()


def _part(ordered: list[float], part: float) -> float:
    """Return a quantile, in milliseconds."""
    return ordered[int(len(ordered) * part)] * 1e3
