"""React to facts of other domains in the calls of this node."""

from parlour.accounts.facts import DisplayNameChanged, GuestTimeEnded, SessionsEnded
from parlour.accounts.refusals import GuestExpired
from parlour.calls.chat_messages import chat_message, message_deleted, message_edited
from parlour.calls.evictions import Evictions
from parlour.calls.participations import Participations
from parlour.calls.peer_delivery import PeerDelivery
from parlour.chat.facts import ChatFact, MessageDeleted, MessageEdited, MessageStored
from parlour.rooms.facts import InvitationTakenBack, PersonBanned, RoomBecameEvent, RoomChanged, RoomRemoved
from parlour.rooms.refusals import Banned, NotInvited


class CallFactSubscriber:
    """Handlers of the bus. They are synchronous, so that facts take effect in the order of their commits."""

    def __init__(
        self,
        delivery: PeerDelivery,
        participations: Participations,
        evictions: Evictions,
    ) -> None:
        self._delivery = delivery
        self._participations = participations
        self._evictions = evictions

    def on_person_banned(self, banned: PersonBanned) -> None:
        """Remove the banned people from the room's call."""
        self._evictions.remove(banned.room, Banned(), lambda member: member.user_id in banned.people)

    def on_invitation_taken_back(self, taken: InvitationTakenBack) -> None:
        """Remove from the call who came in by the invitation alone."""
        self._evictions.remove(taken.room, NotInvited(), lambda member: member.user_id in taken.refused)

    def on_room_became_event(self, became: RoomBecameEvent) -> None:
        """Remove people without an invitation from the call; begin the attendance of the invited people."""
        self._evictions.remove(became.room, NotInvited(), lambda member: member.user_id not in became.people)
        self._participations.renew(became.room)

    def on_room_changed(self, changed: RoomChanged) -> None:
        """Have the media of the room's call travel as the room says now."""
        self._participations.set_media(changed.room)

    def on_room_removed(self, removed: RoomRemoved) -> None:
        self._evictions.close_room(removed.room)

    def on_display_name_changed(self, changed: DisplayNameChanged) -> None:
        """Tell the other members of each call of this person; later chat messages carry the new name."""
        self._participations.rename(changed.user_id, changed.display_name)

    def on_sessions_ended(self, ended: SessionsEnded) -> None:
        self._evictions.end_sessions(ended.user_id, ended.reason, sessions=ended.sessions)

    def on_guest_time_ended(self, ended: GuestTimeEnded) -> None:
        self._evictions.end_sessions(ended.user_id, GuestExpired())

    def on_chat_fact(self, fact: ChatFact) -> None:
        match fact:
            case MessageStored():
                self.on_message_stored(fact)
            case MessageEdited():
                self.on_message_edited(fact)
            case MessageDeleted():
                self.on_message_deleted(fact)

    def on_message_stored(self, stored: MessageStored) -> None:
        """Send the message to the room's call, except to the connection that sent it: it has the
        acknowledgement.
        """
        message = chat_message(stored.room, stored.message)
        self._delivery.to_call(stored.room.room_id, message, besides=stored.sent_by)

    def on_message_edited(self, edited: MessageEdited) -> None:
        self._delivery.to_call(edited.room.room_id, message_edited(edited), besides=edited.sent_by)

    def on_message_deleted(self, deleted: MessageDeleted) -> None:
        self._delivery.to_call(deleted.room.room_id, message_deleted(deleted), besides=deleted.sent_by)
