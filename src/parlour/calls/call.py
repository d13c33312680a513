"""One room's call as a pure state machine: members and a command in, messages to send out.

The newcomer makes the offers: of each pair exactly one side is told `createOffer: true`, however many
join at once, since joins are applied one after the other (RFC 9429, section 3.2 leaves that to the
application).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from parlour.wire.signaling import (
    AddPeer,
    AnyServerEvent,
    CandidateFromPeer,
    DescriptionFromPeer,
    OfferIce,
    OfferSdp,
    PeerEntry,
    PeerId,
    RemovePeer,
)


class Send(Struct, frozen=True):
    """A message for one peer."""

    to: PeerId
    message: AnyServerEvent


@dataclass(frozen=True, slots=True)
class Call:
    """Who is in a call, by name, in the order of arrival. A command answers the call after it."""

    members: Mapping[PeerId, str] = field(default_factory=dict)

    def entries(self, *, besides: PeerId) -> list[PeerEntry]:
        return [
            PeerEntry(peer_id=peer, peer_username=name)
            for peer, name in self.members.items()
            if peer != besides
        ]

    def enter(self, newcomer: PeerId, name: str) -> tuple["Call", list[Send]]:
        """Introduces the newcomer to each one already in; one who is in already changes nothing."""
        if newcomer in self.members:
            return self, []
        sends = []
        for peer, peer_name in self.members.items():
            sends.append(Send(peer, AddPeer(newcomer, name, create_offer=False)))
            sends.append(Send(newcomer, AddPeer(peer, peer_name, create_offer=True)))
        return Call({**self.members, newcomer: name}), sends

    def leave(self, leaver: PeerId) -> tuple["Call", list[Send]]:
        """Tells the others, and the leaver of each of the others."""
        if leaver not in self.members:
            return self, []
        others = {peer: name for peer, name in self.members.items() if peer != leaver}
        name = self.members[leaver]
        sends = []
        for peer, peer_name in others.items():
            sends.append(Send(peer, RemovePeer(leaver, name)))
            sends.append(Send(leaver, RemovePeer(peer, peer_name)))
        return Call(others), sends

    def describe(self, sender: PeerId, event: OfferSdp) -> Send | None:
        """A session description on its way; None where the receiver is not in this call."""
        if not self._may_reach(sender, event.peer_id):
            return None
        message = DescriptionFromPeer(sender, self.members[sender], event.session_description)
        return Send(event.peer_id, message)

    def propose(self, sender: PeerId, event: OfferIce) -> Send | None:
        """A candidate on its way; None where the receiver is not in this call."""
        if not self._may_reach(sender, event.peer_id):
            return None
        return Send(event.peer_id, CandidateFromPeer(sender, event.ice_candidate))

    def _may_reach(self, sender: PeerId, receiver: PeerId) -> bool:
        return sender in self.members and receiver in self.members and sender != receiver
