"""The use cases of arrivals in a call: prepare, join, and resume a participation of whichever node."""

import secrets
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from parlour.accounts.identity import Identity, UserId
from parlour.calls.call_records import CallRecords
from parlour.calls.decisions import Entered, Renamed, Resumed, Seat
from parlour.calls.ongoing_calls import OngoingCalls, ParticipationEnded, Unseated
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import ConnectionId, Member, Participation, Presence, Watching
from parlour.calls.refusals import ConnectionGone, JoinCancelled, PeerBusy
from parlour.calls.replay_buffer import ReplayBuffer
from parlour.calls.resume_tokens import ResumeToken
from parlour.calls.room_entry import Permission, PermissionRevoked, RoomEntry
from parlour.calls.shared.introductions import Stamp
from parlour.calls.topologies import CallTopologies
from parlour.calls.visit_credentials import VisitCredentials
from parlour.calls.visit_handover import GivenVisit, HandedOver, VisitHandover, WantedVisit
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import (
    AddPeer,
    CallTopology,
    Counted,
    Join,
    Joined,
    OfferSdp,
    PeerId,
    Prepare,
    Prepared,
    RemovePeer,
    ServerRecording,
)

NEVER_RECEIVED = 1 << 53
"""More messages than any client has received: a return to these counts begins them anew."""
NOTHING: Stamp = (0, 0)
"""Up to this decision a client was told of all introductions: later ones may have been lost on the way."""
MAX_PERMISSIONS = 5
"""A join asks for its permission so often if people are removed meanwhile again and again."""

log = structlog.get_logger("parlour.calls")


