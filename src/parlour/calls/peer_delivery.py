"""Deliver messages to peers: each is sent, kept in a replay buffer, or both."""

from collections import deque

from parlour.accounts.identity import UserId
from parlour.calls.buffer_shares import BACKLOG_BYTES, BufferShares
from parlour.calls.cluster.node import Node
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.presence import Presence
from parlour.calls.refusals import PeerBusy
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import AnyServerEvent, Counted, FromPeer, PeerId

MAX_HELD = 1_000
"""The most messages that are held for a call; then all are sent."""


class PeerDelivery:
    """Keep the order of messages to a peer, across the successive connections of its participation."""

    def __init__(self, presence: Presence, calls: OngoingCalls, node: Node) -> None:
        self._presence = presence
        self._calls = calls
        self.to_connection = self._deliver = node.deliver
        self.hang_up = node.hang_up
        self._deliver_within, self._backlog = node.deliver_within, node.backlog
        self._shares = BufferShares()
        self._held: dict[RoomId, deque[tuple[AnyServerEvent, str | None]]] = {}

    def pass_on(self, room_id: RoomId, sender: UserId, to: PeerId, message: FromPeer, size: int) -> bool:
        """Send a message of another peer, whichever node holds the receiver; keep it while the receiver's
        introduction to that peer is held. Return False if there is no such receiver.

        Raises what `relay` raises, or Unavailable if the receiver's node is out of reach. Hot path.
        """
        return (
            self._calls.hold_back(room_id, to, message, size)
            or self.relay(sender, to, message, size)
            or self._calls.relay(room_id, to, message)
        )

    def relay(self, sender: UserId, to: PeerId, message: FromPeer, size: int) -> bool:
        """Send a message of another peer to a member of this node, with `size` bytes of content. Return
        False if there is no such member.

        Raises PeerBusy if the receiver reads too slowly. Hot path: while nobody does, it is one delivery.
        """
        receiver = self._presence.connection_of(to)
        replay_buffer = self._presence.replay_buffer(to)
        if (
            receiver is not None
            and not self._shares.taken
            and (replay_buffer is None or not replay_buffer.is_held)
            and self._deliver_within(receiver, message, BACKLOG_BYTES)
        ):
            if replay_buffer is not None:
                replay_buffer.put(message, size)
            return True
        if receiver is None and replay_buffer is None:
            return False
        return self._relay_with_shares(sender, to, message, size)

    def _relay_with_shares(self, sender: UserId, to: PeerId, message: FromPeer, size: int) -> bool:
        receiver, replay_buffer = self._presence.connection_of(to), self._presence.replay_buffer(to)
        backlog = self._backlog(receiver) if receiver is not None else 0
        if replay_buffer is not None and replay_buffer.is_held:
            backlog += replay_buffer.size
        if backlog > BACKLOG_BYTES:
            if not self._shares.take(to, sender, size, backlog):
                raise PeerBusy
        elif self._shares.taken:
            self._shares.forget(to)
        if replay_buffer is not None and not replay_buffer.put(message, size):
            return True
        if receiver is None:
            return False
        self._deliver(receiver, message)
        return True

    def post(self, to: PeerId, message: Counted) -> bool:
        """Send the server's own message. Return False if there is no such peer."""
        replay_buffer = self._presence.replay_buffer(to)
        if replay_buffer is not None and not replay_buffer.put(message):
            return True
        receiver = self._presence.connection_of(to)
        if receiver is None:
            return False
        self._deliver(receiver, message)
        return True

    def to_call(self, room_id: RoomId, message: AnyServerEvent, *, besides: str | None) -> None:
        """Send an uncounted message to this node's connections in a call but one, such as its author's."""
        held = self._held.get(room_id)
        if held is not None:
            held.append((message, besides))
            if len(held) >= MAX_HELD:
                self.release(room_id)
            return
        for peer in self._calls.own_peers_in(room_id):
            connection_id = self._presence.connection_of(peer)
            if connection_id is not None and connection_id != besides:
                self._deliver(connection_id, message)

    def hold(self, room_id: RoomId) -> None:
        """Hold what is for a call as a whole, chat above all, until `release`: who is in it is in doubt."""
        self._held.setdefault(room_id, deque())

    def release(self, room_id: RoomId) -> None:
        for message, besides in self._held.pop(room_id, ()):
            self.to_call(room_id, message, besides=besides)

    def flow(self, peer_id: PeerId) -> None:
        """Send the messages held for a peer whose join is now acknowledged; later messages go out at once."""
        replay_buffer, receiver = self._presence.replay_buffer(peer_id), self._presence.connection_of(peer_id)
        if replay_buffer is not None and receiver is not None:
            for message in replay_buffer.flow():
                self._deliver(receiver, message)

    def forget(self, peer_id: PeerId) -> None:
        """Drop the state of a peer whose participation has ended."""
        self._shares.forget(peer_id)
