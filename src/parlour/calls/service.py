"""The use cases of signaling: connect, join, relay, chat, leave, disconnect.

The hub decides and says what to deliver to whom; how that crosses the network is the socket's affair.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from msgspec import UNSET

from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, SessionsEnded
from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.accounts.refusals import GuestExpired
from parlour.calls.cluster.node import Node
from parlour.calls.degraded_authorization import DegradedAuthorization
from parlour.calls.handlers import Handler, Outcome, Turn
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import ConnectionId, Member, Participation, Presence
from parlour.calls.refusals import ConnectionGone, JoinCancelled, NotInCall, PeerNotFound
from parlour.calls.room_list import RoomListBroadcaster
from parlour.chat.entities import Message
from parlour.chat.facts import MessageStored
from parlour.chat.service import Chat
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.rooms.facts import PersonBanned, RoomBecameEvent, RoomRemoved
from parlour.rooms.refusals import Banned, NotInvited
from parlour.rooms.refusals import RoomRemoved as RoomWasRemoved
from parlour.rooms.service import RoomService
from parlour.wire.base import iso
from parlour.wire.events import Accepted
from parlour.wire.signaling import (
    BanPeer,
    ChatFromPeer,
    ChatStored,
    Join,
    Joined,
    Leave,
    Removed,
    Restarting,
    SendChat,
    SessionEnded,
    ToPeer,
    Username,
)

ACCEPTED = Accepted()
RIGHTS_SECONDS = 15.0
"""How often it is asked whether those in a call may still be there."""

log = structlog.get_logger("parlour.calls")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes from which connection: a message belongs to the room in which its author was as it came."""

    connection_id: ConnectionId
    identity: Identity
    room: Room


