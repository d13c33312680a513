"""Sessions that another process ended: a command, or another server on the same database."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from parlour.accounts.facts import SessionsEnded
from parlour.accounts.identity import SessionId, UserId
from parlour.accounts.refusals import AccountDeleted, SessionEndedElsewhere
from parlour.accounts.sessions import store as session_store
from parlour.accounts.sessions.terminations import SessionTerminations
from parlour.bus import Bus
from parlour.db.database import Database
from parlour.errors import Refusal

LOOK_EVERY_SECONDS = 3.0
LOOK_BACK = timedelta(seconds=30)
"""Clocks of several machines differ, and a transaction is committed later than the moment that it names."""

log = structlog.get_logger("parlour.accounts")


class Revocations:
    """Publishes SessionsEnded, once, for what another process revoked lately; `look` is repeated."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        terminations: SessionTerminations,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._bus = bus
        self._terminations = terminations
        self._clock = clock
        self._looked_at = clock()

    async def look(self) -> None:
        now = self._clock()
        async with self._database.reading() as connection:
            revoked = await session_store.revoked_since(connection, self._looked_at - LOOK_BACK)
            deleted = await session_store.deleted_since(connection, self._looked_at - LOOK_BACK)
        self._looked_at = now
        self._publish(revoked, SessionEndedElsewhere())
        self._publish(deleted, AccountDeleted())

    def _publish(self, ended: Iterable[tuple[UserId, SessionId]], reason: Refusal) -> None:
        for user_id, session in ended:
            if not self._terminations.include(session):
                self._bus.publish(
                    SessionsEnded(user_id=user_id, sessions=frozenset({session}), reason=reason)
                )
