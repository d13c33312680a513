"""The connections of a node that leaves its cluster are sent to the other nodes, a few at a time."""

import asyncio
import time
from collections.abc import Callable

from parlour.calls.cluster.node import Node
from parlour.calls.presence import ConnectionId
from parlour.calls.socket.dispatch import SocketState
from parlour.cluster.echoes import Echoes
from parlour.engine import Connection, Engine
from parlour.wire.signaling import Restarting

PER_SECOND = 100
"""The connections that are sent away in a second, unless that takes longer than SECONDS for all."""
SECONDS = 2.0
PATIENCE_SECONDS = 0.8
"""The time that the last get for what they have under way."""
LINGER_SECONDS, PATIENT_LINGER_SECONDS = 1.5, 3.0
"""The time for which this node keeps visits that other nodes may fetch: clients come back after a pause. It
is longer where a successor is there already, and nobody waits for the end of this node.
"""
ECHO_SECONDS = 0.5
"""The most that this node waits for what others have sent to it while their people moved away from it."""
LOOK_SECONDS = 0.05


class Departures:
    """Sends all connections of this node away: `restarting`, and the end of their transports."""

    def __init__(self, engine: Engine, node: Node, is_empty: Callable[[], bool], echoes: Echoes) -> None:
        """`is_empty` is False while the end of a connection is not handled yet, or a visit is here whose
        person is on the way to another node.
        """
        self._engine = engine
        self._node = node
        self._is_empty = is_empty
        self._echoes = echoes

    async def run(self, is_hurried: Callable[[], bool], *, is_replaced: bool) -> None:
        """Send all away, keep their visits until they are elsewhere, and pass on what others have sent here
        until they knew: less than five seconds altogether, or 6.5 for a node that `is_replaced`.

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
        await self._linger(is_hurried, PATIENT_LINGER_SECONDS if is_replaced else LINGER_SECONDS)
        if not is_hurried():
            await self._echoes.heard_from_all(within=ECHO_SECONDS)

    async def _linger(self, is_hurried: Callable[[], bool], seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while (  # noqa: ASYNC110 - signals set no event
            not self._is_empty() and not is_hurried() and time.monotonic() < ends_at
        ):
            await asyncio.sleep(LOOK_SECONDS)


def _is_busy(connection: Connection) -> bool:
    state = connection.data
    queues = (state.entries, state.writes) if isinstance(state, SocketState) else ()
    return connection.mailbox.busy or any(queue.busy for queue in queues)
