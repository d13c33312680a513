"""The use cases of participations that have begun: lose the connection, leave, be removed.

A participation may outlive its connection: it stays in the call for a grace period, and messages to it are
kept. It ends unless it is resumed within that period (`calls.arrivals`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Set
from contextlib import suppress

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.calls.call_records import CallRecords
from parlour.calls.decisions import ClaimExpired, Left, Lost, Notice, Recorded, Renamed, Seat
from parlour.calls.grace_timers import GraceTimers
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import ConnectionId, Member, Participation, Presence, Watching
from parlour.calls.refusals import PeerBusy
from parlour.calls.resume_tokens import ResumeTokens
from parlour.calls.room_entry import RoomEntry
from parlour.calls.topologies import CallTopologies
from parlour.calls.visit_handover import GivenVisit
from parlour.errors import Unavailable
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import (
    CandidateFromPeer,
    Counted,
    DescriptionFromPeer,
    FromPeer,
    PeerId,
    Removed,
    SignalsLost,
)

TRIM_SECONDS = 10.0


Claim = tuple[RoomId, PeerId, PeerId]
"""A claim to expire: the room, the peer that reported a connection, and the peer that it reported."""


class Participations:
    """Atomic on the event loop: no `await` between changing presence and queueing its messages.

    A change is decided at once where this node decides about the call; else it is this node's to tell the
    owner. Decisions come back by the methods of `CallMembers`.
    """

    def __init__(
        self,
        presence: Presence,
        calls: OngoingCalls,
        delivery: PeerDelivery,
        entry: RoomEntry,
        records: CallRecords,
        resume_tokens: ResumeTokens,
        topologies: CallTopologies | None = None,
    ) -> None:
        """`topologies` is None for a server without SFUs."""
        self._presence = presence
        self._calls = calls
        self._delivery = delivery
        self._entry = entry
        self._records = records
        self._resume_tokens = resume_tokens
        self._topologies = topologies
        self._away: GraceTimers[PeerId] = GraceTimers(resume_tokens.grace)
        self._claims: GraceTimers[Claim] = GraceTimers(resume_tokens.grace)
        self._parting: set[PeerId] = set()
        """The participations whose connections part from them just now, and live on."""
        self._handed_over: dict[PeerId, GivenVisit] = {}
        """The away participations of which another node was given all there was."""
        self._with_losses: deque[tuple[RoomId, list[PeerId]]] = deque()
        """The calls in which messages of these peers may be lost, of which the members are to be told."""
        self._untold_losses: dict[PeerId, set[PeerId]] = {}
        """The same for members without a connection: they are told when they are back at this node."""
        calls.serve(self)

    async def end_absent_members(self) -> None:
        """End participations that were not resumed within the grace after their connection was lost. Runs
        until cancelled.
        """
        await self._away.run(self._end_absent)

    async def expire_claims(self) -> None:
        """Tell resumed members about the peers that they reported and that did not resume in time. Runs until
        cancelled.
        """
        await self._claims.run(self._expire_claim)

    async def trim_replay_buffers(self) -> None:
        """Drop kept messages that have certainly arrived; repeated every TRIM_SECONDS."""
        for replay_buffer in self._presence.replay_buffers():
            replay_buffer.forget()

    def connect(self, connection_id: ConnectionId, identity: Identity) -> None:
        """Add a connection, and send it the rooms in use: it is in no call yet."""
        self._records.introduce(self._presence.add(connection_id, identity))

    def disconnect(self, connection_id: ConnectionId) -> None:
        """Keep a resumable participation for its next connection; end any other participation."""
        connection = self._presence.connection(connection_id)
        if connection is None:
            return
        self._records.leave_lobby(connection_id)
        if isinstance(connection.state, Participation) and connection.state.replay_buffer is not None:
            self._detach(connection, connection.state)
            self._away.begin(connection.state.peer_id)
        else:
            self.part(connection)
        self._presence.remove(connection_id)

    def acknowledged(self, connection: Member) -> None:
        """Send the messages that were held back until the acknowledgement of the join was sent."""
        if isinstance(connection.state, Participation):
            self._delivery.flow(connection.state.peer_id)
            losses = self._untold_losses.pop(connection.state.peer_id, None)
            if losses:
                self._delivery.to_connection(connection.connection_id, SignalsLost(sorted(losses)))

    def leave(self, connection: Member) -> None:
        """End the participation of a connection, if there is one."""
        self._records.leave_lobby(connection.connection_id)
        self.part(connection)

    def end_former(self, connection: Member, resume: str) -> Room | None:
        """End the participation of a resume token, which its client left while its connection was lost. The
        server may still take that connection for alive. Return the room, or None if nothing has ended here.

        A participation from before this process started, or at another node, cannot return afterwards, and
        the members who reported it do not wait for it any longer.
        """
        found = self._resume_tokens.read_of_any_room(resume, connection.identity)
        if found is None:
            return None
        room_id, former = found
        if isinstance(connection.state, Participation) and connection.state.peer_id == former.peer_id:
            self.part(connection)
            return connection.state.room
        participation = self.detached(former.peer_id)
        if participation is not None:
            self._end_absent(former.peer_id)
            return participation.room
        self._calls.end(room_id, former.peer_id)
        return None

    async def recorded(self) -> None:
        """Wait until all attendance recorded so far is written, or the database has failed."""
        await self._records.written()

    def end_all_of(self, user_id: UserId, sessions: frozenset[SessionId] | None = None) -> None:
        """End all participations of a person; with `sessions`, only those of these login sessions."""
        self._entry.forget(user_id)
        for connection in self._presence.connections_of(user_id):
            if sessions is None or connection.identity.session in sessions:
                self.part(connection)
        for away in self._presence.away_of(user_id):
            if sessions is None or away.identity.session in sessions:
                self._calls.change(Left(away.participation.peer_id))

    def revoke(self) -> None:
        """Void the permissions that joins have got so far: a person may have lost the right to enter."""
        self._entry.revoke()

    def remove(self, room: Room, message: Removed, concerns: Callable[[PeerId, Identity], bool]) -> None:
        """End the participations in a room that `concerns` selects. All their connections get `message`
        before the first of them leaves, so no member sees others leave without knowing the reason.
        """
        self.revoke()
        peers = [
            peer
            for peer in self._calls.own_peers_in(room.room_id)
            if (identity := self._presence.identity_of(peer)) is not None and concerns(peer, identity)
        ]
        connections = [self._presence.connection_at(peer) for peer in peers]
        for connection in connections:
            if connection is not None:
                self._delivery.to_connection(connection.connection_id, message)
        for peer, connection in zip(peers, connections, strict=True):
            if connection is not None:
                self.part(connection)
            else:
                self._end_absent(peer)

    def record(self, participation: Participation, *, recording: bool) -> None:
        """Note whether a member records the call. Tell the others in it, and who prepares to join."""
        self._calls.change(Recorded(participation.peer_id, recording))

    def rename(self, user_id: UserId, display_name: str | None) -> None:
        """Change a person's display name. Tell the others in each of their calls."""
        for participation in self._presence.rename(user_id, display_name):
            self._calls.change(Renamed(participation.peer_id, display_name))

    def renew(self, room: Room) -> None:
        """Begin the attendance of a call whose room has become an event."""
        self._calls.renew(room)
        for peer in self._calls.own_peers_in(room.room_id):
            renewed = self._presence.renew(peer, room)
            if renewed is not None:
                identity, participation = renewed
                self._records.joined(participation.peer_id, identity, room)

    def set_media(self, room: Room) -> None:
        """Have the media of a room's call travel as the room says. What else the call knows of it stays."""
        call = self._calls.replica(room.room_id)
        if call is not None and call.room.media != room.media:
            self._calls.renew(call.room.with_media_of(room))
            if self._topologies is not None:
                self._topologies.call_changed(room)

    # What arrivals need

    def part(self, connection: Member) -> None:
        """End the participation of a connection, which lives on in no call."""
        match connection.state:
            case Watching():
                return
            case Participation(peer_id=peer_id):
                self._parting.add(peer_id)
                self._calls.change(Left(peer_id))
                self._parting.discard(peer_id)

    def detached(self, peer_id: PeerId) -> Participation | None:
        """Return a participation after closing the connection that it may still hold: a client may resume
        before the server notices that the old connection is dead. It waits without an end: `wait_for` begins
        the grace.
        """
        connection = self._presence.connection_at(peer_id)
        if connection is not None and isinstance(connection.state, Participation):
            self._detach(connection, connection.state)
            self._delivery.hang_up(connection.connection_id)
        away = self._presence.away(peer_id)
        if away is None:
            return None
        self._away.end(peer_id)
        return away.participation

    def wait_for(self, peer_id: PeerId) -> None:
        """Begin the grace of a participation, if it has no connection."""
        if self._presence.away(peer_id) is not None:
            self._away.begin(peer_id)

    def lose_later(self, peer_id: PeerId) -> None:
        """Have a participation be away as soon as the decision that it is back is done with: its connection
        was lost meanwhile.
        """
        asyncio.get_running_loop().call_soon(self._lose, peer_id)

    def _lose(self, peer_id: PeerId) -> None:
        away = self._presence.away(peer_id)
        if away is not None:
            self._calls.change(Lost(peer_id, away.since))
            self._away.begin(peer_id)

    def losses_of(self, peer_id: PeerId) -> frozenset[PeerId]:
        """Return the peers of whose lost messages an away participation has not been told."""
        return frozenset(self._untold_losses.get(peer_id, ()))

    def handed_over(self, peer_id: PeerId, given: GivenVisit) -> None:
        """Take note that another node was given what there is of an away participation, and may resume it."""
        self._handed_over[peer_id] = given
        self.wait_for(peer_id)

    def note_losses(self, peer_id: PeerId, peers: list[PeerId]) -> None:
        """Have a member that is about to be here be told that messages of these peers are lost."""
        if peers:
            self._untold_losses.setdefault(peer_id, set()).update(peers)

    # Called by OngoingCalls

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        self._delivery.post(to, message)

    def relayed(self, to: PeerId, message: FromPeer, size: int, /) -> None:
        """Deliver a message that a peer at another node sent. If the receiver reads too slowly for its sender
        it is dropped, since it was acknowledged already.
        """
        room_id = self._presence.room_of(to)
        call = None if room_id is None else self._calls.replica(room_id)
        sender = None if call is None else call.seats.get(message.peer_id)
        if sender is None:
            return
        try:  # hot path, and `suppress` would cost more
            self._delivery.relay(sender.user_id, to, message, size)
        except PeerBusy:
            return

    def signals_lost(self, room_id: RoomId, peers: list[PeerId], /, *, to: PeerId | None = None) -> None:
        """Tell one member, or all of this node, one call in each turn of the event loop. A member without a
        connection hears of a loss when it is back.
        """
        if to is not None:
            self._tell_of_loss(to, peers)
            return
        if not self._with_losses:
            asyncio.get_running_loop().call_soon(self._tell_of_losses)
        self._with_losses.append((room_id, peers))

    def _tell_of_loss(self, member: PeerId, peers: list[PeerId]) -> None:
        """Tell a member, or have it be told once its join is acknowledged."""
        receiver, replay_buffer = self._presence.connection_of(member), self._presence.replay_buffer(member)
        if receiver is not None and not (replay_buffer is not None and replay_buffer.is_held):
            self._delivery.to_connection(receiver, SignalsLost(peers))
        elif receiver is not None or self._presence.away(member) is not None:
            self.note_losses(member, peers)

    def _tell_of_losses(self) -> None:
        room_id, peers = self._with_losses.popleft()
        for member in self._calls.own_peers_in(room_id):
            if self._presence.away(member) is not None:
                self._untold_losses.setdefault(member, set()).update(peers)
        self._delivery.to_call(room_id, SignalsLost(peers), besides=None)
        if self._with_losses:
            asyncio.get_running_loop().call_soon(self._tell_of_losses)

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """Tell this node's connections in a call, but not that of the peer that the notice is about."""
        own = self._presence.connection_of(notice.peer_id)
        self._delivery.to_call(room_id, notice, besides=own)

    def ended(self, peer_id: PeerId, /, *, is_elsewhere: bool) -> None:
        """Drop a participation, with the moment of the lost connection as its time of departure. A connection
        is closed if its participation ended elsewhere: its client has another one.
        """
        connection, away = self._presence.connection_at(peer_id), self._presence.away(peer_id)
        at = None
        if away is not None:
            identity, participation, at = away.identity, away.participation, away.since
            self._away.end(peer_id)
            self._presence.end(away)
        elif connection is not None and isinstance(connection.state, Participation):
            identity, participation = connection.identity, connection.state
            self._presence.leave(connection)
            if peer_id not in self._parting:
                self._delivery.hang_up(connection.connection_id)
        else:
            return
        if self._topologies is not None and not is_elsewhere:
            self._topologies.member_left(participation.room.room_id, peer_id)
        losses = self._untold_losses.pop(peer_id, set())
        handed_over = self._handed_over.pop(peer_id, None)
        if is_elsewhere and handed_over is not None and handed_over.is_used_in(self._seat_of(participation)):
            self._send_after(participation, handed_over.sent)
            self._tell_of_losses_to(participation, losses - handed_over.losses)
        elif is_elsewhere:
            self._tell_of_losses_to(participation, losses | _senders_in(participation))
        self._presence.forget(peer_id)
        self._delivery.forget(peer_id)
        self._records.left(peer_id, identity, participation.room, at=at)
        watching = None if connection is None else self._presence.connection(connection.connection_id)
        if watching is not None:
            self._records.introduce(watching)

    def expects(self, room_id: RoomId, peer_id: PeerId, absent: PeerId, /) -> None:
        """Wait as long for a peer that a member reports as for one whose connection is lost."""
        self._claims.begin((room_id, peer_id, absent))

    def call_changed(self, room: Room, /) -> None:
        self._records.call_changed(room)
        if self._topologies is not None:
            self._topologies.call_changed(room)

    # The end of a participation

    def _end_absent(self, peer_id: PeerId) -> None:
        if self._presence.away(peer_id) is not None:
            self._calls.change(Left(peer_id))

    def _expire_claim(self, claim: Claim) -> None:
        """Have a claim expire, as often as it takes: the owner of the call may be out of reach."""
        room_id, peer, claimed = claim
        self._calls.change(ClaimExpired(peer, claimed))
        call = self._calls.replica(room_id)
        if call is not None and peer in call.waiting_for(claimed):
            self._claims.begin(claim)

    def _detach(self, connection: Member, participation: Participation) -> None:
        """Take a participation from its connection: it is away from now on."""
        now = self._resume_tokens.now()
        self._presence.lose(connection, participation, now=now)
        self._calls.change(Lost(participation.peer_id, now))

    def _seat_of(self, participation: Participation) -> Seat | None:
        """Return where a participation is, as far as this node knows."""
        call = self._calls.replica(participation.room.room_id)
        return None if call is None else call.seats.get(participation.peer_id)

    def _send_after(self, participation: Participation, handed_over: int) -> None:
        """Send the node that has resumed a participation what peers said to it since it was handed over."""
        replay_buffer = participation.replay_buffer
        for message in () if replay_buffer is None else replay_buffer.after(handed_over):
            if isinstance(message, FromPeer):
                with suppress(Unavailable, PeerBusy):
                    self._calls.relay(participation.room.room_id, participation.peer_id, message)

    def _tell_of_losses_to(self, participation: Participation, peers: Set[PeerId]) -> None:
        """Have the client of a participation that went on elsewhere hear that messages of these peers are
        lost.
        """
        if peers:
            self._calls.tell_of_loss(participation.room.room_id, participation.peer_id, sorted(peers))


def _senders_in(participation: Participation) -> Set[PeerId]:
    """Return the peers whose words to a participation stayed at this node: the one where it goes on was out
    of reach, and did not ask for them.
    """
    replay_buffer = participation.replay_buffer
    kept = () if replay_buffer is None else replay_buffer.after(0)
    return {one.peer_id for one in kept if isinstance(one, DescriptionFromPeer | CandidateFromPeer)}
