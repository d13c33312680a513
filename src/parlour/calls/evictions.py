"""End participations and connections after their session ended or their person lost the right to the room."""

from collections.abc import Callable, Set

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import Presence
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.rooms.refusals import RoomRemoved
from parlour.wire.signaling import PeerId, Removed, Restarting, SessionEnded


class Evictions:
    """Removals are atomic on the event loop: no `await` between changing presence and queueing its
    messages.
    """

    def __init__(self, presence: Presence, delivery: PeerDelivery, participations: Participations) -> None:
        self._presence = presence
        self._delivery = delivery
        self._participations = participations

    def end_sessions(
        self, user_id: UserId, reason: Refusal, *, sessions: frozenset[SessionId] | None = None
    ) -> None:
        """Close the sockets of a person, after a message with the reason; with `sessions`, only the sockets
        of these login sessions.
        """
        ended = SessionEnded(code=reason.code, message=reason.message)
        connections = [
            connection
            for connection in self._presence.connections_of(user_id)
            if sessions is None or connection.identity.session in sessions
        ]
        for connection in connections:
            self._delivery.to_connection(connection.connection_id, ended)
        self._participations.end_all_of(user_id, sessions)
        for connection in connections:
            self._presence.remove(connection.connection_id)
            self._delivery.hang_up(connection.connection_id)

    def announce_restart(self) -> None:
        """Tell every connection that this process ends and that a new process will replace it."""
        restarting = Restarting()
        for connection_id in self._presence.connection_ids():
            self._delivery.to_connection(connection_id, restarting)

    def close_room(self, room: Room) -> None:
        """Remove all members from the call of a room that was deleted."""
        self.remove(room, RoomRemoved(), lambda _identity: True)

    def remove_person(self, identity: Identity, room: Room, reason: Refusal) -> None:
        self.remove(room, reason, lambda member: member.user_id == identity.user_id)

    def remove_peers(self, peers: Set[PeerId], room: Room, reason: Refusal) -> None:
        self._remove(room, reason, lambda peer, _identity: peer in peers)

    def remove(self, room: Room, reason: Refusal, concerns: Callable[[Identity], bool]) -> None:
        """Remove the members that `concerns` picks from a room's call, after a message with the reason."""
        self._remove(room, reason, lambda _peer, identity: concerns(identity))

    def _remove(self, room: Room, reason: Refusal, concerns: Callable[[PeerId, Identity], bool]) -> None:
        message = Removed(room=room.name, code=reason.code, message=reason.message)
        self._participations.remove(room, message, concerns)
