"""Connection draining: sessions end one by one, so that their clients do not all come back at once."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable, Iterable

from parlour.engine.client import SocketClient
from parlour.engine.connection import Connection
from parlour.engine.session import Reason, TransportSession
from parlour.engine.sessions import TransportSessions
from parlour.engine.slices import ITEMS_A_TURN

TICK_SECONDS = 0.05
"""The mean pause between two batches; each pause is random, between half of it and one and a half."""

_chance = random.SystemRandom()


class Draining:
    """Ends all sessions of a process, in random order and evenly over some seconds.

    A session is first told (`tell`), and closed once nothing of it is under way: no handler runs, no answer
    waits for its poll.
    """

    def __init__(
        self,
        sessions: TransportSessions,
        *,
        tell: Callable[[Connection], None],
        is_busy: Callable[[Connection], bool],
    ) -> None:
        self._sessions = sessions
        self._tell = tell
        self._is_busy = is_busy
        self._told: list[TransportSession] = []

    async def run(self, *, over: float, patience: float, is_hurried: Callable[[], bool]) -> None:
        """Refuse new sessions, and end those that there are within `over` seconds.

        Those that are not at rest then get `patience` more seconds, and are closed all the same: their
        clients may have gone elsewhere without a word. `is_hurried` ends all waiting, and leaves the sessions
        to `TransportSessions.close`.
        """
        self._sessions.shutting_down = True
        untold = list(self._sessions.by_sid.values())
        _chance.shuffle(untold)
        total, began = len(untold), self._sessions.now()
        while (untold or self._told) and not is_hurried():
            elapsed = self._sessions.now() - began
            if elapsed > over + patience:
                break
            due = total if elapsed >= over else math.ceil(total * elapsed / over)
            batch = [untold.pop() for _ in range(due - (total - len(untold)))]
            async for session in _in_turns(batch):
                self._tell_session(session)
            told, self._told = self._told, []
            async for session in _in_turns(told):
                self._close_at_rest(session)
            await asyncio.sleep(TICK_SECONDS * _chance.uniform(0.5, 1.5))
        if not is_hurried():
            async for session in _in_turns(self._told):
                session.close(Reason.SHUTTING_DOWN)

    def _tell_session(self, session: TransportSession) -> None:
        for connection in _connections(session):
            if connection.connected:
                self._tell(connection)
        self._told.append(session)

    def _close_at_rest(self, session: TransportSession) -> None:
        if session.closed is not None:
            return
        if session.is_at_rest and not any(map(self._is_busy, _connections(session))):
            session.close(Reason.SHUTTING_DOWN)
        else:
            self._told.append(session)


def _connections(session: TransportSession) -> list[Connection]:
    return session.consumer.connections() if isinstance(session.consumer, SocketClient) else []


async def _in_turns(sessions: Iterable[TransportSession]) -> AsyncIterator[TransportSession]:
    """Yield sessions, a few in each turn of the event loop."""
    for count, session in enumerate(sessions, 1):
        yield session
        if count % ITEMS_A_TURN == 0:
            await asyncio.sleep(0)
