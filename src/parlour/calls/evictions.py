"""End participations and connections whose session is over, or whose person may be in the room no more."""

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import Presence
from parlour.errors import Refusal
from parlour.rooms.entities import Room
from parlour.rooms.refusals import RoomRemoved
from parlour.wire.signaling import Removed, Restarting, SessionEnded


class Evictions:
    """Atomic on the event loop: no `await` between changing presence and queueing its messages."""

    def __init__(self, presence: Presence, delivery: PeerDelivery, participations: Participations) -> None:
        self._presence = presence
        self._delivery = delivery
        self._participations = participations

    def end_sessions(
        self, user_id: UserId, reason: Refusal, *, sessions: frozenset[SessionId] | None = None
    ) -> None:
        """Tell sockets of a person why they end, and close them: all, or those that depend on `sessions`."""
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
        """Tell everybody that this server ends, and another one begins."""
        restarting = Restarting()
        for connection_id in self._presence.connection_ids():
            self._delivery.to_connection(connection_id, restarting)

    def close_room(self, room: Room) -> None:
        """Take everybody out of the call of a room that was removed."""
        removed = Removed(room=room.name, code=RoomRemoved.code, message=RoomRemoved().message)
        self._participations.remove(room, removed, lambda _identity: True)

    def remove_person(self, identity: Identity, room: Room, reason: Refusal) -> None:
        removed = Removed(room=room.name, code=reason.code, message=reason.message)
        self._participations.remove(room, removed, lambda member: member.user_id == identity.user_id)
