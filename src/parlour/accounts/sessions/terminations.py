"""Sessions that were ended before their time, for whoever holds sockets that hang on them."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from parlour.accounts.identity import SessionId, UserId
from parlour.errors import Refusal

REMEMBERED = 10_000
"""More than can end within the moment between a look into the database and what follows from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTermination:
    user_id: UserId
    sessions: frozenset[SessionId]
    reason: Refusal


class SessionTerminations:
    """Announced once the database knows of it, taken up by a task of the server."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[SessionTermination] = asyncio.Queue()
        self._recent: OrderedDict[SessionId, None] = OrderedDict()

    def announce(self, user_id: UserId, sessions: frozenset[SessionId], reason: Refusal) -> None:
        if not sessions:
            return
        for session in sessions:
            self._recent[session] = None
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        self._queue.put_nowait(SessionTermination(user_id=user_id, sessions=sessions, reason=reason))

    def include(self, session: SessionId) -> bool:
        """Whether it ended a moment ago: who looked into the database before has to ask here after it."""
        return session in self._recent

    async def next(self) -> SessionTermination:
        return await self._queue.get()
