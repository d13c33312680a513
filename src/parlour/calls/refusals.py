"""Refusals of signaling events."""

from parlour.errors import Refusal


class NotInCall(Refusal):
    code = "not_in_call"
    status = 409


class PeerNotFound(Refusal):
    code = "peer_not_found"
    status = 404


class UnknownEvent(Refusal):
    code = "unknown_event"
    status = 404


class InvalidPayload(Refusal):
    code = "invalid_payload"
    status = 422


class ConnectionGone(Refusal):
    code = "connection_gone"
    status = 409


class JoinCancelled(Refusal):
    code = "join_cancelled"
    status = 409


class PeerBusy(Refusal):
    code = "peer_busy"
    status = 503


class RoomFull(Refusal):
    code = "room_full"
    status = 409


class MeshFull(Refusal):
    """A member's client knows a mesh alone, which has room for few people."""

    code = "mesh_full"
    status = 409


class ClientTooOld(Refusal):
    """The client knows a mesh alone; the call goes through an SFU, or has too many people for a mesh."""

    code = "client_too_old"
    status = 409


class BrowserCannotEncrypt(Refusal):
    """The client has no member key; the call goes through an SFU encrypted end to end, or not at all."""

    code = "browser_cannot_encrypt"
    status = 409


class TooManyParticipations(Refusal):
    code = "too_many_visits"
    status = 409


class TooManyConnections(Refusal):
    code = "too_many_connections"
    status = 429
