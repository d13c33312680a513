"""A room's call as a full mesh: each pair of members holds a connection. A pure state machine.

A command returns the call after it, and the messages to send. The newcomer makes the offers: in each pair
exactly one side is told `createOffer: true`, however many peers join at once, since joins are applied one
after the other (RFC 9429, section 3.2 leaves the choice to the application). Two members know each other if
this process introduced them or, when they were introduced before it started, if both report a connection with
the other.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from msgspec import Struct

from parlour.calls.membership import Membership
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    Counted,
    DescriptionFromPeer,
    FromPeer,
    OfferIce,
    PeerId,
    PeerRecording,
    PeerRenamed,
    RemovePeer,
    ToPeer,
)


class Send(Struct, frozen=True):
    """A message for a peer."""

    to: PeerId
    message: Counted


@dataclass(frozen=True, slots=True)
class Mesh:
    """The members of a call, and the peers that they still expect."""

    members: Membership = field(default_factory=Membership)
    claims: Mapping[PeerId, frozenset[PeerId]] = field(default_factory=dict)
    """Peers that a resumed member reported as connected and that have not resumed themselves."""

    def enter(
        self, newcomer: PeerId, name: str, *, display_name: str | None = None
    ) -> tuple["Mesh", list[Send]]:
        """Introduce the newcomer and each member to each other. Idempotent."""
        if newcomer in self.members.names:
            return self, []
        members, sends = self.members.enter(newcomer, name, display_name=display_name), []
        for peer in self.members.names:
            sends += _introduction(members, peer, newcomer)
        return Mesh(members, _without(self.claims, newcomer)), sends

    def resume(
        self, peer: PeerId, name: str, *, known: Set[PeerId], display_name: str | None = None
    ) -> tuple["Mesh", list[Send]]:
        """Add a peer that reports connections with the peers `known`, or continue the membership of a member.

        Two peers that know each other get no message; any other pair is introduced again.
        """
        was_member = peer in self.members.names
        members, sends = self.members.enter(peer, name, display_name=display_name), []
        for other in self.members.names:
            is_known = was_member or peer in self.claims.get(other, ())
            if other != peer and not (is_known and other in known):
                sends += _introduction(members, other, peer)
        claimed = frozenset(known) - self.members.names.keys() - {peer}
        return Mesh(members, _without_empty({**_without(self.claims, peer), peer: claimed})), sends

    def rename(self, peer: PeerId, display_name: str | None) -> tuple["Mesh", PeerRenamed | None]:
        members, renamed = self.members.rename(peer, display_name)
        return replace(self, members=members), renamed

    def record(self, peer: PeerId, *, recording: bool) -> tuple["Mesh", PeerRecording | None]:
        members, recorded = self.members.record(peer, recording=recording)
        return replace(self, members=members), recorded

    def expire_claim(self, peer: PeerId, claimed: PeerId) -> tuple["Mesh", list[Send]]:
        """Tell `peer` that `claimed`, a peer that it reported as connected, did not resume in time."""
        if claimed not in self.claims.get(peer, ()):
            return self, []
        claims = {**self.claims, peer: self.claims[peer] - {claimed}}
        return replace(self, claims=_without_empty(claims)), [Send(peer, RemovePeer(claimed, ""))]

    def leave(self, leaver: PeerId) -> tuple["Mesh", list[Send]]:
        """Remove a member: the others get a RemovePeer for the leaver, and the leaver a RemovePeer for each
        of the others.
        """
        if leaver not in self.members.names:
            return self, []
        after = self.members.leave(leaver)
        leaver_gone = _removal(self.members, leaver)
        sends = []
        for peer in after.names:
            sends.append(Send(peer, leaver_gone))
            sends.append(Send(leaver, _removal(after, peer)))
        claims = {claimant: claimed for claimant, claimed in self.claims.items() if claimant != leaver}
        return Mesh(after, claims), sends

    def relay(self, sender: PeerId, event: ToPeer) -> FromPeer | None:
        """Build the message for the receiver of an event. Return None unless both are members. Hot path."""
        names, receiver = self.members.names, event.peer_id
        if receiver not in names or sender not in names or receiver == sender:
            return None
        if type(event) is OfferIce:
            return CandidateFromPeer(sender, event.ice_candidate)
        return DescriptionFromPeer(sender, names[sender], event.session_description)


def _introduction(members: Membership, peer: PeerId, newcomer: PeerId) -> list[Send]:
    """Introduce two members to each other; the newcomer is to offer."""
    return [
        Send(peer, _addition(members, newcomer, create_offer=False)),
        Send(newcomer, _addition(members, peer, create_offer=True)),
    ]


def _addition(members: Membership, peer: PeerId, *, create_offer: bool) -> AddPeer:
    return AddPeer(peer, members.names[peer], create_offer, members.display_name(peer))


def _removal(members: Membership, peer: PeerId) -> RemovePeer:
    return RemovePeer(peer, members.names[peer], members.display_name(peer))


def _without(claims: Mapping[PeerId, frozenset[PeerId]], peer: PeerId) -> dict[PeerId, frozenset[PeerId]]:
    """Return the claims without those about a peer."""
    if not claims:
        return {}
    return _without_empty({claimant: claimed - {peer} for claimant, claimed in claims.items()})


def _without_empty(claims: Mapping[PeerId, frozenset[PeerId]]) -> dict[PeerId, frozenset[PeerId]]:
    return {claimant: claimed for claimant, claimed in claims.items() if claimed}
