"""The use cases of visits: join, go on with a visit, lose the connection, leave.

A visit may outlive its connection. Then it stays in the call for a grace, and what is sent to it
meanwhile is kept; after it, it is over.
"""

import asyncio
from collections.abc import Callable
from typing import assert_never

import structlog
from sqlalchemy.exc import SQLAlchemyError

from parlour.accounts.identity import Identity, UserId
from parlour.calls.courier import Courier
from parlour.calls.graces import Graces
from parlour.calls.line import Line
from parlour.calls.passes import Pass, Passes
from parlour.calls.presence import Away, Connection, ConnectionId, InCall, Presence, Watching
from parlour.calls.refusals import ConnectionGone
from parlour.calls.watchers import Watchers
from parlour.rooms.attendance import AttendanceLog
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.service import RoomService
from parlour.wire.base import room_key
from parlour.wire.signaling import AddPeer, Counted, Join, Joined, PeerId, RemovePeer

SWEEP_SECONDS = 10.0

log = structlog.get_logger("parlour.calls")

HangUp = Callable[[ConnectionId], None]
Waited = tuple[RoomId, PeerId, PeerId]
"""In this room, this peer waits for that one."""


class Visits:
    """Every decision and its messages are made without waiting in between."""

    def __init__(
        self,
        *,
        presence: Presence,
        courier: Courier,
        watchers: Watchers,
        rooms: RoomService,
        attendance: AttendanceLog,
        passes: Passes,
        grace: int,
        hang_up: HangUp,
    ) -> None:
        self._presence = presence
        self._courier = courier
        self._watchers = watchers
        self._rooms = rooms
        self._attendance = attendance
        self._passes = passes
        self._hang_up = hang_up
        self._grace = grace
        self._away: Graces[PeerId] = Graces(grace)
        self._waited: Graces[Waited] = Graces(grace)

    async def run(self) -> None:
        """Until cancelled: ends what does not come back in time."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._away.run(self._stayed_away))
            tasks.create_task(self._waited.run(self._waited_in_vain))
            tasks.create_task(self._sweep())

    async def join(self, connection: Connection, event: Join) -> Joined:
        if isinstance(connection.state, InCall) and connection.state.room.name_key == room_key(event.room):
            return self._joined(connection.identity, connection.state, resumed=True)
        room = await self._rooms.enter(connection.identity, room=event.room)
        current = self._still_there(connection.connection_id)
        if isinstance(current.state, InCall):
            await self.leave(current)
            current = self._still_there(connection.connection_id)
        answer = self._go_on(current, room, event) or self._enter(current, room, event)
        self._watchers.changed()
        await self._log_arrival(current.identity, room)
        return answer

    def told(self, connection: Connection) -> None:
        """The acknowledgement of a join is on its way, and what was kept may follow."""
        if isinstance(connection.state, InCall):
            self._courier.flow(connection.state.peer_id)

    async def leave(self, connection: Connection) -> None:
        ended = self._part(connection)
        if ended is not None:
            await self.log_departure(connection.identity, ended)

    def lose(self, connection: Connection) -> Room | None:
        """The connection is gone; answers the room of a visit that has ended with it."""
        if isinstance(connection.state, InCall) and connection.state.line is not None:
            self._presence.lose(connection, connection.state)
            self._away.begin(connection.state.peer_id)
            return None
        return self._part(connection)

    async def end_all_of(self, user_id: UserId) -> None:
        for away in self._presence.away_of(user_id):
            await self._end(away)

    # How a visit begins

    def _enter(self, connection: Connection, room: Room, event: Join) -> Joined:
        visit, sends = self._presence.enter(
            connection, room, now=self._passes.now(), resumable=event.is_resumable
        )
        self._courier.post_all(sends)
        return self._joined(connection.identity, visit, resumed=False)

    def _go_on(self, connection: Connection, room: Room, event: Join) -> Joined | None:
        """None where the token is none of a visit that may go on."""
        found = self._passes.read(event.resume, connection.identity, room)
        if found is None:
            return None
        visit = self._detached(found.peer_id)
        if visit is None:
            if not self._passes.may_return(found):
                return None
            visit = InCall(room, found.peer_id, found.started_at, Line())
        missed = None if visit.line is None else visit.line.continue_from(event.received)
        sends = self._presence.come_back(connection, visit, _view(event.known, missed or []))
        self._courier.post_all(sends)
        for absent in self._presence.call(room.room_id).claims.get(visit.peer_id, ()):
            self._waited.begin((room.room_id, visit.peer_id, absent))
        log.info("visit.resumed", room=room.room_id, exact=missed is not None)
        return self._joined(connection.identity, visit, resumed=True, is_counted=missed is not None)

    def _detached(self, peer_id: PeerId) -> InCall | None:
        """A visit of this server, without the connection that it may still seem to have."""
        standing = self._presence.connection_of(peer_id)
        former = None if standing is None else self._presence.connection(standing)
        if former is not None and isinstance(former.state, InCall):
            self._presence.lose(former, former.state)
            self._hang_up(former.connection_id)
        away = self._presence.away(peer_id)
        if away is None:
            return None
        self._away.end(peer_id)
        return away.visit

    def _joined(self, identity: Identity, visit: InCall, *, resumed: bool, is_counted: bool = True) -> Joined:
        entries = self._presence.call(visit.room.room_id).entries(besides=visit.peer_id)
        if visit.line is None:
            return Joined(room=visit.room.name, peer_id=visit.peer_id, peers=entries)
        return Joined(
            room=visit.room.name,
            peer_id=visit.peer_id,
            peers=entries,
            resume=self._passes.sign(identity, visit.room, _pass(visit)),
            grace=self._grace,
            resumed=resumed,
            received=visit.line.taken if is_counted else None,
        )

    def _still_there(self, connection_id: ConnectionId) -> Connection:
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        return connection

    # How a visit ends

    def _part(self, connection: Connection) -> Room | None:
        match connection.state:
            case Watching():
                return None
            case InCall() as visit:
                self._courier.post_all(self._presence.leave(connection, visit))
                self._ended(visit)
                return visit.room
            case _:
                assert_never(connection.state)

    async def _stayed_away(self, peer_id: PeerId) -> None:
        away = self._presence.away(peer_id)
        if away is not None:
            await self._end(away)

    async def _end(self, away: Away) -> None:
        self._away.end(away.visit.peer_id)
        self._courier.post_all(self._presence.end(away))
        self._ended(away.visit)
        await self.log_departure(away.identity, away.visit.room)

    def _ended(self, visit: InCall) -> None:
        self._presence.forget(visit.peer_id)
        if visit.line is not None:
            self._passes.ended(_pass(visit))
        self._watchers.changed()

    async def _waited_in_vain(self, waited: Waited) -> None:
        self._courier.post_all(self._presence.give_up(*waited))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for line in self._presence.lines():
                line.forget()

    # The attendance

    async def _log_arrival(self, identity: Identity, room: Room) -> None:
        """A call goes on where the database is away."""
        try:
            await self._attendance.joined(identity, room)
        except SQLAlchemyError as error:
            log.error("attendance.lost", move="joined", room=room.room_id, error=type(error).__name__)

    async def log_departure(self, identity: Identity, room: Room) -> None:
        """One who is still in the call on another connection has not left."""
        if self._presence.is_present(identity.user_id, room.room_id):
            return
        try:
            await self._attendance.left(identity, room)
        except SQLAlchemyError as error:
            log.error("attendance.lost", move="left", room=room.room_id, error=type(error).__name__)


def _pass(visit: InCall) -> Pass:
    return Pass(visit.peer_id, visit.started_at)


def _view(known: list[PeerId], missed: list[Counted]) -> set[PeerId]:
    """Whom a client knows once it has got what it missed."""
    view = set(known)
    for message in missed:
        match message:
            case AddPeer(peer_id=peer_id):
                view.add(peer_id)
            case RemovePeer(peer_id=peer_id):
                view.discard(peer_id)
            case _:
                pass
    return view
