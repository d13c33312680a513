"""Tasks of the cluster: one of two servers does them, and the other once the first is killed."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import cluster_settings
from tests.integration.signaling.raw import raw_socket
from tests.integration.signaling.resuming_client import ResumingClient
from tests.people import Person, Visitors, done
from tests.servers import RedisServer

GUEST_SECONDS = 15
TASKS = ("account cleanup", "attendance of the dead")


@pytest.mark.database("postgres")
async def test_tasks_go_on_at_the_other_server(fresh_server: StartServer, redis: RedisServer) -> None:
    settings = cluster_settings(redis, PARLOUR_GUEST_TTL=GUEST_SECONDS)
    first = await fresh_server(settings)
    for task in TASKS:
        await first.expect_log(f'"task": "{task}", "event": "cluster.task_begun"')
    second = await fresh_server(settings, first.database_url)
    await second.expect_log("cluster.node_joined")
    async with Visitors(first) as here, Visitors(second) as there, AsyncExitStack() as ending:
        ann, bob = await here.client("ann"), await there.client("bob")
        ann_there = await there.same(ann)
        await ann_there.logs_in()
        event = await ann.creates_event()
        await ann.invites(bob, to=event)
        for person in (ann, bob):
            await (await ending.enter_async_context(ResumingClient(person, event))).joins()
            await open_rows(ann if person is ann else ann_there, event)  # answers once that is written
        guest = await there.guest()
        socket = await ending.enter_async_context(raw_socket(second))
        await socket.identifies(guest.token or "")
        assert "cluster.task_begun" not in second.log.read_text()

        await first.kill()
        for task in TASKS:
            await second.expect_log(f'"task": "{task}", "event": "cluster.task_begun"')
        assert (await socket.expects_event("session-ended"))["code"] == "guest_expired"
        async with asyncio.timeout(60):
            while await open_rows(ann_there, event) != {bob.email}:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)


async def open_rows(creator: Person, event: str) -> set[str]:
    """Return the addresses of those who are still there, as the attendance says."""
    answer = done(await creator.get("/event/log", params={"room": event}))
    return {row["email"] for row in answer.json()["attendance"] if row["left_at"] is None}