class SignalingService:
    """Atomic on the event loop: no `await` between changing presence and queueing its messages."""

    def __init__(
        self,
        *,
        presence: Presence,
        delivery: PeerDelivery,
        participations: Participations,
        authorization: DegradedAuthorization,
        room_list: RoomListBroadcaster,
        rooms: RoomService,
        chat: Chat,
        node: Node,
    ) -> None:
        self._presence = presence
        self._delivery = delivery
        self._participations = participations
        self._authorization = authorization
        self._room_list = room_list
        self._rooms = rooms
        self._chat = chat
        self._deliver = node.deliver
        self._hang_up = node.hang_up
        self._departures: dict[ConnectionId, int] = {}
        """How often a connection has left: a join that was sent before is void."""

    async def confirm_degraded(self) -> None:
        """Ask the database about those who came back while it was away; the supervisor repeats this."""
        await self._authorization.confirm_next(self._session_over, self._put_out)

    def handlers(self) -> list[Handler[Any]]:
        """Register the use cases of the events for the server; relayed messages go to `relay`."""
        return [
            Handler(Join, self.join, Turn.JOIN, after_answer=self.acknowledged),
            Handler(Leave, self.leave, Turn.AT_ONCE),
            Handler(Username, self.username, Turn.AT_ONCE),
            Handler(SendChat, self.write),
            Handler(BanPeer, self.ban),
        ]

    def connected(self, connection_id: ConnectionId, identity: Identity) -> None:
        self._room_list.login_responder(self._presence.add(connection_id, identity))

    def relay(self, connection_id: ConnectionId, event: ToPeer, size: int) -> Accepted:
        """Passes a message of `size` bytes on to a peer of the same room, at once. Hot path.

        Raises NotInCall, PeerNotFound, or PeerBusy where the peer reads too slowly for this sender.
        """
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        participation = connection.state
        if type(participation) is not Participation:
            raise NotInCall
        if participation.replay_buffer is not None:
            participation.replay_buffer.taken += 1
        ongoing = self._presence.ongoing_in(participation.room.room_id)
        message = None if ongoing is None else ongoing.call.relay(participation.peer_id, event)
        sender = connection.identity.user_id
        if message is None or not self._delivery.relay(sender, event.peer_id, message, size):
            raise PeerNotFound
        return ACCEPTED

    def join(self, connection_id: ConnectionId, event: Join) -> Outcome:
        """The rest raises JoinCancelled if the connection left after the event came, or what rooms refuse."""
        departures = self._departures.get(connection_id, 0)
        return partial(self._join, connection_id, event, departures)

    async def _join(self, connection_id: ConnectionId, event: Join, departures: int) -> Joined:
        if departures != self._departures.get(connection_id, 0):
            raise JoinCancelled
        return await self._participations.join(self._connection(connection_id), event)

    def leave(self, connection_id: ConnectionId, _event: Leave) -> Outcome:
        """The acknowledgement says that the attendance of an event is written."""
        connection = self._connection(connection_id)
        self._departures[connection_id] = self._departures.get(connection_id, 0) + 1
        was_at_event = isinstance(connection.state, Participation) and connection.state.room.is_event
        self._participations.leave(connection)
        return self._recorded if was_at_event else ACCEPTED

    async def _recorded(self) -> Accepted:
        await self._participations.recorded()
        return ACCEPTED

    def username(self, _connection_id: ConnectionId, _event: Username) -> Outcome:
        """Nothing follows from a name that a client claims."""
        return ACCEPTED

    def write(self, connection_id: ConnectionId, event: SendChat) -> Outcome:
        """A message is its author's even if the connection ends before it is stored. Raises NotInCall."""
        connection = self._connection(connection_id)
        author = Author(connection_id, connection.identity, _participation(connection).room)
        return partial(self._write, author, event)

    async def _write(self, author: Author, event: SendChat) -> ChatStored:
        message = await self._chat.write(
            author.identity,
            room=author.room.name,
            text=event.message,
            message_id=event.message_id,
            sent_by=author.connection_id,
        )
        return ChatStored(message=_chat_message(author.room, message))

    def ban(self, connection_id: ConnectionId, event: BanPeer) -> Outcome:
        return partial(self._ban, connection_id, event)

    async def _ban(self, connection_id: ConnectionId, event: BanPeer) -> Accepted:
        connection = self._connection(connection_id)
        room = _participation(connection).room
        is_here = event.peer_id in self._presence.call(room.room_id).members.names
        banned = self._presence.identity_of(event.peer_id) if is_here else None
        if banned is None:
            raise PeerNotFound
        await self._rooms.ban(connection.identity, room=room.name, email=banned.email)
        return ACCEPTED

    def identity_of(self, connection_id: ConnectionId) -> Identity | None:
        connection = self._presence.connection(connection_id)
        return None if connection is None else connection.identity

    def acknowledged(self, connection_id: ConnectionId) -> None:
        """The acknowledgement of a join is on its way."""
        connection = self._presence.connection(connection_id)
        if connection is not None:
            self._participations.acknowledged(connection)

    def disconnected(self, connection_id: ConnectionId) -> None:
        self._departures.pop(connection_id, None)
        connection = self._presence.connection(connection_id)
        if connection is None:
            return
        self._participations.lose(connection)
        self._presence.remove(connection_id)

    def end_session(
        self, user_id: UserId, reason: Refusal, *, sessions: frozenset[SessionId] | None = None
    ) -> None:
        """Tells the sockets of this person why, and closes them: all, or those that hang on `sessions`."""
        ended = SessionEnded(code=reason.code, message=reason.message)
        connections = [
            connection
            for connection in self._presence.connections_of(user_id)
            if sessions is None or connection.identity.session in sessions
        ]
        for connection in connections:
            self._deliver(connection.connection_id, ended)
        self._participations.end_all_of(user_id, sessions)
        for connection in connections:
            self._presence.remove(connection.connection_id)
            self._hang_up(connection.connection_id)

    def restart(self) -> None:
        """Tells everybody that this server ends, and another one begins."""
        restarting = Restarting()
        for connection_id in self._presence.connection_ids():
            self._deliver(connection_id, restarting)

    # What others have done

    def on_person_banned(self, banned: PersonBanned) -> None:
        """Takes those who were banned out of the room's call."""
        told = Removed(room=banned.room.name, code=Banned.code, message=Banned().message)
        self._participations.remove(banned.room, told, lambda identity: identity.user_id in banned.people)

    def on_room_became_event(self, became: RoomBecameEvent) -> None:
        """Takes who is not invited out of the call; who is stays, and is at an event from now on."""
        room = became.room
        told = Removed(room=room.name, code=NotInvited.code, message=NotInvited().message)
        self._participations.remove(room, told, lambda identity: identity.user_id not in became.people)
        self._participations.renew(room)

    def on_room_removed(self, removed: RoomRemoved) -> None:
        self._close_room(removed.room)

    def on_display_name_changed(self, changed: DisplayNameChanged) -> None:
        """The others in their calls are told, and what they write from now on has the new name."""
        for room_id, renamed in self._presence.rename(changed.user_id, changed.display_name):
            for peer in self._presence.peers_in(room_id):
                connection_id = self._presence.connection_of(peer)
                if connection_id is not None and peer != renamed.peer_id:
                    self._deliver(connection_id, renamed)

    def on_sessions_ended(self, ended: SessionsEnded) -> None:
        self.end_session(ended.user_id, ended.reason, sessions=ended.sessions)

    def on_guest_time_ended(self, ended: GuestTimeEnded) -> None:
        self.end_session(ended.user_id, GuestExpired())

    def on_message_stored(self, stored: MessageStored) -> None:
        """Sends the message to everybody in the room's call but to the connection through which it came."""
        message = _chat_message(stored.room, stored.message)
        for peer in self._presence.peers_in(stored.room.room_id):
            connection_id = self._presence.connection_of(peer)
            if connection_id is not None and connection_id != stored.sent_by:
                self._deliver(connection_id, message)

    def _close_room(self, room: Room) -> None:
        """Takes everybody out of the call of a room that is no more."""
        told = Removed(room=room.name, code=RoomWasRemoved.code, message=RoomWasRemoved().message)
        self._participations.remove(room, told, lambda _identity: True)

    def _session_over(self, identity: Identity, reason: Refusal) -> None:
        if identity.session is not None:
            self.end_session(identity.user_id, reason, sessions=frozenset({identity.session}))

    async def check_rights(self) -> None:
        """Ask whether everybody in a call may still be there: what another process changes is told to nobody.

        Repeated every RIGHTS_SECONDS.
        """
        for room in self._presence.ongoing():
            await self._check_rights_in(room)

    async def _check_rights_in(self, room: Room) -> None:
        there = [self._presence.identity_of(peer) for peer in self._presence.peers_in(room.room_id)]
        people = {identity.user_id: identity for identity in there if identity is not None}
        rights = await self._rooms.rights(room, people.values())
        if rights is None:
            self._close_room(room)
            self._room_list.changed()
            return
        for user_id, refused in rights.refused.items():
            self._put_out(people[user_id], room, refused())
        if rights.room.event_id != room.event_id:
            self._participations.renew(rights.room)
        if rights.refused or rights.room.event_id != room.event_id:
            self._room_list.changed()

    def _put_out(self, identity: Identity, room: Room, reason: Refusal) -> None:
        told = Removed(room=room.name, code=reason.code, message=reason.message)
        self._participations.remove(room, told, lambda one: one.user_id == identity.user_id)

    def _connection(self, connection_id: ConnectionId) -> Member:
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        return connection


def _participation(connection: Member) -> Participation:
    """Raises NotInCall."""
    if isinstance(connection.state, Participation):
        return connection.state
    raise NotInCall


def _chat_message(room: Room, message: Message) -> ChatFromPeer:
    return ChatFromPeer(
        message_id=message.message_id,
        room=room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=iso(message.sent_at),
        display_name=message.author_display_name or UNSET,
    )
