"""What signaling refuses."""

from parlour.errors import Refusal


class NotInCall(Refusal):
    """Join a room first."""

    code = "not_in_call"
    status = 409


class PeerNotFound(Refusal):
    """There is no such peer in this room."""

    code = "peer_not_found"
    status = 404


class UnknownEvent(Refusal):
    """This event does not exist."""

    code = "unknown_event"
    status = 404


class InvalidPayload(Refusal):
    """The event's payload does not have the expected shape."""

    code = "invalid_payload"
    status = 422


class ConnectionGone(Refusal):
    """The connection ended before it could join."""

    code = "connection_gone"
    status = 409


class JoinCancelled(Refusal):
    """You left before you had joined."""

    code = "join_cancelled"
    status = 409
