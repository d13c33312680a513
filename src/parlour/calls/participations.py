"""The use cases of participations: join, resume, lose the connection, leave.

A participation may outlive its connection: it stays in the call for a grace period, and messages to it are
kept. It ends unless it is resumed within that period.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import assert_never

import structlog
from msgspec.structs import replace

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.calls.call_records import CallRecords
from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Decided,
    Entered,
    Left,
    Lost,
    Recorded,
    Renamed,
    Resumed,
    Seat,
)
from parlour.calls.grace_timers import GraceTimers
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import Away, ConnectionId, Member, Participation, Presence, Watching
from parlour.calls.refusals import ConnectionGone, JoinCancelled, PeerBusy
from parlour.calls.replay_buffer import ReplayBuffer
from parlour.calls.resume_tokens import ResumeToken
from parlour.calls.room_entry import Permission, RoomEntry
from parlour.calls.visit_credentials import VisitCredentials
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import (
    AddPeer,
    Counted,
    Join,
    Joined,
    OfferSdp,
    PeerId,
    Prepare,
    Prepared,
    Removed,
    RemovePeer,
)

SWEEP_SECONDS = 10.0

log = structlog.get_logger("parlour.calls")


Waited = tuple[RoomId, PeerId, PeerId]
"""A claim to expire: the room, the peer that reported a connection, and the peer that it reported."""


class Participations:
    """Atomic on the event loop: no `await` between changing presence and queueing its messages."""

    def __init__(
        self,
        node_id: NodeId,
        presence: Presence,
        calls: OngoingCalls,
        delivery: PeerDelivery,
        entry: RoomEntry,
        records: CallRecords,
        credentials: VisitCredentials,
    ) -> None:
        self._node_id = node_id
        self._presence = presence
        self._calls = calls
        self._delivery = delivery
        self._entry = entry
        self._records = records
        self._credentials = credentials
        self._resume_tokens = resume_tokens = credentials.resume_tokens
        self._relay_only = credentials.relay_only
        self._joining: dict[ConnectionId, Join] = {}
        self._away: GraceTimers[PeerId] = GraceTimers(resume_tokens.grace)
        self._waited: GraceTimers[Waited] = GraceTimers(resume_tokens.grace)

    async def end_absent_members(self) -> None:
        """End participations that were not resumed within the grace after their connection was lost. Runs
        until cancelled.
        """
        await self._away.run(self._end_absent)

    async def expire_claims(self) -> None:
        """Tell resumed members about the peers that they reported and that did not resume in time. Runs until
        cancelled.
        """
        await self._waited.run(self._expire_claim)

    async def trim_replay_buffers(self) -> None:
        """Drop kept messages that have certainly arrived; repeated every SWEEP_SECONDS."""
        for replay_buffer in self._presence.replay_buffers():
            replay_buffer.forget()

    def connect(self, connection_id: ConnectionId, identity: Identity) -> None:
        """Add a connection, and send it the rooms in use: it is in no call yet."""
        self._records.introduce(self._presence.add(connection_id, identity))

    def disconnect(self, connection_id: ConnectionId) -> None:
        connection = self._presence.connection(connection_id)
        if connection is not None:
            self._records.leave_lobby(connection_id)
            self._lose(connection)
            self._presence.remove(connection_id)

    async def prepare(self, connection: Member, event: Prepare) -> Prepared:
        """Describe the call to a person who may join it now; until the connection is in a call, tell it of
        the next change. Raises what `join` raises.
        """
        permission = await self._entry.permit(connection.identity, event.room, prepares=True)
        if not permission.may_begin:
            raise Unavailable
        room, current = permission.room, self._still_there(connection.connection_id)
        self._entry.require_place(current.identity, room)
        if isinstance(current.state, Watching):
            self._records.wait_in_lobby(current.connection_id, room)
        peers = self._calls.mesh(room.room_id).members.entries()
        return Prepared(room.name, peers, ice=self._credentials.ice(current.identity, room))

    def join(self, connection: Member, event: Join) -> Joined | Awaitable[Joined]:
        """Join at once where the right to is known and no attendance has to be written before the answer."""
        if isinstance(connection.state, Participation) and connection.state.room.is_called(event.room):
            return self._joined(connection.identity, connection.state, resumed=True)
        permission = self._entry.permit_now(connection.identity, event.room)
        if permission is not None and not permission.room.is_event:
            return self._join_permitted(connection, permission, event)
        self._joining[connection.connection_id] = event
        return self._join_once_permitted(connection, event)

    async def _join_once_permitted(self, connection: Member, event: Join) -> Joined:
        """Do the rest of `join`, which notes the join before this task first runs: a leave may arrive in the
        same turn of the event loop.
        """
        permission = await self._entry.permit(connection.identity, event.room)
        current = self._still_there(connection.connection_id)
        if self._joining.pop(connection.connection_id, None) is not event:
            raise JoinCancelled
        answer = self._join_permitted(current, permission, event)
        if permission.room.is_event:
            await self._records.written()
        return answer

    def _join_permitted(self, current: Member, permission: Permission, event: Join) -> Joined:
        room = permission.room
        if isinstance(current.state, Participation):
            if event.resume is None:
                self._entry.require_place(current.identity, room)
            self._part(current)
            current = self._still_there(current.connection_id)
        answer = self._resume(current, room, event)
        if answer is None:
            if not permission.may_begin:
                raise Unavailable
            answer = self._enter(current, room, event)
        self._records.leave_lobby(current.connection_id)
        self._records.came(answer.peer_id, current.identity, room)
        return answer

    def acknowledged(self, connection: Member) -> None:
        """Send the messages that were held back until the acknowledgement of the join was sent."""
        if isinstance(connection.state, Participation):
            self._delivery.flow(connection.state.peer_id)

    def leave(self, connection: Member) -> None:
        """End the participation, and cancel a join that is still waiting for the database."""
        self._joining.pop(connection.connection_id, None)
        self._records.leave_lobby(connection.connection_id)
        self._part(connection)

    def end_former(self, connection: Member, resume: str) -> Room | None:
        """End the participation of a resume token, which its client left while its connection was lost. The
        server may still take that connection for alive. Return the room, or None if nothing has ended here.

        A participation from before this process started cannot return afterwards, and the members who
        reported it do not wait for it any longer.
        """
        found = self._resume_tokens.read_of_any_room(resume, connection.identity)
        if found is None:
            return None
        room_id, former = found
        if isinstance(connection.state, Participation) and connection.state.peer_id == former.peer_id:
            self._part(connection)
            return connection.state.room
        participation = self._detached(former.peer_id)
        if participation is not None:
            self._end_absent(former.peer_id)
            return participation.room
        self._resume_tokens.ended(former)
        call = self._calls.replica(room_id)
        for member in [] if call is None else call.waiting_for(former.peer_id):
            self._waited.end((room_id, member, former.peer_id))
            self._expire_claim((room_id, member, former.peer_id))
        return None

    async def recorded(self) -> None:
        """Wait until all attendance recorded so far is written, or the database has failed."""
        await self._records.written()

    def _lose(self, connection: Member) -> None:
        """Keep a resumable participation for its next connection; end any other participation."""
        self._joining.pop(connection.connection_id, None)
        if isinstance(connection.state, Participation) and connection.state.replay_buffer is not None:
            self._detach(connection, connection.state)
            self._away.begin(connection.state.peer_id)
        else:
            self._part(connection)

    def end_all_of(self, user_id: UserId, sessions: frozenset[SessionId] | None = None) -> None:
        """End all participations of a person; with `sessions`, only those of these login sessions."""
        self._entry.forget(user_id)
        for connection in self._presence.connections_of(user_id):
            if sessions is None or connection.identity.session in sessions:
                self._part(connection)
        for away in self._presence.away_of(user_id):
            if sessions is None or away.identity.session in sessions:
                self._end(away)

    def remove(self, room: Room, message: Removed, concerns: Callable[[Identity], bool]) -> None:
        """End the participations in a room that `concerns` selects. All their connections get `message`
        before the first of them leaves, so no member sees others leave without knowing the reason.
        """
        self._entry.revoke()
        peers = [
            peer
            for peer in self._calls.peers_in(room.room_id)
            if (identity := self._presence.identity_of(peer)) is not None and concerns(identity)
        ]
        connections = [self._presence.connection_at(peer) for peer in peers]
        for connection in connections:
            if connection is not None:
                self._delivery.to_connection(connection.connection_id, message)
        for peer, connection in zip(peers, connections, strict=True):
            if connection is not None:
                self._part(connection)
            else:
                self._end_absent(peer)

    def record(self, participation: Participation, *, recording: bool) -> None:
        """Note whether a member records the call. Tell the others in it, and who prepares to join."""
        room = participation.room
        if self._decide(room, Recorded(participation.peer_id, recording)).notice is not None:
            self._records.recording_changed(room)

    def rename(self, user_id: UserId, display_name: str | None) -> None:
        """Change a person's display name. Tell the others in each of their calls."""
        for participation in self._presence.rename(user_id, display_name):
            self._decide(participation.room, Renamed(participation.peer_id, display_name))

    def renew(self, room: Room) -> None:
        """Begin the attendance of a call whose room has become an event."""
        self._calls.renew(room)
        for peer in self._calls.peers_in(room.room_id):
            renewed = self._presence.renew(peer, room)
            if renewed is not None:
                identity, participation = renewed
                self._records.came(participation.peer_id, identity, room)

    # The beginning of a participation

    def _enter(self, connection: Member, room: Room, event: Join) -> Joined:
        """Begin a participation; away participations of this person may give way. Raises
        TooManyParticipations or RoomFull.
        """
        identity = connection.identity
        for peer in self._entry.require_place(identity, room):
            self._end_absent(peer)
        peer_id = PeerId(secrets.token_urlsafe(12))
        replay_buffer = ReplayBuffer() if event.is_resumable else None
        participation = Participation(room, peer_id, self._resume_tokens.now(), replay_buffer)
        self._presence.attach(connection, participation)
        self._decide(room, Entered(peer_id, self._seat(identity), identity.name, identity.display_name))
        answer = self._joined(identity, participation, resumed=False)
        if not event.offers:
            return answer
        return replace(answer, offered=self._offer(identity, participation, event.offers))

    def _offer(self, sender: Identity, participation: Participation, offers: list[OfferSdp]) -> list[PeerId]:
        """Pass on the offers of a join. Return the peers that got one.

        An offer to a peer that has left, or that reads too slowly, is dropped without a refusal: the newcomer
        is not introduced to the former, and offers again to the latter.
        """
        call, offered = self._calls.mesh(participation.room.room_id), []
        for offer in {offer.peer_id: offer for offer in offers}.values():
            message = call.relay(participation.peer_id, offer)
            with suppress(PeerBusy):
                message = message and self._relay_only.passed_on(message, participation.room)
                if message and self._delivery.relay(sender.user_id, offer.peer_id, message, offer.size()):
                    offered.append(offer.peer_id)
        return offered

    def _resume(self, connection: Member, room: Room, event: Join) -> Joined | None:
        """Continue the participation of the event's resume token. Return None if the token allows none."""
        found = self._resume_tokens.read(event.resume, connection.identity, room)
        if found is None:
            return None
        participation = self._detached(found.peer_id)
        if participation is None:
            may_bring = self._entry.may_resume_unseen(connection.identity, room)
            if not may_bring or not self._resume_tokens.may_return(found):
                return None
            participation = Participation(room, found.peer_id, found.started_at, ReplayBuffer())
        missed = (
            None
            if participation.replay_buffer is None
            else participation.replay_buffer.continue_from(event.received)
        )
        self._presence.attach(connection, participation)
        identity, known = connection.identity, _view(event.known, missed or [])
        self._decide(
            room,
            Resumed(participation.peer_id, self._seat(identity), identity.name, identity.display_name, known),
        )
        for absent in self._calls.mesh(room.room_id).claims.get(participation.peer_id, ()):
            waited = (room.room_id, participation.peer_id, absent)
            if self._resume_tokens.has_ended(absent):
                self._expire_claim(waited)
            else:
                self._waited.begin(waited)
        log.info("visit.resumed", room=room.room_id, exact=missed is not None)
        return self._joined(connection.identity, participation, resumed=True, is_counted=missed is not None)

    def _detached(self, peer_id: PeerId) -> Participation | None:
        """Return a participation after closing the connection that it may still hold: a client may resume
        before the server notices that the old connection is dead.
        """
        connection_id = self._presence.connection_of(peer_id)
        former = None if connection_id is None else self._presence.connection(connection_id)
        if former is not None and isinstance(former.state, Participation):
            self._detach(former, former.state)
            self._delivery.hang_up(former.connection_id)
        away = self._presence.away(peer_id)
        if away is None:
            return None
        self._away.end(peer_id)
        return away.participation

    def _joined(
        self, identity: Identity, participation: Participation, *, resumed: bool, is_counted: bool = True
    ) -> Joined:
        entries = self._calls.mesh(participation.room.room_id).members.entries(besides=participation.peer_id)
        if participation.replay_buffer is None:
            return Joined(room=participation.room.name, peer_id=participation.peer_id, peers=entries)
        return Joined(
            room=participation.room.name,
            peer_id=participation.peer_id,
            peers=entries,
            resume=self._resume_tokens.sign(identity, participation.room, _resume_token(participation)),
            grace=self._resume_tokens.grace,
            resumed=resumed,
            received=participation.replay_buffer.taken if is_counted else None,
            topology="mesh",
            ice=self._credentials.ice(identity, participation.room),
        )

    def _still_there(self, connection_id: ConnectionId) -> Member:
        connection = self._presence.connection(connection_id)
        if connection is None:
            raise ConnectionGone
        return connection

    # The end of a participation

    def _part(self, connection: Member) -> None:
        match connection.state:
            case Watching():
                return
            case Participation() as participation:
                self._presence.leave(connection)
                self._decide(participation.room, Left(participation.peer_id))
                self._ended(connection.identity, participation, at=None)
            case _:
                assert_never(connection.state)

    def _end_absent(self, peer_id: PeerId) -> None:
        away = self._presence.away(peer_id)
        if away is not None:
            self._end(away)

    def _end(self, away: Away) -> None:
        """End an away participation, with the moment of the lost connection as its time of departure."""
        self._away.end(away.participation.peer_id)
        self._presence.end(away)
        self._decide(away.participation.room, Left(away.participation.peer_id))
        self._ended(away.identity, away.participation, at=away.since)

    def _ended(self, identity: Identity, participation: Participation, *, at: datetime | None) -> None:
        self._presence.forget(participation.peer_id)
        self._delivery.forget(participation.peer_id)
        if participation.replay_buffer is not None:
            self._resume_tokens.ended(_resume_token(participation))
        self._records.went(participation.peer_id, identity, participation.room, at=at)

    def _expire_claim(self, waited: Waited) -> None:
        room_id, peer, claimed = waited
        call = self._calls.replica(room_id)
        if call is not None:
            self._decide(call.room, ClaimExpired(peer, claimed))

    def _detach(self, connection: Member, participation: Participation) -> None:
        """Take a participation from its connection: it is away from now on."""
        now = self._resume_tokens.now()
        self._presence.lose(connection, participation, now=now)
        self._decide(participation.room, Lost(participation.peer_id, now))

    def _seat(self, identity: Identity) -> Seat:
        return Seat(identity.user_id, identity.email, self._node_id)

    def _decide(self, room: Room, change: Change) -> Decided:
        """Decide a change of a call, and deliver what is decided."""
        decided = self._calls.decide(room, change)
        self._delivery.apply(decided)
        return decided


def _resume_token(participation: Participation) -> ResumeToken:
    return ResumeToken(participation.peer_id, participation.started_at)


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
