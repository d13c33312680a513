"""The use cases of signaling: connect, join, relay, chat, leave, disconnect.

The service decides which messages go to which connections; `calls.socket` sends them.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Any

from parlour.accounts.identity import Identity
from parlour.calls.arrivals import Arrivals
from parlour.calls.chat_messages import chat_message
from parlour.calls.handlers import EventOrder, Handler, Outcome
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import ConnectionId, Member, Participation, Presence
from parlour.calls.refusals import ConnectionGone, JoinCancelled, NotInCall, PeerNotFound
from parlour.calls.relay_only import RelayOnly
from parlour.calls.topologies import CallTopologies
from parlour.chat.service import Chat
from parlour.errors import Refusal
from parlour.recordings.entities import RecordingId
from parlour.recordings.refusals import CallEncrypted, RecordingNeedsNewerClients, RoomEncrypted
from parlour.recordings.service import Recordings
from parlour.rooms.entities import Room
from parlour.rooms.service import RoomService
from parlour.wire.events import Accepted
from parlour.wire.signaling import (
    BanPeer,
    ChatStored,
    ConsentToRecording,
    DeleteMessage,
    EditMessage,
    EndVisit,
    Join,
    Joined,
    Leave,
    MessageChange,
    Prepare,
    Prepared,
    RecordCall,
    RemoveMessage,
    ReportTopology,
    SendChat,
    StartRecording,
    StopRecording,
    ToPeer,
    Username,
)

ACCEPTED = Accepted()


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a message, noted when it arrives: the message belongs to the room of that moment."""

    connection_id: ConnectionId
    identity: Identity
    room: Room


