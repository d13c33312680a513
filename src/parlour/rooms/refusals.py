"""What rooms refuse."""

from parlour.errors import Refusal


class RoomNotFound(Refusal):
    """This room doesn't exist."""

    code = "room_not_found"
    status = 404


class RoomNameTaken(Refusal):
    """A room with this name already exists."""

    code = "room_name_taken"
    status = 409


class CreatorNotFound(Refusal):
    """This creator doesn't exist."""

    code = "creator_not_found"
    status = 404


class GuestsCreateNoRooms(Refusal):
    """Guests can't create rooms. Create an account to have rooms of your own."""

    code = "guests_create_no_rooms"
    status = 403


class TooManyAddresses(Refusal):
    """That's too many addresses. You can invite up to 200 at a time."""

    code = "too_many_addresses"
    status = 413


class RoomCreationNotAllowed(Refusal):
    """You can't create rooms on this server. Ask its administrator to allow it."""

    code = "room_creation_not_allowed"
    status = 403


class WrongRoomPassword(Refusal):
    """That isn't the room's password."""

    code = "wrong_room_password"
    status = 401


class NotInvited(Refusal):
    """This is an event. Only invited people can enter."""

    code = "not_invited"
    status = 403


class NotAdmitted(Refusal):
    """Please enter the room's password first."""

    code = "not_admitted"
    status = 403


class Banned(Refusal):
    """The room's creator has removed you from this room."""

    code = "banned"
    status = 403


class CreatorStays(Refusal):
    """The room's creator can't be removed from it."""

    code = "creator_stays"
    status = 409


class RoomRemoved(Refusal):
    """The room's creator has removed this room."""

    code = "room_removed"
    status = 404


class NotTheCreator(Refusal):
    """Only the room's creator can do that."""

    code = "not_the_creator"
    status = 403


class EventNotFound(Refusal):
    """This event doesn't exist."""

    code = "event_not_found"
    status = 404


class InvalidMove(Refusal):
    """The move must be "j" (joined) or "l" (left)."""

    code = "invalid_move"
    status = 400


class MessageIdTaken(Refusal):
    """Another message already has this id."""

    code = "message_id_taken"
    status = 409
