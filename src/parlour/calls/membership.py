"""The members of a room's call, independent of how their media travel. Pure: a command returns the membership
after it.

The mesh introduces members to each other (`calls.mesh`); a call through an SFU would have members without
introductions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from parlour.wire.signaling import PeerEntry, PeerId, PeerRenamed


@dataclass(frozen=True, slots=True)
class Membership:
    """Members by peer id, in the order of arrival, members without a connection for the moment included."""

    names: Mapping[PeerId, str] = field(default_factory=dict)
    display_names: Mapping[PeerId, str] = field(default_factory=dict)
    """Only of members that have one beside their name."""

    def enter(self, peer: PeerId, name: str, *, display_name: str | None = None) -> "Membership":
        """Add a member, or renew the names of one."""
        display_names = _without(self.display_names, peer)
        if display_name is not None:
            display_names[peer] = display_name
        return Membership({**self.names, peer: name}, display_names)

    def leave(self, peer: PeerId) -> "Membership":
        return Membership(_without(self.names, peer), _without(self.display_names, peer))

    def rename(self, peer: PeerId, display_name: str | None) -> tuple["Membership", PeerRenamed | None]:
        """Change a display name, and return the message for the others if it is another name than before.

        That message is not counted: a member who misses it reads the names in the answer to its next join.
        """
        if peer not in self.names or self.display_names.get(peer) == display_name:
            return self, None
        after = self.enter(peer, self.names[peer], display_name=display_name)
        return after, PeerRenamed(peer, self.names[peer], after.display_name(peer))

    def display_name(self, peer: PeerId) -> str | UnsetType:
        return self.display_names.get(peer, UNSET)

    def entries(self, *, besides: PeerId) -> list[PeerEntry]:
        """Describe the others to a member."""
        return [
            PeerEntry(peer, name, self.display_name(peer))
            for peer, name in self.names.items()
            if peer != besides
        ]


def _without(values: Mapping[PeerId, str], peer: PeerId) -> dict[PeerId, str]:
    return {other: value for other, value in values.items() if other != peer}
