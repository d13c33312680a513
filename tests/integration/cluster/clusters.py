"""Servers that are the nodes of one cluster."""

from tests.conftest import StartServer
from tests.servers import ParlourServer, RedisServer

SECRET = "the same secret for all servers of the cluster"


def cluster_settings(redis: RedisServer, **more: object) -> dict[str, object]:
    """Return the settings that servers of one cluster share, and `more`. They wait for no balancer when they
    end.
    """
    settings = {"PARLOUR_REDIS_URL": redis.url, "PARLOUR_SECRET_KEY": SECRET, "PARLOUR_DRAIN_SECONDS": 0}
    return {**settings, **more}


async def two_servers(
    fresh_server: StartServer, redis: RedisServer, **more: object
) -> tuple[ParlourServer, ParlourServer]:
    """Start two servers with one database and one Redis, which have seen each other."""
    settings = cluster_settings(redis, **more)
    first = await fresh_server(settings)
    second = await fresh_server(settings, first.database_url)
    for server in (first, second):
        await server.expect_log("cluster.node_joined")
    return first, second
