"""Members of a call, without any topology: whoever enters is in until it leaves, by its names of now."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import UNSET

from parlour.calls.membership import Membership
from parlour.wire.signaling import PeerEntry, PeerId, PeerRecording, PeerRenamed

PEERS = [PeerId(f"peer-{number}") for number in range(4)]
peers = st.sampled_from(PEERS)
names = st.sampled_from(["ann", "bob", "Guest"])
display_names = st.none() | st.sampled_from(["Ann Lee", "李小龍"])


class MembershipMachine(RuleBasedStateMachine):
    """The membership beside a plain dictionary, which keeps the order of arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.members = Membership()
        self.expected: dict[PeerId, tuple[str, str | None]] = {}
        self.recorders: set[PeerId] = set()

    @rule(peer=peers, name=names, display_name=display_names)
    def enter(self, peer: PeerId, name: str, display_name: str | None) -> None:
        self.members = self.members.enter(peer, name, display_name=display_name)
        self.expected[peer] = (name, display_name)

    @rule(peer=peers)
    def leave(self, peer: PeerId) -> None:
        self.members = self.members.leave(peer)
        self.expected.pop(peer, None)
        self.recorders.discard(peer)

    @rule(peer=peers, display_name=display_names)
    def rename(self, peer: PeerId, display_name: str | None) -> None:
        name, before = self.expected.get(peer, ("", display_name))
        self.members, renamed = self.members.rename(peer, display_name)
        if before == display_name:
            assert renamed is None
        else:
            self.expected[peer] = (name, display_name)
            assert renamed == PeerRenamed(peer, name, UNSET if display_name is None else display_name)

    @rule(peer=peers, recording=st.booleans())
    def record(self, peer: PeerId, recording: bool) -> None:
        self.members, told = self.members.record(peer, recording=recording)
        if peer not in self.expected or recording == (peer in self.recorders):
            assert told is None
        else:
            self.recorders ^= {peer}
            assert told == PeerRecording(peer, recording)

    @invariant()
    def entries_are_the_others_in_order_of_arrival(self) -> None:
        assert list(self.members.names) == list(self.expected)
        for peer in PEERS:
            assert self.members.entries(besides=peer) == [
                PeerEntry(
                    other,
                    name,
                    UNSET if display_name is None else display_name,
                    True if other in self.recorders else UNSET,
                )
                for other, (name, display_name) in self.expected.items()
                if other != peer
            ]


TestMembership = MembershipMachine.TestCase


def test_a_membership_is_never_changed_in_place() -> None:
    before = Membership().enter(PEERS[0], "ann", display_name="Ann Lee")
    before.enter(PEERS[1], "bob")
    before.rename(PEERS[0], None)
    before.record(PEERS[0], recording=True)
    before.leave(PEERS[0])
    assert before == Membership({PEERS[0]: "ann"}, {PEERS[0]: "Ann Lee"})
