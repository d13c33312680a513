"""A call under any sequence of joins, leaves and messages."""

from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import Raw
from msgspec.json import encode

from parlour.calls.mesh import Mesh, Send
from parlour.wire.sdp import IceCandidate, SessionDescription
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    DescriptionFromPeer,
    OfferIce,
    OfferSdp,
    PeerEntry,
    PeerId,
    RemovePeer,
)

PEERS = [PeerId(f"peer-{number}") for number in range(6)]
peers = st.sampled_from(PEERS)
names = st.sampled_from(["ann", "bob", "Guest"])


class CallMachine(RuleBasedStateMachine):
    """The call beside what each peer knows, which is only what was sent to it."""

    def __init__(self) -> None:
        super().__init__()
        self.call = Mesh()
        self.inside: dict[PeerId, str] = {}
        self.views: defaultdict[PeerId, dict[PeerId, str]] = defaultdict(dict)
        self.offers: dict[tuple[PeerId, PeerId], bool] = {}
        """Whether the first was told to make the offer to the second."""

    def receive(self, sends: list[Send]) -> None:
        for send in sends:
            view = self.views[send.to]
            match send.message:
                case AddPeer(peer, name, create_offer):
                    assert peer not in view, "introduced twice"
                    assert peer != send.to, "introduced to itself"
                    view[peer] = name
                    self.offers[send.to, peer] = create_offer
                case RemovePeer(peer, name):
                    assert view.pop(peer) == name
                    del self.offers[send.to, peer]
                case other:
                    raise AssertionError(f"unexpected: {other}")

    @rule(peer=peers, name=names)
    def enter(self, peer: PeerId, name: str) -> None:
        newcomer = peer not in self.inside
        others = [other for other in self.inside if other != peer]
        self.call, sends = self.call.enter(peer, name)
        self.inside.setdefault(peer, name)
        assert len(sends) == (2 * len(others) if newcomer else 0)
        self.receive(sends)
        for other in others if newcomer else []:
            assert self.offers[peer, other]
            assert not self.offers[other, peer]

    @rule(peer=peers)
    def leave(self, peer: PeerId) -> None:
        before = set(self.inside)
        self.call, sends = self.call.leave(peer)
        self.inside.pop(peer, None)
        assert {send.to for send in sends} <= before
        assert len(sends) == (2 * (len(before) - 1) if peer in before else 0)
        self.receive(sends)

    @rule(sender=peers, receiver=peers, sdp=st.text(max_size=20))
    def describe(self, sender: PeerId, receiver: PeerId, sdp: str) -> None:
        description = SessionDescription(type="offer", sdp=Raw(encode(sdp)))
        message = self.call.relay(sender, OfferSdp(receiver, description))
        if self.may_reach(sender, receiver):
            assert message == DescriptionFromPeer(sender, self.inside[sender], description)
        else:
            assert message is None

    @rule(sender=peers, receiver=peers, text=st.text(max_size=20))
    def propose(self, sender: PeerId, receiver: PeerId, text: str) -> None:
        candidate = IceCandidate(candidate=text)
        message = self.call.relay(sender, OfferIce(receiver, candidate))
        if self.may_reach(sender, receiver):
            assert message == CandidateFromPeer(sender, candidate)
        else:
            assert message is None

    def may_reach(self, sender: PeerId, receiver: PeerId) -> bool:
        return sender in self.inside and receiver in self.inside and sender != receiver

    @invariant()
    def everybody_inside_knows_all_others(self) -> None:
        assert dict(self.call.members.names) == self.inside
        for peer in PEERS:
            expected = {other: name for other, name in self.inside.items() if other != peer}
            assert self.views[peer] == (expected if peer in self.inside else {})

    @invariant()
    def one_side_of_each_pair_makes_the_offer(self) -> None:
        for one in self.inside:
            for other in self.inside:
                if one < other:
                    assert self.offers[one, other] is not self.offers[other, one]

    @invariant()
    def entries_are_the_others_in_order_of_arrival(self) -> None:
        for peer in PEERS:
            others = [PeerEntry(other, name) for other, name in self.inside.items() if other != peer]
            assert self.call.members.entries(besides=peer) == others


TestCall = CallMachine.TestCase


def test_a_call_is_never_changed_in_place() -> None:
    empty = Mesh()
    one, _ = empty.enter(PEERS[0], "ann")
    two, _ = one.enter(PEERS[1], "bob")
    two.leave(PEERS[0])
    assert [list(call.members.names) for call in (empty, one, two)] == [[], PEERS[:1], PEERS[:2]]
