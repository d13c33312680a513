"""The refusals of rooms, chat and events."""

from parlour.errors import Refusal


class RoomNotFound(Refusal):
    code = "room_not_found"
    status = 404


class RoomNameTaken(Refusal):
    code = "room_name_taken"
    status = 409


class CreatorNotFound(Refusal):
    code = "creator_not_found"
    status = 404


class GuestsCreateNoRooms(Refusal):
    code = "guests_create_no_rooms"
    status = 403


class TooManyAddresses(Refusal):
    code = "too_many_addresses"
    status = 413


class RoomCreationNotAllowed(Refusal):
    code = "room_creation_not_allowed"
    status = 403


class WrongRoomPassword(Refusal):
    code = "wrong_room_password"
    status = 401


class NotInvited(Refusal):
    code = "not_invited"
    status = 403


class NotAdmitted(Refusal):
    code = "not_admitted"
    status = 403


class Banned(Refusal):
    code = "banned"
    status = 403


class CreatorStays(Refusal):
    code = "creator_stays"
    status = 409


class RoomRemoved(Refusal):
    code = "room_removed"
    status = 404


class NotTheCreator(Refusal):
    code = "not_the_creator"
    status = 403


class NoRelay(Refusal):
    code = "no_relay"
    status = 409


class NoSfu(Refusal):
    code = "no_sfu"
    status = 409


class EventNotFound(Refusal):
    code = "event_not_found"
    status = 404


class InvalidMove(Refusal):
    code = "invalid_move"
    status = 400


class MessageIdTaken(Refusal):
    code = "message_id_taken"
    status = 409


class MessageNotFound(Refusal):
    code = "message_not_found"
    status = 404


class NotTheAuthor(Refusal):
    code = "not_the_author"
    status = 403
