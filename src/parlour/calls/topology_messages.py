"""Messages of nodes to each other about the topologies of calls. Pure."""

from msgspec import Struct, msgpack

from parlour.calls.topology_rules import Topology
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId, ReportTopology


class TopologyTold(Struct, frozen=True, array_like=True):
    """The owner of a call says how its media travel: all of it, each time."""

    room_id: RoomId
    topology: Topology


class TopologyReported(Struct, frozen=True, array_like=True):
    """A member of the sender reports something about the topology, for the owner of the call.

    That was so many `seconds` ago: what holds for a while is told again, since the owner may be another one.
    """

    room_id: RoomId
    peer_id: PeerId
    report: ReportTopology
    seconds: float = 0.0


encode = msgpack.Encoder().encode
decode_told = msgpack.Decoder(TopologyTold).decode
decode_reported = msgpack.Decoder(TopologyReported).decode
"""Both raise msgspec.MsgspecError."""
