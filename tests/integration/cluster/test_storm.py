"""A thousand random steps of people on three nodes, of which each is killed, frozen or cut off now and then.

`make fuzz` (FUZZ=full) takes 20,000. STORM_SEED repeats a run, and STORM_STEPS changes its length.
STORM_SPREAD says at how many nodes the people of a room are: all three unless it is set. STORM_DISASTERS
names the disasters that come, such as "Calm Frost+Death". Whoever runs this has to be root, since nodes are
cut off by nftables.
"""

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import cluster_settings
from tests.integration.cluster.storm import weather
from tests.integration.cluster.storm.nodes import Node
from tests.integration.cluster.storm.redis_line import RedisLine
from tests.integration.cluster.storm.storm import GRACE, Plan, Storm
from tests.people import Visitors
from tests.servers import RedisServer
from tests.servers.packet_filter import PacketFilter

IS_LONG = os.environ.get("FUZZ") == "full"
STEPS = int(os.environ.get("STORM_STEPS", "20000" if IS_LONG else "1000"))
SPREAD = int(os.environ.get("STORM_SPREAD", "3"))
CHOSEN = os.environ.get("STORM_DISASTERS", "").split()
NAMES = ("ann", "bob", "carl", "dan", "eve", "fay", "watcher")
ROOMS = 4
PLENTY = 1_000_000


@pytest.fixture
def seed() -> int:
    number = int(os.environ.get("STORM_SEED", random.SystemRandom().randrange(10**6)))
    print(f"STORM_SEED={number}")  # noqa: T201 - pytest shows it where a test fails
    return number


def disasters(seed: int) -> Sequence[weather.Kinds]:
    if CHOSEN:
        return [kinds for kinds in weather.LONG_RUN if weather.name_of(kinds) in CHOSEN]
    one = random.Random(seed).choice(weather.ONE_A_RUN)  # noqa: S311 - to be repeated
    return weather.LONG_RUN if IS_LONG else (*weather.EVERY_RUN, one)


@pytest.mark.timeout(3600)
@pytest.mark.database("postgres")
async def test_a_call_survives_all_weather(fresh_server: StartServer, redis: RedisServer, seed: int) -> None:
    settings = {
        **cluster_settings(redis),
        "PARLOUR_RESUME_GRACE": GRACE,
        "PARLOUR_ACCESS_TOKEN_TTL": 86_400,
        # A few accounts have the connections of many.
        "PARLOUR_SOCKETS_PER_PERSON": PLENTY,
        "PARLOUR_ENTRIES_PER_SECOND": PLENTY,
        "PARLOUR_CHATS_PER_SECOND": PLENTY,
        "PARLOUR_OTHERS_PER_SECOND": PLENTY,
        "PARLOUR_MESSAGES_PER_MINUTE": PLENTY,
        "PARLOUR_WRITES_PER_MINUTE": PLENTY,
    }
    async with AsyncExitStack() as ending:
        packets = ending.enter_context(PacketFilter())
        nodes: list[Node] = []
        for number in range(3):
            line = await ending.enter_async_context(RedisLine(redis.port))
            url = redis.url.replace(f":{redis.port}/", f":{line.port}/")
            database = nodes[0].server.database_url if nodes else None
            server = await fresh_server({**settings, "PARLOUR_REDIS_URL": url}, database)
            nodes.append(Node(number, server, line, packets))
            ending.push_async_callback(nodes[-1].aclose)
        visitors = await ending.enter_async_context(Visitors(nodes[0].server))
        *people, watcher = await asyncio.gather(*(visitors.client(name) for name in NAMES))
        for node in nodes:
            await node.server.expect_log("cluster.node_joined")
        storm = await ending.enter_async_context(
            Storm(Plan(seed, STEPS, SPREAD, disasters(seed)), nodes, redis)
        )
        for number in range(ROOMS):
            await storm.add_room(people[0], people, watcher, is_event=number % 2 == 1)
        await storm.run()
        sys.stdout.write(f"{storm.steps.total()} steps: {dict(storm.steps)}\n")