@dataclass(frozen=True, slots=True)
class _Visitor:
    """A person at the door of a call."""

    connection_id: ConnectionId
    identity: Identity
    permission: Permission
    event: Join
    asked_at: float
    """The moment at which the join came, in seconds since 1970."""
    handed_over: HandedOver | None = None

    @property
    def room(self) -> Room:
        return self.permission.room


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A participation that begins or goes on; `is_exact` if no message to it or from it was lost.

    `was_away` if this node held it without a connection.
    """

    visitor: _Visitor
    participation: Participation
    change: Entered | Resumed
    was_away: bool = False
    is_exact: bool = True
    known_at: Stamp | None = None


class RecordingsTold(Protocol):
    """Says which recording the server makes of a call, as a person is to hear of it."""

    def recording_of(self, room_id: RoomId, user_id: UserId, /) -> ServerRecording | UnsetType: ...


class Arrivals:
    """An arrival is done at once in a call about which this node decides; else once its owner has answered.

    Presence changes at the moment of the decision, with no `await` before its messages are queued.
    """

    def __init__(
        self,
        node_id: NodeId,
        presence: Presence,
        calls: OngoingCalls,
        delivery: PeerDelivery,
        entry: RoomEntry,
        records: CallRecords,
        credentials: VisitCredentials,
        participations: Participations,
        handover: VisitHandover | None = None,
        topologies: CallTopologies | None = None,
        recordings: RecordingsTold | None = None,
    ) -> None:
        """`handover` is None for a node without others, `topologies` for one without SFUs, `recordings` for
        one that records no calls.
        """
        self._node_id = node_id
        self._presence = presence
        self._calls = calls
        self._delivery = delivery
        self._entry = entry
        self._records = records
        self._credentials = credentials
        self._resume_tokens = credentials.resume_tokens
        self._relay_only = credentials.relay_only
        self._participations = participations
        self._handover = handover
        self._topologies = topologies
        self._recordings = recordings
        self._joining: dict[ConnectionId, Join] = {}
        if handover is not None:
            handover.serve(self._hand_over)

    async def prepare(self, connection: Member, event: Prepare) -> Prepared:
        """Describe the call to a person who may join it now; until the connection is in a call, tell it of
        the next change. Raises what `join` raises.
        """
        permission = await self._entry.permit(connection.identity, event.room, prepares=True)
        if not permission.may_begin:
            raise Unavailable
        room = permission.room
        await self._calls.follow(room.room_id)
        current = self._still_there(connection.connection_id)
        knows_sfu = self._is_told_of_sfus(event)
        self._calls.giving_way_to(current.identity.user_id, room, knows_sfu=knows_sfu)
        if isinstance(current.state, Watching):
            self._records.wait_in_lobby(current.connection_id, room)
        peers = self._calls.entries(room.room_id)
        move = UNSET if not knows_sfu else self._move_of(room, None)
        ice = self._credentials.ice(current.identity, room)
        recording = self._recording_of(room, current.identity)
        return Prepared(room.name, peers, move=move, ice=ice, recording=recording)

    def join(self, connection: Member, event: Join) -> Joined | Awaitable[Joined]:
        """Join at once where the right to is known, this node decides, and no attendance has to be written
        before the answer. What comes later notes the join before its task first runs: a leave may arrive in
        the same turn of the event loop.
        """
        if isinstance(connection.state, Participation) and connection.state.room.is_called(event.room):
            return self._joined(connection.identity, connection.state, event, resumed=True)
        self._joining[connection.connection_id], asked_at = event, self._now()
        permission = self._entry.permit_now(connection.identity, event.room)
        if (
            permission is None
            or permission.room.is_event
            or self._node_of(connection.identity, event) is not None
            or self._is_to_be_found(permission.room, event)
        ):
            return self._join_once_permitted(connection, event, asked_at)
        connection_id, identity = connection.connection_id, connection.identity
        try:
            answer = self._come(_Visitor(connection_id, identity, permission, event, asked_at))
        except BaseException:
            self.cancel(connection.connection_id)
            raise
        if isinstance(answer, Joined):
            self.cancel(connection.connection_id)
            return answer
        return self._finish(connection, event, asked_at, answer)

    def cancel(self, connection_id: ConnectionId) -> Join | None:
        """Cancel a join that is still waiting for the database or another node. Return the latest join unless
        it has succeeded.
        """
        return self._joining.pop(connection_id, None)

    async def _join_once_permitted(self, connection: Member, event: Join, asked_at: float) -> Joined:
        handed_over = await self._fetch(connection.identity, event)
        for _ in range(MAX_PERMISSIONS):
            permission = await self._entry.permit(connection.identity, event.room)
            if self._topologies is not None and self._is_to_be_found(permission.room, event):
                await self._topologies.find(permission.room.room_id)
            current = self._still_there(connection.connection_id)
            if self._joining.get(current.connection_id) is not event:
                raise JoinCancelled
            connection_id, identity = current.connection_id, current.identity
            visitor = _Visitor(connection_id, identity, permission, event, asked_at, handed_over)
            try:
                answer = self._come(visitor)
                joined = answer if isinstance(answer, Joined) else await answer
            except PermissionRevoked:
                continue
            self.cancel(current.connection_id)
            if permission.room.is_event:
                await self._records.written()
            return joined
        raise Unavailable

    async def _finish(
        self, connection: Member, event: Join, asked_at: float, answer: Awaitable[Joined]
    ) -> Joined:
        try:
            joined = await answer
        except PermissionRevoked:
            return await self._join_once_permitted(connection, event, asked_at)
        self.cancel(connection.connection_id)
        return joined

    def _come(self, visitor: _Visitor) -> Joined | Awaitable[Joined]:
        arrival = self._returning(visitor)
        return self._enter(visitor) if arrival is None else self._arrive(arrival)

    def _enter(self, visitor: _Visitor) -> Joined | Awaitable[Joined]:
        """Begin a participation; away participations of this person may give way. Raises
        TooManyParticipations or RoomFull.
        """
        if not visitor.permission.may_begin:
            raise Unavailable
        identity, peer_id = visitor.identity, PeerId(secrets.token_urlsafe(12))
        replay_buffer = ReplayBuffer() if visitor.event.is_resumable else None
        participation = Participation(visitor.room, peer_id, self._resume_tokens.now(), replay_buffer)
        seat = self._seat_of(identity, visitor.event, held_since=visitor.asked_at)
        change = Entered(peer_id, seat, identity.name, identity.display_name)
        return self._arrive(_Arrival(visitor, participation, change))

    def _returning(self, visitor: _Visitor) -> _Arrival | None:
        """Return the participation of the event's resume token. Return None if the token allows none."""
        event, room = visitor.event, visitor.room
        found = self._resume_tokens.read(event.resume, visitor.identity, room)
        if found is None:
            return None
        participation = self._participations.detached(found.peer_id)
        if self._handover is not None and found.node not in (None, self._node_id):
            participation = None  # another node has resumed it since, so this one's is out of date
        was_away = participation is not None
        missed: list[Counted] | None = None
        known_at: Stamp | None = None
        if participation is not None:
            if participation.replay_buffer is not None:
                missed = participation.replay_buffer.continue_from(event.received, resets=found.resets)
            known_at = NOTHING if missed is None else self._calls.stamp(room.room_id)
        else:
            participation, missed, known_at = self._from_elsewhere(visitor, found)
            if participation is None:
                return None
            if found.node != self._node_id and found.issued_at is not None:
                self._calls.went_on_elsewhere(room.room_id, found.peer_id, at=found.issued_at.timestamp())
        identity, known = visitor.identity, _view(event.known, missed or [])
        seat, name = self._seat_of(identity, event, held_since=self._now()), identity.name
        change = Resumed(found.peer_id, seat, name, identity.display_name, known)
        return _Arrival(visitor, participation, change, was_away, missed is not None, known_at)

    def _from_elsewhere(
        self, visitor: _Visitor, found: ResumeToken
    ) -> tuple[Participation | None, list[Counted] | None, Stamp | None]:
        """Return a participation that this node does not hold: its node has handed it over, or is gone."""
        handed_over = visitor.handed_over
        if handed_over is not None and handed_over.missed is not None:
            replay_buffer = ReplayBuffer.of(
                handed_over.received, handed_over.missed, handed_over.taken, resets=handed_over.resets
            )
            participation = Participation(visitor.room, found.peer_id, found.started_at, replay_buffer)
            return participation, handed_over.missed, handed_over.known_at
        if self._handover is None and not self._resume_tokens.may_return(found):
            return None, None, None
        replay_buffer = ReplayBuffer(resets=found.resets + 1)
        participation = Participation(visitor.room, found.peer_id, found.started_at, replay_buffer)
        return participation, None, None if handed_over is None else NOTHING

    def _arrive(self, arrival: _Arrival) -> Joined | Awaitable[Joined]:
        visitor, peer_id = arrival.visitor, arrival.participation.peer_id
        seated = partial(self._seat, arrival)
        try:
            waiting = self._calls.arrive(visitor.room, arrival.change, seated, known_at=arrival.known_at)
        except ParticipationEnded:
            return self._enter(visitor)
        except BaseException:
            self._participations.wait_for(peer_id)
            raise
        if waiting is None:
            return self._answer(arrival)
        return self._arrive_later(arrival, waiting)

    async def _arrive_later(self, arrival: _Arrival, waiting: Awaitable[None]) -> Joined:
        try:
            await waiting
        except ParticipationEnded:
            answer = self._enter(arrival.visitor)
            return answer if isinstance(answer, Joined) else await answer
        except BaseException:
            self._participations.wait_for(arrival.participation.peer_id)
            raise
        self._still_there(arrival.visitor.connection_id)
        return self._answer(arrival)

    def _seat(self, arrival: _Arrival, is_awaited: bool) -> Unseated | None:
        """Put a connection into the call, and out of another one: what the arrival relied on is checked once
        more, since it may have waited for the owner.
        """
        visitor, participation = arrival.visitor, arrival.participation
        connection = self._presence.connection(visitor.connection_id)
        error = self._obstacle(arrival, connection, is_awaited=is_awaited)
        if error is not None or connection is None:
            return Unseated(error or ConnectionGone(), is_held=self._keeps(arrival, connection))
        if isinstance(connection.state, Participation):
            self._participations.part(connection)
            connection = self._still_there(visitor.connection_id)
        self._presence.attach(connection, participation)
        self._note_losses(arrival)
        self._records.leave_lobby(visitor.connection_id)
        self._records.joined(participation.peer_id, visitor.identity, visitor.room)
        return None

    def _obstacle(
        self, arrival: _Arrival, connection: Member | None, *, is_awaited: bool
    ) -> Exception | None:
        visitor = arrival.visitor
        if connection is None:
            return ConnectionGone()
        if not is_awaited:
            return Unavailable()
        if self._joining.get(visitor.connection_id) is not visitor.event:
            return JoinCancelled()
        if not self._entry.is_current(visitor.permission):
            return PermissionRevoked()
        peer_id = arrival.participation.peer_id
        if arrival.was_away and self._presence.away(peer_id) is None:
            return Unavailable() if self._presence.room_of(peer_id) is None else JoinCancelled()
        return None

    def _keeps(self, arrival: _Arrival, connection: Member | None) -> bool:
        """Keep a returning participation for its next connection, since the call's owner has decided that it
        is here. Return False if it begins with this arrival, or its connection has left.

        It may have gone on at another node meanwhile, which has what was sent to it since.
        """
        has_left = connection is not None and connection.connection_id not in self._joining
        if has_left or not isinstance(arrival.change, Resumed):
            return False
        participation = arrival.participation
        if self._presence.room_of(participation.peer_id) is None:
            if arrival.was_away:
                former = participation.replay_buffer
                resets = 0 if former is None else former.resets
                lost = ReplayBuffer.of(NEVER_RECEIVED, [], 0, resets=resets)
                peer_id, started_at = participation.peer_id, participation.started_at
                participation = Participation(participation.room, peer_id, started_at, lost)
            self._presence.hold(arrival.visitor.identity, participation, now=self._resume_tokens.now())
            self._note_losses(arrival)
        self._participations.lose_later(participation.peer_id)
        return True

    def _note_losses(self, arrival: _Arrival) -> None:
        """Have a client be told of the losses of which the node that held it has not told it."""
        handed_over = arrival.visitor.handed_over
        if handed_over is not None and isinstance(arrival.change, Resumed):
            self._participations.note_losses(arrival.participation.peer_id, handed_over.losses)

    def _make_up_for_rename(self, arrival: _Arrival) -> None:
        """Tell of the name that a person got while the arrival waited for the owner of the call."""
        peer_id = arrival.participation.peer_id
        identity = self._presence.identity_of(peer_id)
        if identity is not None and identity.display_name != arrival.change.display_name:
            self._calls.change(Renamed(peer_id, identity.display_name))

    def _answer(self, arrival: _Arrival) -> Joined:
        self._make_up_for_rename(arrival)
        visitor, participation = arrival.visitor, arrival.participation
        is_return = isinstance(arrival.change, Resumed)
        if is_return:
            log.info("visit.resumed", room=visitor.room.room_id, exact=arrival.is_exact)
            if self._topologies is not None:
                self._topologies.member_returned(visitor.room.room_id)
        event, is_exact = visitor.event, arrival.is_exact
        answer = self._joined(visitor.identity, participation, event, resumed=is_return, is_counted=is_exact)
        if is_return or not event.offers:
            return answer
        return replace(answer, offered=self._offer(visitor.identity, participation, event.offers))

    def _offer(self, sender: Identity, participation: Participation, offers: list[OfferSdp]) -> list[PeerId]:
        """Pass on the offers of a join. Return the peers that got one.

        An offer to a peer that has left, or that reads too slowly, is dropped without a refusal: the newcomer
        is not introduced to the former, and offers again to the latter.
        """
        room, offered = participation.room, []
        call, sender_id = self._calls.mesh(room.room_id), sender.user_id
        for to, offer in {offer.peer_id: offer for offer in offers}.items():
            message = call.relay(participation.peer_id, offer)
            with suppress(PeerBusy, Unavailable):
                message = message and self._relay_only.passed_on(message, room)
                if message and self._delivery.pass_on(room.room_id, sender_id, to, message, offer.size()):
                    offered.append(to)
        return offered

    def _joined(
        self,
        identity: Identity,
        participation: Participation,
        event: Join,
        *,
        resumed: bool,
        is_counted: bool = True,
    ) -> Joined:
        room, peer_id = participation.room, participation.peer_id
        entries = self._calls.entries(room.room_id, besides=peer_id)
        if participation.replay_buffer is None:
            return Joined(room=room.name, peer_id=peer_id, peers=entries)
        resets = participation.replay_buffer.resets
        token = ResumeToken(peer_id, participation.started_at, self._node_id, resets)
        return Joined(
            room=room.name,
            peer_id=peer_id,
            peers=entries,
            resume=self._resume_tokens.sign(identity, room, token),
            grace=self._resume_tokens.grace,
            resumed=resumed,
            received=participation.replay_buffer.taken if is_counted else None,
            topology="mesh",
            move=self._move_of(room, peer_id) if self._is_told_of_sfus(event) else UNSET,
            recording=self._recording_of(room, identity),
            ice=self._credentials.ice(identity, room),
        )

    def _recording_of(self, room: Room, identity: Identity) -> ServerRecording | UnsetType:
        if self._recordings is None:
            return UNSET
        return self._recordings.recording_of(room.room_id, identity.user_id)

    def _seat_of(self, identity: Identity, event: Join, *, held_since: float) -> Seat:
        return Seat(
            identity.user_id,
            identity.email,
            self._node_id,
            held_since=held_since,
            knows_sfu=self._is_told_of_sfus(event),
            attempt=event.attempt,
            member_key=event.member_key,
        )

    def _now(self) -> float:
        return self._resume_tokens.now().timestamp()

    def _is_told_of_sfus(self, event: Join | Prepare) -> bool:
        """Return True if this server has SFUs, and the client knows calls that go through one."""
        return self._topologies is not None and "sfu" in event.known_topologies

    def _is_to_be_found(self, room: Room, event: Join) -> bool:
        """Return True if a returning member's call may go on at an SFU without this node's knowing."""
        if self._topologies is None or event.resume is None:
            return False
        return self._topologies.is_to_be_found(room.room_id)

    def _move_of(self, room: Room, peer_id: PeerId | None) -> CallTopology | UnsetType:
        return UNSET if self._topologies is None else self._topologies.move_of(room.room_id, peer_id)

    def _still_there(self, connection_id: ConnectionId) -> Member:
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        return connection

    # Participations of other nodes

    def _node_of(self, identity: Identity, event: Join) -> NodeId | None:
        """Return the other node that holds the participation of a token, if it lives."""
        if self._handover is None or event.resume is None:
            return None
        found = self._resume_tokens.read_of_any_room(event.resume, identity)
        return found[1].node if found is not None and self._handover.may_ask(found[1].node) else None

    async def _fetch(self, identity: Identity, event: Join) -> HandedOver | None:
        """Have the node that holds the participation of a token hand it over."""
        node, found = self._node_of(identity, event), None
        if event.resume is not None:
            found = self._resume_tokens.read_of_any_room(event.resume, identity)
        if self._handover is None or node is None or found is None:
            return None
        room_id, token = found
        return await self._handover.fetch(
            node, WantedVisit(room_id, token.peer_id, event.received, token.resets, self._now())
        )

    def _hand_over(self, wanted: WantedVisit, asker: NodeId | None) -> HandedOver | None:
        """Give another node what there is of a participation. Here it waits until its owner has decided."""
        room_id, peer_id = wanted.room_id, wanted.peer_id
        participation = self._participations.detached(peer_id)
        replay_buffer = None if participation is None else participation.replay_buffer
        if participation is None or replay_buffer is None or participation.room.room_id != room_id:
            self._participations.wait_for(peer_id)
            return None
        self._calls.sender_moves(peer_id)
        taken = replay_buffer.taken
        missed = replay_buffer.continue_from(wanted.received, resets=wanted.resets)
        losses = self._participations.losses_of(peer_id)
        given = GivenVisit(asker, wanted.asked_at, replay_buffer.sent, losses)
        self._participations.handed_over(peer_id, given)
        stamp, resets = self._calls.stamp(room_id), replay_buffer.resets
        return HandedOver(taken, wanted.received or 0, missed, stamp, resets, losses=sorted(losses))


def _view(known: list[PeerId], missed: list[Counted]) -> frozenset[PeerId]:
    """Return the peers that a client knows once it has received the messages that it missed."""
    view = set(known)
    for message in missed:
        match message:
            case AddPeer(peer_id=peer_id):
                view.add(peer_id)
            case RemovePeer(peer_id=peer_id):
                view.discard(peer_id)
            case _:
                pass
    return frozenset(view)
