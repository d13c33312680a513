"""The use cases of an event's attendance: one row a visit, open while it lasts."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from parlour.accounts.identity import Identity
from parlour.db.database import AsyncConnection, Database
from parlour.events import store
from parlour.events.entities import AttendanceRow
from parlour.events.servers import ServerRegistry
from parlour.events.tracker import AttendanceChange, AttendanceTracker, Joined, Left
from parlour.node_id import NodeId
from parlour.rooms.authorization import permitted_at_event, permitted_to_write_at_event
from parlour.rooms.entities import Room
from parlour.rooms.policy import Action
from parlour.rooms.refusals import InvalidMove

PROOF_SECONDS = 10.0
LAST_PROOF_SECONDS = 0.5

log = structlog.get_logger("parlour.events")


class ReportedMove(Enum):
    """A move that a client reports over HTTP."""

    JOINED = "j"
    LEFT = "l"


def parsed_move(text: str) -> ReportedMove:
    """Raises InvalidMove."""
    try:
        return ReportedMove(text)
    except ValueError as error:
        raise InvalidMove from error


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendancePage:
    """`next` is what to ask for the page after this one by; None on the last."""

    visits: list[AttendanceRow]
    next: int | None


class AttendanceLog:
    """Records who joins and leaves events: one task writes what the server sees. Moves that clients report
    over HTTP add to it, and never double or contradict it.

    Where the database is away, what happens is kept and written later. Each row of a person who is there
    gets a proof of presence from time to time, at which it ends where the server dies.
    """

    def __init__(
        self,
        node_id: NodeId,
        *,
        database: Database,
        clock: Callable[[], datetime],
        proof_seconds: float = PROOF_SECONDS,
    ) -> None:
        """Presence is proven every `proof_seconds`."""
        self._proof_seconds = proof_seconds
        self._database = database
        self._clock = clock
        self._tracker = AttendanceTracker()
        self._servers = ServerRegistry(node_id, clock=clock)
        self._changed = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._fails = False
        self._proof_due = time.monotonic() + self._proof_seconds

    # What the server sees

    def joined(self, visit: str, identity: Identity, room: Room) -> None:
        if room.is_event:
            self._tracker.joined(visit, identity, room, at=self._clock())
            self._changed.set()

    def left(self, visit: str, identity: Identity, room: Room, *, at: datetime | None = None) -> None:
        if room.is_event:
            self._tracker.left(visit, identity, room, at=at or self._clock())
            self._changed.set()

    async def written(self) -> None:
        """Wait until all that was seen so far is in the database, or the database has failed."""
        if self._tracker.unwritten() and not self._fails:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            self._changed.set()
            await waiting

    async def step(self) -> None:
        """Wait for a change or for the next proof of presence, then write.

        Tasks that wait for `written` go on either way: `_fails` says that the database does not answer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._proof_due - time.monotonic())):
                await self._changed.wait()
        self._changed.clear()
        is_due = time.monotonic() >= self._proof_due
        waiting, self._waiting = self._waiting, []
        try:
            await self._write()
            if is_due:
                await self._prove()
            self._fails = False
        except Exception:
            self._fails = True
            self._servers.lost_sight()
            self._changed.set()
            raise
        finally:
            for waiter in [*waiting, *(self._waiting if self._fails else ())]:
                if not waiter.done():
                    waiter.set_result(None)
            if is_due:
                self._proof_due = time.monotonic() + self._proof_seconds

    async def aclose(self) -> None:
        """The last proof of presence, where the database answers soon; the task has ended."""
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            async with asyncio.timeout(LAST_PROOF_SECONDS):
                await self._write()
                async with self._database.transaction() as connection:
                    await store.prove_visits(connection, self._servers.node_id, now=self._clock())
                    await self._servers.end(connection)

    async def close_abandoned(self) -> None:
        """Close the rows of dead servers at their last proof of presence, when a server starts."""
        async with self._database.transaction() as connection:
            await self._servers.beat(connection)
            await self._bury(connection)

    async def close_rows_of_the_dead(self) -> float:
        """Close the rows of servers that have died meanwhile; one node of the cluster repeats this.

        A server that was taken for dead opens its rows again (`_prove`), so two nodes at once do no harm.
        """
        try:
            if await self._is_watched():
                async with self._database.transaction() as connection:
                    await self._bury(connection)
        except Exception:
            self._servers.lost_sight()
            raise
        return PROOF_SECONDS

    async def _bury(self, connection: AsyncConnection) -> None:
        dead = await self._servers.dead(connection)
        if dead:
            log.warning("attendance.server_died", servers=[server.node_id for server in dead])
            await self._servers.forget(connection, dead)
        await store.close_abandoned_rows(connection)

    async def _write(self) -> None:
        moves = self._tracker.unwritten()
        if not moves:
            return
        try:
            await self._write_together(moves)
        except IntegrityError:
            for move in moves:
                await self._write_alone(move)
        self._tracker.written(moves)

    async def _write_alone(self, move: AttendanceChange) -> None:
        """Write what can be written: the event or the person of a move may be no more."""
        try:
            await self._write_together([move])
        except IntegrityError as error:
            log.warning("attendance.not_written", visit=move.visit, error=type(error.orig).__name__)

    async def _write_together(self, moves: Sequence[AttendanceChange]) -> None:
        async with self._database.transaction() as connection:
            await self._servers.beat(connection)
            for move in moves:
                if isinstance(move, Joined):
                    await store.open_row(
                        connection,
                        move.event_id,
                        identity=move.identity,
                        visit=move.visit,
                        server_id=self._servers.node_id,
                        now=move.at,
                    )
                elif isinstance(move, Left):
                    await store.close_row(
                        connection, move.visit, server_id=self._servers.node_id, now=move.at
                    )
                else:
                    await store.pass_row_on(
                        connection, move.visit, to=move.to, server_id=self._servers.node_id
                    )

    async def _prove(self) -> None:
        """Write that this server lives and whom it sees.

        The closed row of a person who is there is opened again: another server may have taken
        this one for dead. The same person may have left that one, too: what is missing since has a row of
        its own.
        """
        if not self._tracker and not await self._is_watched():
            return
        self._servers.watch()
        present = self._tracker.present()
        async with self._database.transaction() as connection:
            await self._servers.beat(connection)
            await store.prove_visits(connection, self._servers.node_id, now=self._clock())
            written = await store.open_rows(connection, {came.event_id for came in present})
        for came in present:
            if (came.event_id, came.identity.user_id) not in written:
                await self._write_missing(came)

    async def _write_missing(self, came: Joined) -> None:
        """Open a row for the time since the person's last row has ended."""
        async with self._database.reading() as connection:
            last = await store.last_end(connection, came.event_id, user_id=came.identity.user_id)
        await self._write_alone(came if last is None else replace(came, at=max(came.at, last)))

    async def _is_watched(self) -> bool:
        """Tell if another server, or a row that a dead one left, makes it matter that this one lives."""
        async with self._database.reading() as connection:
            return await self._servers.has_company(connection) or await store.has_abandoned_rows(connection)

    # What clients say and ask

    async def log(self, identity: Identity, *, room: str, move: ReportedMove) -> None:
        """Log a reported move, unless the server sees the person there: its own record wins.

        Raises EventNotFound, NotInvited or Banned."""
        async with self._database.transaction() as connection:
            event = await permitted_to_write_at_event(
                connection, Action.LOG_ATTENDANCE, room=room, identity=identity
            )
            if self._tracker.is_there(event, identity.user_id):
                return
            now = self._clock()
            if move is ReportedMove.JOINED:
                await store.open_claimed_row(
                    connection, event, identity=identity, server_id=self._servers.node_id, now=now
                )
            else:
                await store.close_claimed_row(connection, event, user_id=identity.user_id, now=now)

    async def read(self, identity: Identity, *, room: str, after: int | None, limit: int) -> AttendancePage:
        """Read a page, oldest first, once all that was seen until now is written.

        Raises EventNotFound or NotTheCreator."""
        await self.written()
        async with self._database.reading() as connection:
            event = await permitted_at_event(connection, Action.READ_ATTENDANCE, room=room, identity=identity)
            found_visits = await store.visits(connection, event, after=after, limit=limit + 1)
        page = found_visits[:limit]
        return AttendancePage(visits=page, next=page[-1].number if len(found_visits) > limit else None)
