"""One room's call as a pure state machine: members and a command in, messages to send out.

The newcomer makes the offers: of each pair exactly one side is told `createOffer: true`, however many
join at once, since joins are applied one after the other (RFC 9429, section 3.2 leaves that to the
application). Members know each other, whom they were told of or, where this server was not there to
tell them, whom both of them claim to hold a connection with.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from msgspec import UNSET, Struct, UnsetType

from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    Counted,
    DescriptionFromPeer,
    FromPeer,
    OfferIce,
    PeerEntry,
    PeerId,
    PeerRenamed,
    RemovePeer,
    ToPeer,
)


class Send(Struct, frozen=True):
    """A message for one peer."""

    to: PeerId
    message: Counted


@dataclass(frozen=True, slots=True)
class Mesh:
    """Who is in a call, by name, in the order of arrival. A command answers the call after it."""

    members: Mapping[PeerId, str] = field(default_factory=dict)
    claims: Mapping[PeerId, frozenset[PeerId]] = field(default_factory=dict)
    """With whom a member holds a connection though they are not here (any more, or again)."""
    display_names: Mapping[PeerId, str] = field(default_factory=dict)
    """Of members that have one beside their name."""

    def entries(self, *, besides: PeerId) -> list[PeerEntry]:
        return [
            PeerEntry(peer, name, self._display_name(peer))
            for peer, name in self.members.items()
            if peer != besides
        ]

    def _display_name(self, peer: PeerId) -> str | UnsetType:
        return self.display_names.get(peer, UNSET)

    def _introduction(self, peer: PeerId, *, create_offer: bool) -> AddPeer:
        return AddPeer(peer, self.members[peer], create_offer, self._display_name(peer))

    def _with(self, peer: PeerId, name: str, display_name: str | None) -> "Mesh":
        display_names = {one: other for one, other in self.display_names.items() if one != peer}
        if display_name is not None:
            display_names[peer] = display_name
        return Mesh({**self.members, peer: name}, self.claims, display_names)

    def enter(
        self, newcomer: PeerId, name: str, *, display_name: str | None = None
    ) -> tuple["Mesh", list[Send]]:
        """Introduces the newcomer to each one already in; one who is in already changes nothing."""
        if newcomer in self.members:
            return self, []
        after, sends = self._with(newcomer, name, display_name), []
        for peer in self.members:
            sends.append(Send(peer, after._introduction(newcomer, create_offer=False)))
            sends.append(Send(newcomer, self._introduction(peer, create_offer=True)))
        return after, sends

    def resume(
        self, peer: PeerId, name: str, *, known: Set[PeerId], display_name: str | None = None
    ) -> tuple["Mesh", list[Send]]:
        """One who holds connections with those `known` goes on, be it a member still or not yet again.

        A pair that know each other are told nothing; another one is introduced anew.
        """
        was_here = peer in self.members
        after, sends = self._with(peer, name, display_name), []
        for other in self.members:
            is_known = was_here or peer in self.claims.get(other, ())
            if other != peer and not (is_known and other in known):
                sends.append(Send(other, after._introduction(peer, create_offer=False)))
                sends.append(Send(peer, self._introduction(other, create_offer=True)))
        claims = {one: claimed - {peer} for one, claimed in self.claims.items()}
        claims[peer] = frozenset(known) - self.members.keys() - {peer}
        return replace(after, claims=_without_empty(claims)), sends

    def rename(self, peer: PeerId, display_name: str | None) -> tuple["Mesh", PeerRenamed | None]:
        """The others are told, where the name is another one than before.

        What they are told is not counted: who misses it reads the names in the answer to their next join.
        """
        if peer not in self.members or self.display_names.get(peer) == display_name:
            return self, None
        after = self._with(peer, self.members[peer], display_name)
        return after, PeerRenamed(peer, self.members[peer], after._display_name(peer))

    def expire_claim(self, peer: PeerId, claimed: PeerId) -> tuple["Mesh", list[Send]]:
        """Tells a member that somebody whom it claimed to know does not come back."""
        if claimed not in self.claims.get(peer, ()):
            return self, []
        claims = {**self.claims, peer: self.claims[peer] - {claimed}}
        return replace(self, claims=_without_empty(claims)), [Send(peer, RemovePeer(claimed, ""))]

    def leave(self, leaver: PeerId) -> tuple["Mesh", list[Send]]:
        """Tells the others, and the leaver of each of the others."""
        if leaver not in self.members:
            return self, []
        others = {peer: name for peer, name in self.members.items() if peer != leaver}
        gone = RemovePeer(leaver, self.members[leaver], self._display_name(leaver))
        sends = []
        for peer, peer_name in others.items():
            sends.append(Send(peer, gone))
            sends.append(Send(leaver, RemovePeer(peer, peer_name, self._display_name(peer))))
        claims = {one: claimed for one, claimed in self.claims.items() if one != leaver}
        display_names = {one: name for one, name in self.display_names.items() if one != leaver}
        return Mesh(others, claims, display_names), sends

    def relay(self, sender: PeerId, event: ToPeer) -> FromPeer | None:
        """What the receiver of a description or a candidate gets; None where it is not in this call."""
        members, receiver = self.members, event.peer_id
        if receiver not in members or sender not in members or receiver == sender:
            return None
        if type(event) is OfferIce:
            return CandidateFromPeer(sender, event.ice_candidate)
        return DescriptionFromPeer(sender, members[sender], event.session_description)


def _without_empty(claims: Mapping[PeerId, frozenset[PeerId]]) -> dict[PeerId, frozenset[PeerId]]:
    return {one: claimed for one, claimed in claims.items() if claimed}
