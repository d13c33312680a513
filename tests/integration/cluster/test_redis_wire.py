"""The connections for messages log in as the URL says, over TLS where it says so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from parlour.cluster.redis.connections import LeaseTimes
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.cluster.redis.resp import command
from parlour.cluster.redis.wire import RedisWire, WireOptions, connect
from parlour.node_id import new_node_id
from parlour.redis_client import RedisMaster, connection_pool
from tests.contract.coordination import started
from tests.people import unique
from tests.servers import RedisServer
from tests.servers.certificate import self_signed
from tests.servers.redis import MASTER_NAME, SentinelServer

PATIENCE_SECONDS = 30.0
LONG = LeaseTimes(ttl=120.0, beat=0.1, margin=1.0, patience=30.0, block=1.0)


@pytest.fixture(scope="module")
async def shared_redis() -> AsyncIterator[RedisServer]:
    async with RedisServer() as server:
        yield server


async def connected(url: str, *, patience: float = PATIENCE_SECONDS) -> RedisWire:
    return await connect(WireOptions.of(RedisMaster.of(url, seconds=patience)), patience=patience)


async def asks(url: str) -> None:
    wire = await connected(url)
    try:
        await wire.ask(command(b"GET", b"x"))
    finally:
        await wire.aclose()


async def test_a_user_with_a_password_in_a_database(shared_redis: RedisServer) -> None:
    default = await connected(shared_redis.url)
    await default.ask(command(b"ACL", b"SETUSER", b"par:lour", b"on", b">p@ss/w", b"~*", b"+@all"))
    address = f"127.0.0.1:{shared_redis.port}"
    named = await connected(f"redis://par%3Alour:p%40ss%2Fw@{address}/3")
    assert await named.ask(command(b"ACL", b"WHOAMI")) == b"par:lour"
    await named.ask(command(b"SET", b"there", b"x"))
    assert await default.ask(command(b"EXISTS", b"there")) == 0
    for wrong in (f"redis://:wrong@{address}/0", f"redis://{address}/0", f"{shared_redis.url}99"):
        with pytest.raises(ResponseError) as refused:
            await asks(wrong)
        assert "wrong" not in str(refused.value)
    for wire in (default, named):
        await wire.aclose()


async def test_nodes_meet_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One knows the master's address, the other one a sentinel's. Nobody trusts a strange certificate."""
    certificate, key = tmp_path / "redis.pem", tmp_path / "redis.key"
    self_signed(certificate, key)
    async with RedisServer(tls=(certificate, key)) as server:
        with pytest.raises(OSError, match="certificate"):
            await connected(server.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        secret = unique("a secret that is long enough")
        password = unique("password")
        async with SentinelServer(server, password, quorum=1) as sentinel:
            by_sentinel = (
                f"rediss+sentinel://:{server.password}@127.0.0.1:{sentinel.port}/{MASTER_NAME}/0"
                f"?sentinel_password={password}"
            )
            coordinators = [
                RedisCoordinator(new_node_id(), url, secret=secret, times=LONG)
                for url in (server.url, by_sentinel)
            ]
            ann, bob = [await started(coordinator) for coordinator in coordinators]
            await ann.sees(bob)
            messages = [b"x" * 300_000, b"", b"end"]
            assert all(ann.coordinator.send(bob.id, message) for message in messages)
            await bob.listener.until(lambda: bob.listener.messages.get(ann.id) == messages)
            for node, coordinator in zip((ann, bob), coordinators, strict=True):
                await node.crash()
                await coordinator.aclose()


async def test_a_server_that_speaks_another_language(shared_redis: RedisServer) -> None:
    """Or none: nobody waits for it longer than the patience."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConnectionError):
        await connected(f"redis://:secret@127.0.0.1:{port}")
    server.close()
    shared_redis.freeze()
    with pytest.raises(TimeoutError):
        await connected(shared_redis.url, patience=0.1)
    shared_redis.thaw()


async def test_a_connection_that_was_closed_a_moment_ago_is_lost(shared_redis: RedisServer) -> None:
    """The event loop refuses to write to it, with an error of its own."""
    master = RedisMaster.of(shared_redis.url, seconds=PATIENCE_SECONDS)
    pool = connection_pool(master, connections=1, seconds=PATIENCE_SECONDS)
    connection: Any = await cast(Any, pool).get_connection()
    connection._writer.transport.abort()
    await connection._writer.wait_closed()
    with pytest.raises(RedisConnectionError):
        await connection.send_command("GET", "x", check_health=False)
    await pool.disconnect()


async def test_a_new_connection_takes_one_round_trip_to_log_in() -> None:
    """A node far from Redis has 0.8 s for a request, the connection included."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            heard.append(data)
            writer.write(b"+OK\r\n" * data.count(b"*"))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"redis://:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    master = RedisMaster.of(url, seconds=PATIENCE_SECONDS)
    pool = connection_pool(master, connections=1, seconds=PATIENCE_SECONDS)
    await cast(Any, pool).get_connection()
    await pool.disconnect()
    server.close()
    assert [request.split(b"\r\n")[2] for request in heard] == [b"AUTH"]
