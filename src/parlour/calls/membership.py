"""The members of a room's call, independent of how their media travel. Pure: a command returns the membership
after it.

The mesh introduces members to each other (`calls.mesh`); a call through an SFU would have members without
introductions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from msgspec import UNSET, UnsetType

from parlour.wire.signaling import PeerEntry, PeerId, PeerRecording, PeerRenamed


@dataclass(frozen=True, slots=True)
class Membership:
    """Members by peer id, in the order of arrival; members that have lost their connection are included."""

    names: Mapping[PeerId, str] = field(default_factory=dict)
    display_names: Mapping[PeerId, str] = field(default_factory=dict)
    """The display names of members that have set a display name."""
    recorders: frozenset[PeerId] = frozenset()
    """The members that say that they record the call."""

    def enter(self, peer: PeerId, name: str, *, display_name: str | None = None) -> "Membership":
        """Add a member, or replace the names of an existing member."""
        display_names = _without(self.display_names, peer)
        if display_name is not None:
            display_names[peer] = display_name
        return replace(self, names={**self.names, peer: name}, display_names=display_names)

    def leave(self, peer: PeerId) -> "Membership":
        return Membership(
            _without(self.names, peer), _without(self.display_names, peer), self.recorders - {peer}
        )

    def rename(self, peer: PeerId, display_name: str | None) -> tuple["Membership", PeerRenamed | None]:
        """Change a display name. Return the message for the other members, None if the name is the same.

        That message has no number in the replay buffer: a member that misses it reads the names in the answer
        to its next join.
        """
        if peer not in self.names or self.display_names.get(peer) == display_name:
            return self, None
        after = self.enter(peer, self.names[peer], display_name=display_name)
        return after, PeerRenamed(peer, self.names[peer], after.display_name(peer))

    def record(self, peer: PeerId, *, recording: bool) -> tuple["Membership", PeerRecording | None]:
        """Note whether a member records. Return the message for the other members, None if nothing changes.

        It is lost to a member without a connection, as that of `rename` is, and read in the same answer.
        """
        if peer not in self.names or recording == (peer in self.recorders):
            return self, None
        recorders = self.recorders | {peer} if recording else self.recorders - {peer}
        return replace(self, recorders=recorders), PeerRecording(peer, recording)

    def display_name(self, peer: PeerId) -> str | UnsetType:
        return self.display_names.get(peer, UNSET)

    def entries(self, *, besides: PeerId | None = None) -> list[PeerEntry]:
        """Describe the members of the call: to the member `besides`, or to a person who is not in it."""
        return [
            PeerEntry(peer, name, self.display_name(peer), True if peer in self.recorders else UNSET)
            for peer, name in self.names.items()
            if peer != besides
        ]


def _without(values: Mapping[PeerId, str], peer: PeerId) -> dict[PeerId, str]:
    return {other: value for other, value in values.items() if other != peer}
