"""The decisions by which each member of a call was told of each other one last, after they had met. Pure.

Introductions by which a member enters are not noted: a node that reports a peer has heard of its entry.
"""

from collections.abc import Set

from msgspec import Struct, field

from parlour.wire.signaling import PeerId

Stamp = tuple[int, int]
"""The epoch and the version of a decision about a call."""

RECENT = 32
"""The repeated introductions of a member that are kept one by one."""


class Introduced(Struct):
    """The latest repeated introductions of a member, and the decision of the latest one before them."""

    recent: dict[PeerId, Stamp] = field(default_factory=dict)
    before: Stamp = (0, 0)

    def after(self, stamp: Stamp, others: Set[PeerId]) -> Set[PeerId]:
        """Return those of the others to whom it was introduced again after a decision, or may have been."""
        if self.before > stamp:
            return others
        return {other for other, at in self.recent.items() if at > stamp} & others


class Introductions(Struct):
    """All members of a call."""

    members: dict[PeerId, Introduced] = field(default_factory=dict)

    def note(self, to: PeerId, of: PeerId, stamp: Stamp) -> None:
        introduced = self.members.setdefault(to, Introduced())
        introduced.recent.pop(of, None)
        introduced.recent[of] = stamp
        if len(introduced.recent) > RECENT:
            introduced.before = introduced.recent.pop(next(iter(introduced.recent)))

    def latest(self, to: PeerId, of: PeerId) -> Stamp | None:
        """Return the decision that introduced a member to another one last, as far as it is kept."""
        introduced = self.members.get(to)
        return None if introduced is None else introduced.recent.get(of)

    def forget(self, peer_id: PeerId) -> None:
        self.members.pop(peer_id, None)

    def after(self, peer_id: PeerId, stamp: Stamp, others: Set[PeerId]) -> Set[PeerId]:
        """Return those of the others to whom a member was introduced again after a decision, or may have
        been.
        """
        introduced = self.members.get(peer_id)
        return frozenset() if introduced is None else introduced.after(stamp, others)