class SignalingService:
    """Use cases are atomic: no `await` on the event loop between changing presence and queueing its
    messages.
    """

    def __init__(
        self,
        *,
        presence: Presence,
        calls: OngoingCalls,
        delivery: PeerDelivery,
        participations: Participations,
        arrivals: Arrivals,
        rooms: RoomService,
        chat: Chat,
        relay_only: RelayOnly,
        recordings: Recordings,
        topologies: CallTopologies | None = None,
    ) -> None:
        """`topologies` is None for a server without SFUs."""
        self._presence = presence
        self._calls = calls
        self._delivery = delivery
        self._participations = participations
        self._arrivals = arrivals
        self._rooms = rooms
        self._chat = chat
        self._relay_only = relay_only
        self._recordings = recordings
        self._topologies = topologies
        self._departures: dict[ConnectionId, int] = {}
        """The number of leaves of a connection: a join that was sent before the latest leave is void."""

    def handlers(self) -> list[Handler[Any]]:
        """Return the use cases by event. Events that are relayed to a peer go to `relay` instead."""
        return [
            Handler(Join, self.join, EventOrder.JOIN, after_answer=self.acknowledged),
            Handler(Prepare, self.prepare),
            Handler(Leave, self.leave, EventOrder.AT_ONCE),
            Handler(EndVisit, self.end_visit, EventOrder.AT_ONCE),
            Handler(Username, self.username, EventOrder.AT_ONCE),
            Handler(SendChat, self.write),
            Handler(EditMessage, self.change_message),
            Handler(DeleteMessage, self.change_message),
            Handler(RemoveMessage, self.change_message),
            Handler(BanPeer, self.ban),
            Handler(RecordCall, self.record),
            Handler(StartRecording, self.start_recording),
            Handler(StopRecording, self.stop_recording),
            Handler(ConsentToRecording, self.consent_to_recording),
            Handler(ReportTopology, self.report_topology),
        ]

    def connected(self, connection_id: ConnectionId, identity: Identity) -> None:
        self._participations.connect(connection_id, identity)

    def disconnected(self, connection_id: ConnectionId) -> None:
        self._departures.pop(connection_id, None)
        self._arrivals.cancel(connection_id)
        self._participations.disconnect(connection_id)

    def relay(self, connection_id: ConnectionId, event: ToPeer, size: int) -> Accepted:
        """Pass a message of `size` bytes on to a peer of the same room. Hot path.

        Raises NotInCall, PeerNotFound, PeerBusy if the peer reads too slowly for this sender, or Unavailable
        if the peer's node is out of reach. A candidate
        that names another address than a relay's is dropped in a room whose media are relayed.
        """
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        participation = connection.state
        if type(participation) is not Participation:
            raise NotInCall
        if participation.replay_buffer is not None:
            participation.replay_buffer.taken += 1
        call = self._calls.replica(participation.room.room_id)
        message = None if call is None else call.mesh.relay(participation.peer_id, event)
        if message is None:
            raise PeerNotFound
        passed_on = self._relay_only.passed_on(message, participation.room)
        room_id, sender = participation.room.room_id, connection.identity.user_id
        if passed_on is None or self._delivery.pass_on(room_id, sender, event.peer_id, passed_on, size):
            return ACCEPTED
        raise PeerNotFound

    def join(self, connection_id: ConnectionId, event: Join) -> Outcome:
        """Return the rest of the join, which may await the database. That raises the refusals of rooms, and
        JoinCancelled if the connection left after the event had arrived.
        """
        departures = self._departures.get(connection_id, 0)
        return partial(self._join, connection_id, event, departures)

    def _join(self, connection_id: ConnectionId, event: Join, departures: int) -> Joined | Awaitable[Joined]:
        if departures != self._departures.get(connection_id, 0):
            raise JoinCancelled
        return self._arrivals.join(self._connection(connection_id), event)

    def prepare(self, connection_id: ConnectionId, event: Prepare) -> Outcome:
        return partial(self._prepare, connection_id, event)

    async def _prepare(self, connection_id: ConnectionId, event: Prepare) -> Prepared:
        return await self._arrivals.prepare(self._connection(connection_id), event)

    def leave(self, connection_id: ConnectionId, _event: Leave) -> Outcome:
        """End the participation, and that which a join is about to resume: its line may break before the
        join is answered. At an event, the acknowledgement waits until the attendance is written.
        """
        connection = self._connection(connection_id)
        self._departures[connection_id] = self._departures.get(connection_id, 0) + 1
        join = self._arrivals.cancel(connection_id)
        was_at_event = isinstance(connection.state, Participation) and connection.state.room.is_event
        self._participations.leave(connection)
        if join is not None and join.resume is not None:
            room = self._participations.end_former(self._connection(connection_id), join.resume)
            was_at_event = was_at_event or (room is not None and room.is_event)
        return self._recorded if was_at_event else ACCEPTED

    async def _recorded(self) -> Accepted:
        await self._participations.recorded()
        return ACCEPTED

    def end_visit(self, connection_id: ConnectionId, event: EndVisit) -> Outcome:
        """End an earlier participation of this person. The acknowledgement waits as that of a leave."""
        room = self._participations.end_former(self._connection(connection_id), event.resume)
        return self._recorded if room is not None and room.is_event else ACCEPTED

    def username(self, _connection_id: ConnectionId, _event: Username) -> Outcome:
        """Ignore the name that a client claims: the session's account has the name."""
        return ACCEPTED

    def write(self, connection_id: ConnectionId, event: SendChat) -> Outcome:
        """Store a message, even if its author's connection ends meanwhile. Raises NotInCall."""
        connection = self._connection(connection_id)
        author = Author(connection_id, connection.identity, _participation(connection).room)
        return partial(self._write, author, event)

    async def _write(self, author: Author, event: SendChat) -> ChatStored:
        message = await self._chat.write(
            author.identity,
            room=author.room.name,
            text=event.message,
            message_id=event.message_id,
            reply_to=event.reply_to,
            sent_by=author.connection_id,
        )
        return ChatStored(message=chat_message(author.room, message))

    def change_message(self, connection_id: ConnectionId, event: MessageChange) -> Outcome:
        """Edit, delete or remove a message of the room. Raises NotInCall."""
        connection = self._connection(connection_id)
        author = Author(connection_id, connection.identity, _participation(connection).room)
        return partial(self._change_message, author, event)

    async def _change_message(self, author: Author, event: MessageChange) -> ChatStored:
        message_id, where = event.message_id, {"room": author.room.name, "sent_by": author.connection_id}
        match event:
            case EditMessage():
                message = await self._chat.edit(author.identity, message_id, text=event.message, **where)
            case DeleteMessage():
                message = await self._chat.delete(author.identity, message_id, **where)
            case RemoveMessage():
                message = await self._chat.remove(author.identity, message_id, **where)
        return ChatStored(message=chat_message(author.room, message))

    def ban(self, connection_id: ConnectionId, event: BanPeer) -> Outcome:
        return partial(self._ban, connection_id, event)

    async def _ban(self, connection_id: ConnectionId, event: BanPeer) -> Accepted:
        connection = self._connection(connection_id)
        room = _participation(connection).room
        call = self._calls.replica(room.room_id)
        banned = None if call is None else call.seats.get(event.peer_id)
        if banned is None:
            raise PeerNotFound
        await self._rooms.ban(connection.identity, room=room.name, email=banned.email)
        return ACCEPTED

    def record(self, connection_id: ConnectionId, event: RecordCall) -> Outcome:
        """Note whether a member records its call. Raises NotInCall."""
        connection = self._connection(connection_id)
        self._participations.record(_participation(connection), recording=event.recording)
        return ACCEPTED

    def start_recording(self, connection_id: ConnectionId, _event: StartRecording) -> Outcome:
        """Have the server record the call. Raises NotInCall, RecordingNeedsNewerClients, RoomEncrypted,
        CallEncrypted, or what `Recordings.start` raises.
        """
        connection = self._connection(connection_id)
        room = _participation(connection).room
        call = self._calls.replica(room.room_id)
        refused: type[Refusal] | None = None
        if call is not None and call.room.encryption == "on":
            refused = RoomEncrypted
        elif call is not None and call.is_encrypted:
            refused = CallEncrypted
        elif call is not None and not call.all_know_sfu():
            refused = RecordingNeedsNewerClients

        async def start() -> Accepted:
            await self._recordings.start(connection.identity, room=room.name, refused=refused)
            return ACCEPTED

        return start

    def stop_recording(self, connection_id: ConnectionId, _event: StopRecording) -> Outcome:
        connection = self._connection(connection_id)
        room = _participation(connection).room

        async def stop() -> Accepted:
            await self._recordings.stop(connection.identity, room=room.name)
            return ACCEPTED

        return stop

    def consent_to_recording(self, connection_id: ConnectionId, event: ConsentToRecording) -> Outcome:
        connection = self._connection(connection_id)
        room, recording_id = _participation(connection).room, RecordingId(event.recording_id)

        async def consent() -> Accepted:
            await self._recordings.consent(connection.identity, room=room, recording_id=recording_id)
            return ACCEPTED

        return consent

    def report_topology(self, connection_id: ConnectionId, event: ReportTopology) -> Outcome:
        """Take what a member says of a move. A server without SFUs passes it over. Raises NotInCall."""
        participation = _participation(self._connection(connection_id))
        if self._topologies is not None:
            self._topologies.report(participation.room.room_id, participation.peer_id, event)
        return ACCEPTED

    def identity_of(self, connection_id: ConnectionId) -> Identity | None:
        connection = self._presence.connection(connection_id)
        return None if connection is None else connection.identity

    def acknowledged(self, connection_id: ConnectionId) -> None:
        """Release the messages of a participation, now that its join was acknowledged."""
        connection = self._presence.connection(connection_id)
        if connection is not None:
            self._participations.acknowledged(connection)

    def _connection(self, connection_id: ConnectionId) -> Member:
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        return connection


def _participation(connection: Member) -> Participation:
    """Return the participation of a connection. Raises NotInCall."""
    if isinstance(connection.state, Participation):
        return connection.state
    raise NotInCall
