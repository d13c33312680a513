"""The connections of a node that leaves its cluster are sent to the other nodes, a few at a time."""

import asyncio
import time
from collections.abc import Callable

from parlour.calls.cluster.node import Node
from parlour.calls.presence import ConnectionId
from parlour.calls.socket.dispatch import SocketState
from parlour.engine import Connection, Engine
from parlour.wire.signaling import Restarting

PER_SECOND = 100
"""The connections that are sent away in a second, unless that takes longer than SECONDS for all."""
SECONDS = 2.0
PATIENCE_SECONDS = 0.8
"""The time that the last get for what they have under way."""
LINGER_SECONDS = 1.5
"""The time for which this node keeps visits that other nodes may fetch: clients come back after a pause."""
LOOK_SECONDS = 0.05


class Departures:
    """Sends all connections of this node away: `restarting`, and the end of their transports."""

    def __init__(self, engine: Engine, node: Node, has_away: Callable[[], bool]) -> None:
        """`has_away` is True while there are visits of people who are on their way to other nodes."""
        self._engine = engine
        self._node = node
        self._has_away = has_away

    async def run(self, is_hurried: Callable[[], bool]) -> None:
        """Send all away, and keep their visits until they are elsewhere: less than five seconds altogether.

        New connections are refused from now on.
        """
        restarting = Restarting()

        def tell(connection: Connection) -> None:
            self._node.deliver(ConnectionId(connection.sid), restarting)

        await self._engine.drain(
            tell=tell,
            is_busy=_is_busy,
            over=min(SECONDS, len(self._engine.sessions.by_sid) / PER_SECOND),
            patience=PATIENCE_SECONDS,
            is_hurried=is_hurried,
        )
        await self._linger(is_hurried)

    async def _linger(self, is_hurried: Callable[[], bool]) -> None:
        ends_at = time.monotonic() + LINGER_SECONDS
        while (  # noqa: ASYNC110 - signals set no event
            self._has_away() and not is_hurried() and time.monotonic() < ends_at
        ):
            await asyncio.sleep(LOOK_SECONDS)


def _is_busy(connection: Connection) -> bool:
    state = connection.data
    queues = (state.entries, state.writes) if isinstance(state, SocketState) else ()
    return connection.mailbox.busy or any(queue.busy for queue in queues)
