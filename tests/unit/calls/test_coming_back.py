"""A call whose server may die at any moment, and whose members may forget whom they know."""

from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parlour.calls.mesh import Mesh, Send
from parlour.wire.signaling import AddPeer, PeerId, RemovePeer

PEERS = [PeerId(f"peer-{number}") for number in range(5)]
peers = st.sampled_from(PEERS)


class ComingBackMachine(RuleBasedStateMachine):
    """Clients keep their view where the server forgets everything."""

    def __init__(self) -> None:
        super().__init__()
        self.call = Mesh()
        self.views: defaultdict[PeerId, set[PeerId]] = defaultdict(set)

    def receive(self, sends: list[Send]) -> None:
        offers = [
            frozenset((send.to, send.message.peer_id))
            for send in sends
            if isinstance(send.message, AddPeer) and send.message.create_offer
        ]
        answers = [
            frozenset((send.to, send.message.peer_id))
            for send in sends
            if isinstance(send.message, AddPeer) and not send.message.create_offer
        ]
        assert sorted(map(sorted, offers)) == sorted(map(sorted, answers)), "one side of each pair offers"
        assert len(set(offers)) == len(offers), "and each pair is introduced once"
        for send in sends:
            match send.message:
                case AddPeer(peer_id=peer):
                    self.views[send.to].add(peer)
                case RemovePeer(peer_id=peer):
                    assert peer in self.views[send.to]
                    self.views[send.to].discard(peer)
                case other:
                    raise AssertionError(other)

    @rule(peer=peers)
    def enter(self, peer: PeerId) -> None:
        """A newcomer's id is new: nobody holds a connection with it."""
        if peer not in self.call.members.names and not any(peer in view for view in self.views.values()):
            self.views[peer].clear()
            self.call, sends = self.call.enter(peer, peer)
            self.receive(sends)

    @rule(peer=peers)
    def leave(self, peer: PeerId) -> None:
        if peer in self.call.members.names:
            self.call, sends = self.call.leave(peer)
            self.receive([send for send in sends if send.to != peer])
            self.views[peer].clear()

    @rule(peer=peers, forgotten=st.sets(peers))
    def resume(self, peer: PeerId, forgotten: set[PeerId]) -> None:
        self.views[peer] -= forgotten | {peer}
        strangers = {
            other
            for other in self.call.members.names
            if other != peer and not (peer in self.views[other] and other in self.views[peer])
        }
        self.call, sends = self.call.resume(peer, peer, known=self.views[peer])
        told = {send.message.peer_id for send in sends if send.to == peer}
        assert told == strangers, "who know each other are told nothing"
        self.receive(sends)

    @rule()
    def crash(self) -> None:
        self.call = Mesh()

    @rule(peer=peers, other=peers)
    def expire_claim(self, peer: PeerId, other: PeerId) -> None:
        claimed = other in self.call.claims.get(peer, ())
        self.call, sends = self.call.expire_claim(peer, other)
        assert len(sends) == claimed
        self.receive(sends)

    @invariant()
    def members_know_each_other_and_whom_they_wait_for(self) -> None:
        for peer in self.call.members.names:
            expected = (self.call.members.names.keys() - {peer}) | self.call.claims.get(peer, frozenset())
            assert self.views[peer] == expected

    @invariant()
    def only_members_wait_and_only_for_the_absent(self) -> None:
        for peer, claimed in self.call.claims.items():
            assert peer in self.call.members.names
            assert claimed and not claimed & self.call.members.names.keys()


TestComingBack = ComingBackMachine.TestCase
