"""The members of a room's call, independent of how their media travel. Pure: a command returns the membership
after it.

The mesh introduces members to each other (`calls.mesh`); a large call has members without introductions.
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
    member_keys: Mapping[PeerId, str] = field(default_factory=dict)
    """The member keys of members whose clients have said one."""

    def enter(
        self, peer: PeerId, name: str, *, display_name: str | None = None, member_key: str | None = None
    ) -> "Membership":
        """Add a member, or replace the names and the key of an existing member."""
        return replace(
            self,
            names={**self.names, peer: name},
            display_names=_with(self.display_names, peer, display_name),
            member_keys=_with(self.member_keys, peer, member_key),
        )

    def leave(self, peer: PeerId) -> "Membership":
        return Membership(
            _without(self.names, peer),
            _without(self.display_names, peer),
            self.recorders - {peer},
            _without(self.member_keys, peer),
        )

    def rename(self, peer: PeerId, display_name: str | None) -> tuple["Membership", PeerRenamed | None]:
        """Change a display name. Return the message for the other members, None if the name is the same.

        That message has no number in the replay buffer: a member that misses it reads the names in the answer
        to its next join.
        """
        if peer not in self.names or self.display_names.get(peer) == display_name:
            return self, None
        after = replace(self, display_names=_with(self.display_names, peer, display_name))
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

    def member_key(self, peer: PeerId) -> str | UnsetType:
        return self.member_keys.get(peer, UNSET)

    def entries(self, *, besides: PeerId | None = None) -> list[PeerEntry]:
        """Describe the members of the call: to the member `besides`, or to a person who is not in it."""
        return [
            PeerEntry(
                peer,
                name,
                self.display_name(peer),
                True if peer in self.recorders else UNSET,
                self.member_key(peer),
            )
            for peer, name in self.names.items()
            if peer != besides
        ]


def _with(values: Mapping[PeerId, str], peer: PeerId, value: str | None) -> Mapping[PeerId, str]:
    """Return the values with another one for a peer; None removes it."""
    if value is not None:
        return {**values, peer: value}
    return _without(values, peer) if peer in values else values


def _without(values: Mapping[PeerId, str], peer: PeerId) -> dict[PeerId, str]:
    return {other: value for other, value in values.items() if other != peer}
