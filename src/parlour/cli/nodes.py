"""The command `parlour nodes`."""

from typing import TYPE_CHECKING, Any

import click

from parlour.cli.running import CommandResult, as_json, fail, settings_or_fail, show
from parlour.lean_imports import lean_imports

if TYPE_CHECKING:
    from parlour.cluster.redis.overview import SeenNode

PATIENCE_SECONDS = 5.0


@click.command("nodes")
@as_json
def nodes(*, as_json: bool) -> None:
    """List the servers that share this Redis and database (PARLOUR_REDIS_URL), the oldest first.

    Each line has the id of its lease, its machine and process, its version, since when it runs, what it
    holds, how long ago it gave a sign of life, and how many messages of other servers wait for it.
    """
    with lean_imports():
        import asyncio

        from parlour.cluster.redis.connections import REDIS_UNAVAILABLE
        from parlour.cluster.redis.overview import seen_nodes
        from parlour.options import cluster_secret
        from parlour.settings import PREFIX, SettingsError

    settings = settings_or_fail()
    if settings.redis_url is None:
        fail(f"{PREFIX}REDIS_URL is not set: a server without Redis is the only one.")
    try:
        url, secret = settings.redis_url.get_secret_value(), cluster_secret(settings)
        seen = asyncio.run(seen_nodes(url, secret=secret, patience=PATIENCE_SECONDS))
    except SettingsError as error:
        fail(str(error))
    except REDIS_UNAVAILABLE as error:
        fail(f"{PREFIX}REDIS_URL: Redis does not answer ({type(error).__name__}).")
    lines = ["\t".join(_columns(node)) for node in seen] or ["No server is there."]
    show(CommandResult(lines=lines, data=[_data(node) for node in seen]), as_json=as_json)


def _columns(node: "SeenNode") -> list[str]:
    data = _data(node)
    return [
        data["lease"],
        f"{data['host']}:{data['pid']}",
        data["version"],
        f"since {data['started_at']}",
        *(f"{count} {name}" for name, count in node.holds.items()),
        f"seen {node.seen_ago:.1f} s ago",
        f"{node.inbox} in its inbox",
    ]


def _data(node: "SeenNode") -> dict[str, Any]:
    from datetime import UTC, datetime

    from parlour.wire.base import iso

    about = node.lease.description
    return {
        "lease": node.lease.lease_id,
        "node": node.lease.node_id,
        "host": about.host,
        "pid": about.pid,
        "version": about.version,
        "formats": list(about.formats),
        "started_at": iso(datetime.fromtimestamp(about.started_at, UTC)),
        "holds": dict(node.holds),
        "seen_seconds_ago": node.seen_ago,
        "inbox": node.inbox,
    }
