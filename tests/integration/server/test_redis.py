"""Servers with one Redis share what they count; without it, each goes on alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from limits import RateLimitItemPerHour
from redis.asyncio import Redis

from parlour.errors import RateLimited
from parlour.limits.memory_counts import MemoryRateLimitStorage, RateLimitStorage
from parlour.limits.password_throttle import Backoff
from parlour.limits.quotas import Quota
from parlour.limits.redis_counts import PATIENCE_SECONDS, PREFIX, RedisRateLimitStorage
from tests.conftest import StartServer
from tests.people import Person, Visitors, http_client, unique, until_refused
from tests.servers import ParlourServer, RedisServer
from tests.servers.command import run_parlour
from tests.servers.process import free_port
from tests.servers.stopwatch import Stopwatch

pytestmark = pytest.mark.database("sqlite")

FREE = 5
"""Wrong passwords. Where they were counted, so many more are heard only on a machine that is so slow that it
misses four waits, of 1, 2, 4 and 8 seconds."""
SECRET = "servers-with-one-redis-have-one-secret-0123456789"


async def two_servers(start: StartServer, redis: RedisServer) -> tuple[ParlourServer, ParlourServer]:
    """With one database and one Redis."""
    settings = {
        "PARLOUR_REDIS_URL": redis.url,
        "PARLOUR_SECRET_KEY": SECRET,
        "PARLOUR_FAILURES_PER_ACCOUNT": FREE,
    }
    first = await start(settings)
    return first, await start(settings, first.database_url)


async def guesses(server: ParlourServer, person: Person, times: int = 1) -> list[int]:
    """The statuses of so many wrong passwords, one after the other."""
    body = {"username": person.username, "password": "a wrong guess"}
    async with http_client(server) as http:
        return [(await http.post("/client/login", json=body)).status_code for _ in range(times)]


async def heard(server: ParlourServer, person: Person) -> tuple[int, float]:
    """How many wrong passwords are heard before one has to wait, and for how many seconds."""
    body = {"username": person.username, "password": "a wrong guess"}
    async with http_client(server) as http:
        count, refused = await until_refused(lambda: http.post("/client/login", json=body))
    assert refused.json()["code"] == "rate_limited"
    return count, int(refused.headers["Retry-After"])


async def ready(server: ParlourServer) -> int:
    async with http_client(server) as http:
        return (await http.get("/readyz")).status_code


async def test_failures_on_one_server_count_on_the_other(
    fresh_server: StartServer, redis: RedisServer
) -> None:
    first, second = await two_servers(fresh_server, redis)
    async with Visitors(first) as people, Visitors(second) as elsewhere:
        ann = await people.client("ann")
        assert await guesses(first, ann, FREE) == [401] * FREE
        count, seconds = await heard(second, ann)
        assert count < FREE
        twin = await elsewhere.stranger()
        await asyncio.sleep(seconds + 0.05)  # as a person would who reads it
        right = {"username": ann.username, "password": ann.password}
        assert (await twin.post("/client/login", right)).status_code == 200
        assert await guesses(first, ann, 2) == [401, 401], "a right one on either forgets the wrong ones"
    async with Redis.from_url(redis.url) as look:
        keys = [key.decode() async for key in look.scan_iter()]
        lives = [await look.ttl(key) for key in keys]
    assert keys
    assert all(key.startswith("parlour/") for key in keys)
    assert all(0 <= life <= 86_400 for life in lives)
    assert ann.username and ann.username not in str(keys), "who reads Redis learns no names"


async def test_redis_goes_and_comes_back(fresh_server: StartServer, redis: RedisServer) -> None:
    first, second = await two_servers(fresh_server, redis)
    async with Visitors(first) as people:
        ann, bob, cem = [await people.client(name) for name in ("ann", "bob", "cem")]
        assert await ready(first) == await ready(second) == 200
        assert await guesses(first, ann, FREE - 1) == [401] * (FREE - 1)
        await redis.stop()
        await bob.logs_in()
        assert await ready(first) == 503
        assert (await heard(first, ann))[0] < FREE, "what this server counted itself still counts"
        assert (await heard(first, bob))[0] >= FREE
        assert await guesses(second, bob, 1) == [401], "the other one counts alone"
        logged = first.log.read_text()
        assert logged.count("counts.redis_away") == 1
        assert redis.password not in logged
        await redis.start()
        assert await ready(first) == await ready(second) == 200
        assert "counts.redis_back" in first.log.read_text()
        assert await guesses(first, cem, FREE) == [401] * FREE
        assert (await heard(second, cem))[0] < FREE, "shared again"


async def test_a_redis_that_hangs_holds_nobody_up(fresh_server: StartServer, redis: RedisServer) -> None:
    first, _ = await two_servers(fresh_server, redis)
    async with Visitors(first) as people:
        ann = await people.client("ann")
        redis.freeze()
        async with Stopwatch(first.pid) as watch:
            await ann.logs_in()
        assert watch.seconds < PATIENCE_SECONDS + 1, str(watch)
        async with Stopwatch(first.pid) as watch:
            assert await guesses(first, ann, FREE) == [401] * FREE
        assert watch.seconds < FREE * PATIENCE_SECONDS, f"nobody else waits: {watch}"
        assert (await heard(first, ann))[0] < FREE
        redis.thaw()
        await first.expect_log("counts.redis_back")
        assert await ready(first) == 200


async def test_a_start_without_redis(fresh_server: StartServer, redis: RedisServer) -> None:
    await redis.stop()
    server = await fresh_server({"PARLOUR_REDIS_URL": redis.url, "PARLOUR_FAILURES_PER_ACCOUNT": FREE})
    await server.expect_log("counts.redis_away")
    async with Visitors(server) as people:
        ann = await people.client("ann")
        assert (await heard(server, ann))[0] >= FREE
    assert await ready(server) == 503
    await redis.start()
    assert await ready(server) == 200


@pytest.mark.parametrize("wrong", ["password", "database"])
async def test_a_redis_that_refuses_ends_the_start(tmp_path: Path, redis: RedisServer, wrong: str) -> None:
    url = f"redis://:sw0rdfish@127.0.0.1:{redis.port}" if wrong == "password" else f"{redis.url}99"
    ended = await run_parlour(
        "serve", "--port", str(free_port()), folder=tmp_path, settings={"PARLOUR_REDIS_URL": url}
    )
    (line,) = ended.err.splitlines()
    assert (ended.code, ended.out) == (2, "")
    assert "PARLOUR_REDIS_URL" in line
    assert "sw0rdfish" not in line and redis.password not in line
    assert not list(tmp_path.rglob("parlour.db")), "a start that is refused migrates nothing"


# What limits ask of a storage, of each kind that there is.


@pytest.fixture(params=["memory", "redis"])
async def storage(request: pytest.FixtureRequest) -> AsyncIterator[RateLimitStorage]:
    if request.param == "memory":
        yield MemoryRateLimitStorage()
        return
    async with RedisServer() as server:
        shared = RedisRateLimitStorage(server.url, secret=SECRET)
        yield shared
        assert await shared.check()
        await shared.aclose()


async def test_waits_double(storage: RateLimitStorage) -> None:
    backoff = Backoff(storage, name="login", free=3, longest=4)
    waits = []
    for _ in range(6):
        await storage.clear("login/wait/ann")  # the wait of the last one alone
        await backoff.failed("ann")
        try:
            await backoff.require("ann")
        except RateLimited as refused:
            waits.append(refused.retry_after)
    assert waits == [1, 2, 4, 4]
    await backoff.forget("ann")
    await storage.clear("login/wait/ann")
    await backoff.failed("ann")
    await backoff.require("ann")


async def test_retry_after_is_never_too_short(storage: RateLimitStorage) -> None:
    backoff = Backoff(storage, name="login", free=1, longest=1)
    seconds = 0.0
    while not seconds:  # a machine that stands still for a second misses the wait
        await backoff.failed("ann")
        try:
            await backoff.require("ann")
        except RateLimited as refused:
            seconds = refused.retry_after
    await asyncio.sleep(seconds + 0.01)
    await backoff.require("ann")


async def test_of_many_at_once_as_many_as_allowed(storage: RateLimitStorage) -> None:
    quota = Quota(storage, RateLimitItemPerHour(7, namespace=unique("rooms")))
    outcomes = await asyncio.gather(*(quota.take("ann") for _ in range(40)), return_exceptions=True)
    assert outcomes.count(None) == 7
    refused = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert len(refused) == 33
    assert all(0 < one.retry_after <= 3600 for one in refused)
    await quota.take("bob")


async def test_keys_end_with_the_prefix_and_the_time() -> None:
    """What nobody counts any more is not kept."""
    async with RedisServer() as server:
        shared = RedisRateLimitStorage(server.url, secret=SECRET)
        await shared.incr("x", 60)
        await shared.incr("x", 60)
        async with Redis.from_url(server.url) as look:
            (key,) = [key async for key in look.scan_iter()]
            assert key.startswith(f"{PREFIX}:".encode())
            assert 0 < await look.ttl(key) <= 60
        assert await shared.reset() == 1
        assert await shared.get("x") == 0
        await shared.aclose()


@pytest.mark.parametrize("state", ["answers", "frozen", "away"])
async def test_a_task_that_is_cancelled_ends(redis: RedisServer, state: str) -> None:
    """However far its count has come: a task that goes on would hold up the end of a request or a server."""
    if state == "frozen":
        redis.freeze()
    elif state == "away":
        await redis.stop()
    for turns in range(40):
        shared = RedisRateLimitStorage(redis.url, secret=SECRET)
        task = asyncio.create_task(_count_and_wait(shared))
        for _ in range(turns):
            await asyncio.sleep(0.0002 if state == "answers" else 0)
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=60)
        assert not pending, f"the cancellation after {turns} turns was swallowed"
        assert task.cancelled()
        await shared.aclose()


async def _count_and_wait(storage: RedisRateLimitStorage) -> None:
    await storage.incr("x", 60)
    await asyncio.Event().wait()


async def test_a_redis_whose_clock_was_set_back() -> None:
    """It keeps what ends soon for a day and more; nobody waits longer for that than the limit says."""
    async with RedisServer() as server:
        shared = RedisRateLimitStorage(server.url, secret=SECRET)
        backoff = Backoff(shared, name="login", free=1, longest=4)
        await backoff.failed("ann")
        async with Redis.from_url(server.url) as look:
            for key in [key async for key in look.scan_iter()]:
                await look.expire(key, 86_401)
            with pytest.raises(RateLimited) as refused:
                await backoff.require("ann")
            assert refused.value.retry_after <= 4
            assert min([await look.ttl(key) async for key in look.scan_iter()]) <= 4, "and then it is over"
        await shared.aclose()
