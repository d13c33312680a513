"""What signaling refuses."""

from parlour.errors import Refusal


class NotInCall(Refusal):
    """Join a room first."""

    code = "not_in_call"
    status = 409


class PeerNotFound(Refusal):
    """This person isn't in the room."""

    code = "peer_not_found"
    status = 404


class UnknownEvent(Refusal):
    """There is no such event."""

    code = "unknown_event"
    status = 404


class InvalidPayload(Refusal):
    """The event's payload isn't valid."""

    code = "invalid_payload"
    status = 422


class ConnectionGone(Refusal):
    """The connection ended before it could join."""

    code = "connection_gone"
    status = 409


class JoinCancelled(Refusal):
    """You left before you could join."""

    code = "join_cancelled"
    status = 409


class PeerBusy(Refusal):
    """This person's connection can't keep up. Please wait a moment."""

    code = "peer_busy"
    status = 503


class RoomFull(Refusal):
    """This room is full. Please try again later."""

    code = "room_full"
    status = 409


class TooManyParticipations(Refusal):
    """You're already in this room too many times. Please leave it in another tab or on another device."""

    code = "too_many_visits"
    status = 409


class TooManyConnections(Refusal):
    """You're connected from too many places at once. Please close some of them."""

    code = "too_many_connections"
    status = 429
