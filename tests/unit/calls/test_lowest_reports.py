"""What a node keeps of members who send their pictures as small as they can."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parlour.calls.lowest_reports import LowestReports
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId, ReportTopology

ROOM, PEERS = RoomId(1), [PeerId(name) for name in ("ann", "bob", "cyd")]
peers, epochs = st.sampled_from(PEERS), st.sampled_from([None, "1-2"])


def test_who_says_the_same_again_does_not_begin_anew() -> None:
    reports = LowestReports()
    for since in (5.0, 7.0, 3.0):
        reports.note(ROOM, PEERS[0], ReportTopology("lowest"), since=since)
    assert reports.since(ROOM, {None}) == [3.0]
    reports.note(ROOM, PEERS[0], ReportTopology("lowest", "1-2"), since=9.0)
    assert (reports.since(ROOM, {None}), reports.since(ROOM, {"1-2"})) == ([], [9.0])
    reports.note(ROOM, PEERS[0], ReportTopology("not-lowest", "1-2"), since=10.0)
    reports.note(ROOM, PEERS[0], ReportTopology("lowest", "1-2"), since=11.0)
    assert reports.since(ROOM, {"1-2"}) == [11.0]


class ReportsMachine(RuleBasedStateMachine):
    """What a node is told again by another one leaves both with the same."""

    def __init__(self) -> None:
        super().__init__()
        self.reports, self.owners = LowestReports(), LowestReports()
        self.now = 0.0

    @rule(peer=peers, epoch=epochs, state=st.sampled_from(["lowest", "not-lowest", "receiving"]))
    def report(self, peer: PeerId, epoch: str | None, state: str) -> None:
        self.now += 1.0
        self.reports.note(ROOM, peer, ReportTopology(state, epoch), since=self.now)  # type: ignore[arg-type]

    @rule(kept=st.frozensets(peers))
    def keep(self, kept: frozenset[PeerId]) -> None:
        self.reports.keep(ROOM, kept)

    @rule()
    def take_over(self) -> None:
        self.owners = LowestReports()
        for peer, report, since in self.reports.reports(ROOM):
            self.owners.note(ROOM, peer, report, since=since)
        for epoch in (None, "1-2"):
            assert self.owners.since(ROOM, {epoch}) == self.reports.since(ROOM, {epoch})

    @invariant()
    def there_is_one_of_each_member(self) -> None:
        told = [peer for peer, _, _ in self.reports.reports(ROOM)]
        assert len(told) == len(set(told)) <= len(PEERS)


TestReports = ReportsMachine.TestCase
