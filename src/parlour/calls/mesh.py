"""A room's call as a full mesh: each pair of members holds a connection. A pure state machine.

A command returns the call after it, and the messages to send. The newcomer makes the offers: in each pair
exactly one side is told `createOffer: true`, however many peers join at once, since joins are applied one
after the other (RFC 9429, section 3.2 leaves the choice to the application). Two members know each other if
this process introduced them or, when they were introduced before it started, if both report a connection with
the other.

A large call makes no introductions: its media go through an SFU, and n members would need n² / 2 connections
for their data channels alone. Its members hear of each newcomer, who reads who is there in the answer to its
join.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from msgspec import UNSET, Struct

from parlour.calls.membership import Membership
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    Counted,
    DescriptionFromPeer,
    FromPeer,
    MemberJoined,
    OfferIce,
    PeerId,
    PeerRecording,
    PeerRenamed,
    RemovePeer,
    SenderKeyFromPeer,
    SendKey,
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
    introduces: bool = True
    """False in a large call, whose members hear of each other by `member-joined`."""

    def enter(
        self, newcomer: PeerId, name: str, *, display_name: str | None = None, member_key: str | None = None
    ) -> tuple["Mesh", list[Send]]:
        """Introduce the newcomer and each member to each other; in a large call, tell each member.
        Idempotent.
        """
        if newcomer in self.members.names:
            return self, []
        members = self.members.enter(newcomer, name, display_name=display_name, member_key=member_key)
        sends: list[Send] = []
        if self.introduces:
            for peer in self.members.names:
                sends += _introduction(members, peer, newcomer)
        else:
            joined = _arrival(members, newcomer)
            sends += [Send(peer, joined) for peer in self.members.names]
        return replace(self, members=members, claims=_without(self.claims, newcomer)), sends

    def resume(
        self,
        peer: PeerId,
        name: str,
        *,
        known: Set[PeerId],
        display_name: str | None = None,
        member_key: str | None = None,
    ) -> tuple["Mesh", list[Send]]:
        """Add a peer that reports connections with the peers `known`, or continue the membership of a member.

        Two peers that know each other get no message; any other pair is introduced again. In a large call
        each is told of the other instead, but the peer of none that is in `known`.
        """
        was_member = peer in self.members.names
        members = self.members.enter(peer, name, display_name=display_name, member_key=member_key)
        sends: list[Send] = []
        for other in self.members.names:
            is_known = was_member or peer in self.claims.get(other, ())
            if other == peer or (is_known and other in known):
                continue
            if self.introduces:
                sends += _introduction(members, other, peer)
                continue
            if other not in known:
                sends.append(Send(peer, _arrival(members, other)))
            sends.append(Send(other, _arrival(members, peer)))
        claimed = frozenset(known) - self.members.names.keys() - {peer}
        claims = _without_empty({**_without(self.claims, peer), peer: claimed})
        return replace(self, members=members, claims=claims), sends

    def stop_introducing(self) -> "Mesh":
        return replace(self, introduces=False)

    def introduce_all(self) -> tuple["Mesh", list[Send]]:
        """Introduce all members of a call that was large to each other: of a pair, the later one offers."""
        members, sends = self.members, []
        peers = list(members.names)
        for position, newcomer in enumerate(peers):
            for peer in peers[:position]:
                sends += _introduction(members, peer, newcomer)
        return replace(self, introduces=True), sends

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
        sends = [Send(peer, leaver_gone) for peer in after.names]
        sends += [Send(leaver, _removal(after, peer)) for peer in after.names]
        claims = {claimant: claimed for claimant, claimed in self.claims.items() if claimant != leaver}
        return replace(self, members=after, claims=claims), sends

    def relay(self, sender: PeerId, event: ToPeer) -> FromPeer | None:
        """Build the message for the receiver of an event. Return None unless both are members. Hot path.

        A secret is passed on to those alone that have said a member key: others would not know the message.
        """
        names, receiver = self.members.names, event.peer_id
        if receiver not in names or sender not in names or receiver == sender:
            return None
        if type(event) is OfferIce:
            return CandidateFromPeer(sender, event.ice_candidate)
        if type(event) is SendKey:
            if receiver not in self.members.member_keys:
                return None
            return SenderKeyFromPeer(
                sender, event.epoch, event.number, UNSET if event.key is None else event.key
            )
        return DescriptionFromPeer(sender, names[sender], event.session_description)


def _introduction(members: Membership, peer: PeerId, newcomer: PeerId) -> list[Send]:
    """Introduce two members to each other; the newcomer is to offer."""
    return [
        Send(peer, _addition(members, newcomer, create_offer=False)),
        Send(newcomer, _addition(members, peer, create_offer=True)),
    ]


def _addition(members: Membership, peer: PeerId, *, create_offer: bool) -> AddPeer:
    display_name, member_key = members.display_name(peer), members.member_key(peer)
    return AddPeer(peer, members.names[peer], create_offer, display_name, member_key)


def _arrival(members: Membership, peer: PeerId) -> MemberJoined:
    display_name, member_key = members.display_name(peer), members.member_key(peer)
    return MemberJoined(peer, members.names[peer], display_name, member_key)


def _removal(members: Membership, peer: PeerId) -> RemovePeer:
    return RemovePeer(peer, members.names[peer], members.display_name(peer))


def _without(claims: Mapping[PeerId, frozenset[PeerId]], peer: PeerId) -> dict[PeerId, frozenset[PeerId]]:
    """Return the claims without those about a peer."""
    if not claims:
        return {}
    return _without_empty({claimant: claimed - {peer} for claimant, claimed in claims.items()})


def _without_empty(claims: Mapping[PeerId, frozenset[PeerId]]) -> dict[PeerId, frozenset[PeerId]]:
    return {claimant: claimed for claimant, claimed in claims.items() if claimed}
