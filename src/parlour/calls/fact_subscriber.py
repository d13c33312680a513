"""React to facts of other domains in the calls of this node."""

from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, SessionsEnded
from parlour.accounts.refusals import GuestExpired
from parlour.calls.chat_messages import chat_message
from parlour.calls.evictions import Evictions
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.calls.presence import Presence
from parlour.chat.facts import MessageStored
from parlour.rooms.facts import PersonBanned, RoomBecameEvent, RoomRemoved
from parlour.rooms.refusals import Banned, NotInvited
from parlour.wire.signaling import Removed


class CallFactSubscriber:
    """Handlers of the bus. They are synchronous, so that facts take effect in the order of their commits."""

    def __init__(
        self,
        presence: Presence,
        delivery: PeerDelivery,
        participations: Participations,
        evictions: Evictions,
    ) -> None:
        self._presence = presence
        self._delivery = delivery
        self._participations = participations
        self._evictions = evictions

    def on_person_banned(self, banned: PersonBanned) -> None:
        """Remove the banned people from the room's call."""
        message = Removed(room=banned.room.name, code=Banned.code, message=Banned().message)
        self._participations.remove(banned.room, message, lambda identity: identity.user_id in banned.people)

    def on_room_became_event(self, became: RoomBecameEvent) -> None:
        """Remove people without an invitation from the call; begin the attendance of the invited people."""
        room = became.room
        message = Removed(room=room.name, code=NotInvited.code, message=NotInvited().message)
        self._participations.remove(room, message, lambda identity: identity.user_id not in became.people)
        self._participations.renew(room)

    def on_room_removed(self, removed: RoomRemoved) -> None:
        self._evictions.close_room(removed.room)

    def on_display_name_changed(self, changed: DisplayNameChanged) -> None:
        """Tell the other members of each call of this person; later chat messages carry the new name."""
        for room_id, renamed in self._presence.rename(changed.user_id, changed.display_name):
            for peer in self._presence.peers_in(room_id):
                connection_id = self._presence.connection_of(peer)
                if connection_id is not None and peer != renamed.peer_id:
                    self._delivery.to_connection(connection_id, renamed)

    def on_sessions_ended(self, ended: SessionsEnded) -> None:
        self._evictions.end_sessions(ended.user_id, ended.reason, sessions=ended.sessions)

    def on_guest_time_ended(self, ended: GuestTimeEnded) -> None:
        self._evictions.end_sessions(ended.user_id, GuestExpired())

    def on_message_stored(self, stored: MessageStored) -> None:
        """Send the message to the room's call, except to the connection that sent it: it has the
        acknowledgement.
        """
        message = chat_message(stored.room, stored.message)
        for peer in self._presence.peers_in(stored.room.room_id):
            connection_id = self._presence.connection_of(peer)
            if connection_id is not None and connection_id != stored.sent_by:
                self._delivery.to_connection(connection_id, message)
