"""Real servers that meet in a real Redis: who is there, who is gone, and what Redis being away does."""

import json
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import cluster_settings
from tests.people import http_client
from tests.servers import ParlourServer, RedisServer
from tests.servers.command import run_parlour


@pytest.fixture
async def three(fresh_server: StartServer, redis: RedisServer) -> list[ParlourServer]:
    """With one database and one Redis; all have seen each other."""
    settings = cluster_settings(redis)
    first = await fresh_server(settings)
    servers = [first, *[await fresh_server(settings, first.database_url) for _ in range(2)]]
    await sees(servers[0], "joined", servers[1:])
    await sees(servers[1], "joined", [servers[0], servers[2]])
    await sees(servers[2], "joined", servers[:2])
    return servers


async def sees(server: ParlourServer, what: str, others: Iterable[ParlourServer]) -> None:
    """Wait until the server has logged that these have joined or left, since its log was marked."""
    for other in others:
        await server.expect_log(f'"pid": {other.pid}, "event": "cluster.node_{what}"')


async def nodes(server: ParlourServer) -> list[dict[str, Any]]:
    """Return what `parlour nodes` says."""
    ended = await run_parlour("nodes", "--json", folder=server.folder, settings=server.settings)
    assert (ended.code, ended.err) == (0, "")
    listed: list[dict[str, Any]] = json.loads(ended.out)
    return listed


async def ready(server: ParlourServer) -> int:
    async with http_client(server) as http:
        return (await http.get("/readyz")).status_code


@pytest.mark.database("postgres")
async def test_servers_see_who_joins_freezes_dies_and_leaves(three: list[ParlourServer]) -> None:
    first, second, third = three
    listed = await nodes(first)
    assert [node["pid"] for node in listed] == [server.pid for server in three]
    assert [node["holds"] for node in listed] == [{"sockets": 0, "calls": 0}] * 3
    assert all(node["seen_seconds_ago"] < 60 and node["inbox"] <= 10 for node in listed)
    assert [await ready(server) for server in three] == [200] * 3

    for server in three:
        server.mark_log()
    frozen = third.pid
    os.kill(frozen, signal.SIGSTOP)
    await sees(first, "left", [third])
    await sees(second, "left", [third])
    os.kill(frozen, signal.SIGCONT)
    await third.expect_log("cluster.lease_ended")
    await third.expect_log("cluster.lease_begun")
    await sees(first, "joined", [third])
    assert await ready(third) == 200
    leases = {node["lease"] for node in await nodes(first)}
    assert len(leases) == 3 and leases != {node["lease"] for node in listed}, "it has another lease"

    first.mark_log()
    died = second.pid
    await second.kill()
    await first.expect_log(f'"pid": {died}, "event": "cluster.node_left"')
    assert [node["pid"] for node in await nodes(first)] == [first.pid, third.pid]
    await third.terminate()
    assert [node["pid"] for node in await nodes(first)] == [first.pid], "it has given up its lease"


@pytest.mark.database("sqlite")
async def test_servers_meet_again_when_redis_is_back(three: list[ParlourServer], redis: RedisServer) -> None:
    """It comes back empty. SQLite: servers of one machine with one file are a cluster as well."""
    before = {node["lease"] for node in await nodes(three[0])}
    for server in three:
        server.mark_log()
    await redis.stop()
    for server in three:
        await server.expect_log("cluster.redis_away")
        await server.expect_log("cluster.lease_ended")
        assert await ready(server) == 503
    ended = await run_parlour("nodes", folder=three[0].folder, settings=three[0].settings)
    assert (ended.code, ended.out) == (2, "")
    assert "PARLOUR_REDIS_URL" in ended.err and redis.password not in ended.err
    for server in three:
        server.mark_log()
    await redis.start()
    for server in three:
        await sees(server, "joined", [other for other in three if other is not server])
    assert [await ready(server) for server in three] == [200] * 3
    listed = await nodes(three[0])
    assert len(listed) == 3
    assert not before & {node["lease"] for node in listed}


@pytest.mark.database("sqlite")
async def test_servers_with_other_databases_or_secrets_are_no_nodes_of_one_cluster(
    fresh_server: StartServer, redis: RedisServer
) -> None:
    same = cluster_settings(redis)
    servers = [await fresh_server(same), await fresh_server(same)]
    other = {**same, "PARLOUR_SECRET_KEY": "another secret, which is as long as the first"}
    servers.append(await fresh_server(other, servers[0].database_url))
    for server in servers:
        assert [node["pid"] for node in await nodes(server)] == [server.pid]
    assert not any("cluster.node_joined" in server.log.read_text() for server in servers)


async def test_without_redis_there_is_one_server(tmp_path: Path) -> None:
    ended = await run_parlour("nodes", folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "parlour: PARLOUR_REDIS_URL is not set: a server without Redis is the only one.\n"


@pytest.mark.database("sqlite")
async def test_a_command_shows_them_to_people(fresh_server: StartServer, redis: RedisServer) -> None:
    server = await fresh_server({"PARLOUR_REDIS_URL": redis.url})
    await server.expect_log("cluster.lease_begun")
    ended = await run_parlour("nodes", folder=server.folder, settings=server.settings)
    (line,) = ended.out.splitlines()
    columns = line.split("\t")
    assert f":{server.pid}" in columns[1]
    assert columns[4:6] == ["0 sockets", "0 calls"]
    await server.terminate()
    ended = await run_parlour("nodes", folder=server.folder, settings=server.settings)
    assert ended.out == "No server is there.\n"
