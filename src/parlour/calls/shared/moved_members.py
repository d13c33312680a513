"""Remember to which nodes members have moved on from this one. Pure.

Nodes that have not heard of a move yet still send here what their members have to say, and by then this node
may have forgotten the call: nobody of it is left here.
"""

from collections import OrderedDict

from parlour.node_id import NodeId
from parlour.wire.signaling import PeerId

MOVED_SECONDS = 5.0
"""Longer than it takes until all nodes have heard of a move."""
MAX_MOVED = 4_096


class MovedMembers:
    """The latest members that have moved on, the earliest first."""

    def __init__(self) -> None:
        self._moved: OrderedDict[PeerId, tuple[float, NodeId]] = OrderedDict()

    def note(self, peer_id: PeerId, holder: NodeId, *, now: float) -> None:
        self._moved.pop(peer_id, None)
        self._moved[peer_id] = now, holder
        if len(self._moved) > MAX_MOVED:
            self._moved.popitem(last=False)
        self._expire(now)

    def holder(self, peer_id: PeerId, *, now: float) -> NodeId | None:
        """Return the node to which a member has moved lately."""
        self._expire(now)
        moved = self._moved.get(peer_id)
        return None if moved is None else moved[1]

    def _expire(self, now: float) -> None:
        while self._moved:
            peer_id, (moved_at, _) = next(iter(self._moved.items()))
            if moved_at + MOVED_SECONDS > now:
                return
            del self._moved[peer_id]
