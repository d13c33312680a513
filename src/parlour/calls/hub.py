"""The use cases of signaling: connect, join, relay, chat, leave, disconnect.

The hub decides and says what to deliver to whom; how that crosses the network is the socket's affair.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

import structlog
from sqlalchemy.exc import SQLAlchemyError

from parlour.accounts.identity import Identity, UserId
from parlour.calls.call import Send
from parlour.calls.presence import Connection, ConnectionId, InCall, Presence, Watching
from parlour.calls.refusals import ConnectionGone, NotInCall, PeerNotFound
from parlour.calls.watchers import Watchers
from parlour.errors import Refusal
from parlour.rooms.attendance import AttendanceLog
from parlour.rooms.chat import Chat, Written
from parlour.rooms.entities import Room
from parlour.rooms.refusals import Banned, RoomRemoved
from parlour.rooms.service import RoomService
from parlour.wire.base import email_key, iso, room_key
from parlour.wire.signaling import (
    Accepted,
    Acknowledgement,
    AnyClientEvent,
    AnyServerEvent,
    BanPeer,
    ChatFromPeer,
    ChatStored,
    Join,
    Joined,
    Leave,
    OfferIce,
    OfferSdp,
    Removed,
    SendChat,
    SessionEnded,
    Username,
)

log = structlog.get_logger("parlour.calls")

ACCEPTED = Accepted()

Deliver = Callable[[ConnectionId, AnyServerEvent], None]
Hangup = Callable[[ConnectionId], None]


class Hub:
    """`deliver` and `hang_up` keep the order in which they are called, and never wait."""

    def __init__(
        self,
        *,
        presence: Presence,
        watchers: Watchers,
        rooms: RoomService,
        chat: Chat,
        attendance: AttendanceLog,
        deliver: Deliver,
        hang_up: Hangup,
    ) -> None:
        self._presence = presence
        self._watchers = watchers
        self._rooms = rooms
        self._chat = chat
        self._attendance = attendance
        self._deliver = deliver
        self._hang_up = hang_up
        self._removals = 0

    def connected(self, connection_id: ConnectionId, identity: Identity) -> None:
        self._watchers.welcome(self._presence.add(connection_id, identity))

    def relay(self, connection_id: ConnectionId, event: OfferSdp | OfferIce) -> Accepted:
        """Passes a message on to a peer of the same room, at once. Raises NotInCall or PeerNotFound."""
        return self._relay(self._connection(connection_id), event)

    async def handle(self, connection_id: ConnectionId, event: AnyClientEvent) -> Acknowledgement:
        """Carries out a client's event. Raises a Refusal."""
        connection = self._connection(connection_id)
        match event:
            case OfferIce() | OfferSdp():
                return self._relay(connection, event)
            case Join():
                return await self._join(connection, event)
            case SendChat():
                return await self._write(connection, event)
            case BanPeer():
                return await self._ban(connection, event)
            case Leave():
                await self._leave(connection)
                return ACCEPTED
            case Username():
                return ACCEPTED
            case _:
                assert_never(event)

    def who(self, connection_id: ConnectionId) -> Identity | None:
        connection = self._presence.connection(connection_id)
        return None if connection is None else connection.identity

    async def disconnected(self, connection_id: ConnectionId) -> None:
        connection = self._presence.connection(connection_id)
        if connection is None:
            return
        departure = self._depart(connection)
        self._presence.remove(connection_id)
        if departure is not None:
            await self._log_departure(connection.identity, departure)

    async def end_session(self, user_id: UserId, reason: Refusal) -> None:
        """Tells every socket of this person why, and closes it."""
        for connection in self._presence.connections_of(user_id):
            self._deliver(connection.connection_id, SessionEnded(code=reason.code, message=reason.message))
            await self.disconnected(connection.connection_id)
            self._hang_up(connection.connection_id)

    async def remove_person(self, room: Room, email: str) -> None:
        """Takes whoever has this address out of the room's call."""
        await self._remove(room, Banned(), lambda identity: email_key(identity.email) == email_key(email))

    async def close_room(self, room: Room) -> None:
        """Takes everybody out of the call of a room that is no more."""
        await self._remove(room, RoomRemoved(), lambda _identity: True)

    async def _remove(self, room: Room, reason: Refusal, concerns: Callable[[Identity], bool]) -> None:
        """Tells everybody concerned before the first of them is seen to leave."""
        self._removals += 1
        told = Removed(room=room.name, code=reason.code, message=reason.message)
        leavers = [
            connection
            for peer in self._presence.peers_in(room.room_id)
            if (connection_id := self._presence.connection_of(peer)) is not None
            and (connection := self._presence.connection(connection_id)) is not None
            and concerns(connection.identity)
        ]
        for connection in leavers:
            self._deliver(connection.connection_id, told)
        departures = [(connection.identity, self._depart(connection)) for connection in leavers]
        for identity, departure in departures:
            if departure is not None:
                await self._log_departure(identity, departure)

    async def _ban(self, connection: Connection, event: BanPeer) -> Accepted:
        room = _visit(connection).room
        is_here = event.peer_id in self._presence.call(room.room_id).members
        banned_id = self._presence.connection_of(event.peer_id) if is_here else None
        if banned_id is None:
            raise PeerNotFound
        banned = self._connection(banned_id).identity
        await self._rooms.ban(connection.identity, room=room.name, email=banned.email)
        await self.remove_person(room, banned.email)
        self._watchers.changed()
        return ACCEPTED

    async def _permission_to_enter(self, identity: Identity, room: str) -> Room:
        """Asks again where somebody was removed meanwhile: the answer may be older than that."""
        while True:
            removals = self._removals
            found = await self._rooms.enter(identity, room=room)
            if removals == self._removals:
                return found

    def announce(self, written: Written) -> None:
        """A message that came another way, to everybody in the room's call."""
        if written.is_new:
            self._announce(written, besides=None)

    def _connection(self, connection_id: ConnectionId) -> Connection:
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        return connection

    def _relay(self, connection: Connection, event: OfferSdp | OfferIce) -> Accepted:
        """The shortest way there is: this is what the server does all day."""
        visit = _visit(connection)
        call = self._presence.call(visit.room.room_id)
        if isinstance(event, OfferIce):
            send = call.propose(visit.peer_id, event)
        else:
            send = call.describe(visit.peer_id, event)
        receiver = None if send is None else self._presence.connection_of(send.to)
        if send is None or receiver is None:
            raise PeerNotFound
        self._deliver(receiver, send.message)
        return ACCEPTED

    async def _join(self, connection: Connection, event: Join) -> Joined:
        if isinstance(connection.state, InCall) and connection.state.room.name_key == room_key(event.room):
            return self._joined(connection.state)
        room = await self._permission_to_enter(connection.identity, event.room)
        current = self._presence.connection(connection.connection_id)
        if current is None:
            raise ConnectionGone
        if isinstance(current.state, InCall):
            await self._leave(current)
            current = self._presence.connection(connection.connection_id)
            if current is None:
                raise ConnectionGone
        visit, sends = self._presence.enter(current, room)
        self._send(sends)
        self._watchers.changed()
        await self._log_arrival(current.identity, room)
        return self._joined(visit)

    def _joined(self, visit: InCall) -> Joined:
        call = self._presence.call(visit.room.room_id)
        return Joined(room=visit.room.name, peer_id=visit.peer_id, peers=call.entries(besides=visit.peer_id))

    async def _leave(self, connection: Connection) -> None:
        departure = self._depart(connection)
        if departure is not None:
            await self._log_departure(connection.identity, departure)

    def _depart(self, connection: Connection) -> Room | None:
        """Takes a connection out of its call, without waiting; answers the room it was in."""
        match connection.state:
            case Watching():
                return None
            case InCall() as visit:
                self._send(self._presence.leave(connection, visit))
                self._presence.forget(visit.peer_id)
                self._watchers.changed()
                return visit.room
            case _:
                assert_never(connection.state)

    async def _write(self, connection: Connection, event: SendChat) -> ChatStored:
        visit = _visit(connection)
        written = await self._chat.write(
            connection.identity, room=visit.room.name, text=event.message, message_id=event.message_id
        )
        if written.is_new:
            self._announce(written, besides=connection.connection_id)
        return ChatStored(message=_chat_message(written))

    def _announce(self, written: Written, *, besides: ConnectionId | None) -> None:
        message = _chat_message(written)
        for peer in self._presence.peers_in(written.room.room_id):
            connection_id = self._presence.connection_of(peer)
            if connection_id is not None and connection_id != besides:
                self._deliver(connection_id, message)

    def _send(self, sends: Iterable[Send]) -> None:
        for send in sends:
            connection_id = self._presence.connection_of(send.to)
            if connection_id is not None:
                self._deliver(connection_id, send.message)

    async def _log_arrival(self, identity: Identity, room: Room) -> None:
        """A call goes on where the database is away."""
        try:
            await self._attendance.joined(identity, room)
        except SQLAlchemyError as error:
            log.error("attendance.lost", move="joined", room=room.room_id, error=type(error).__name__)

    async def _log_departure(self, identity: Identity, room: Room) -> None:
        """One who is still in the call on another connection has not left."""
        if self._presence.is_present(identity.user_id, room.room_id):
            return
        try:
            await self._attendance.left(identity, room)
        except SQLAlchemyError as error:
            log.error("attendance.lost", move="left", room=room.room_id, error=type(error).__name__)


def _visit(connection: Connection) -> InCall:
    """Raises NotInCall."""
    if isinstance(connection.state, InCall):
        return connection.state
    raise NotInCall


def _chat_message(written: Written) -> ChatFromPeer:
    message = written.message
    return ChatFromPeer(
        message_id=message.message_id,
        room=written.room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=iso(message.sent_at),
    )
