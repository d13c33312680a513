"""Calls move between a mesh and an SFU by rules."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlour.calls.call_replica import CallLimits
from parlour.calls.topology_rules import (
    Course,
    Encrypt,
    Move,
    Settle,
    Situation,
    Stay,
    Topology,
    TopologyThresholds,
    Verdict,
    moved,
    observed,
    verdict,
)
from parlour.sfu_link import SfuNumber
from parlour.wire.base import RoomTopology
from parlour.wire.signaling import PeerId

RULES = TopologyThresholds()
LIMITS = CallLimits(people=64, participations=3, has_sfu=True)
ONE, OTHER = SfuNumber(1), SfuNumber(2)
ON_SFU = Topology(number=1, kind="sfu", sfu=ONE, sfu_room="room")


def people(count: int) -> frozenset[PeerId]:
    return frozenset(PeerId(f"peer {number}") for number in range(count))


def situation(
    count: int,
    *,
    wanted: RoomTopology = "auto",
    know_sfu: bool = True,
    well: frozenset[SfuNumber] = frozenset({ONE}),
    drained: frozenset[SfuNumber] = frozenset(),
    is_recorded: bool = False,
    must_encrypt: bool = False,
    have_keys: bool = True,
) -> Situation:
    return Situation(
        wanted=wanted,
        people=count,
        fit_mesh=count <= LIMITS.mesh,
        present=people(count),
        know_sfu=know_sfu,
        well=well,
        drained=drained & well,
        is_recorded=is_recorded,
        must_encrypt=must_encrypt,
        have_keys=have_keys,
    )


def said(course: Course, now: float, seen: Situation) -> Verdict:
    return verdict(observed(course, seen, now, RULES), seen, now, RULES)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (situation(6), Stay()),
        (situation(7), Move("sfu")),
        (situation(7, know_sfu=False), Stay()),
        (situation(7, well=frozenset()), Stay()),
        (situation(7, drained=frozenset({ONE})), Stay()),
        (situation(7, well=frozenset({ONE, OTHER}), drained=frozenset({ONE})), Move("sfu")),
        (situation(7, wanted="mesh"), Stay()),
        (situation(2, wanted="sfu"), Move("sfu")),
        (situation(1, wanted="sfu"), Stay()),
        (situation(1, is_recorded=True), Move("sfu")),
        (situation(1, is_recorded=True, wanted="mesh"), Move("sfu")),
        (situation(2, is_recorded=True, know_sfu=False), Stay()),
        (situation(2, is_recorded=True, well=frozenset()), Stay()),
    ],
)
def test_a_mesh(seen: Situation, expected: Verdict) -> None:
    assert said(Course(Topology(), since=0.0), 0.0, seen) == expected


def test_a_mesh_moves_when_half_of_its_people_send_as_little_as_they_can_for_a_while() -> None:
    course = Course(Topology(), since=0.0)
    half = replace(situation(4), lowest=[100.0, 20.0])
    assert said(course, 100.0, half) == Stay(160.0)
    assert said(course, 160.0, half) == Move("sfu")
    assert said(course, 160.0, replace(half, lowest=[20.0])) == Stay()
    assert said(course, 160.0, replace(situation(3), lowest=[20.0])) == Stay()
    assert said(course, 160.0, replace(situation(5), lowest=[130.0, 20.0, 150.0])) == Stay(210.0)
    assert said(course, 160.0, replace(half, present=frozenset())) == Move("sfu")


def test_few_people_move_back_after_a_while() -> None:
    course = observed(Course(ON_SFU, since=0.0), situation(4), 100.0, RULES)
    assert said(course, 100.0, situation(4)) == Stay(160.0)
    assert said(observed(course, situation(5), 120.0, RULES), 160.0, situation(4)) == Stay(220.0)
    assert said(course, 160.0, situation(4)) == Move("mesh")
    assert said(course, 160.0, situation(4, wanted="sfu")) == Stay()


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (situation(9, well=frozenset()), Move("mesh")),
        (situation(9, well=frozenset({OTHER})), Move("sfu", frozenset({ONE}))),
        (situation(6, well=frozenset({OTHER})), Move("mesh")),
        (situation(2, well=frozenset({OTHER}), wanted="sfu"), Move("sfu", frozenset({ONE}))),
        (situation(8, wanted="mesh"), Move("mesh")),
        (situation(9, well=frozenset({OTHER}), wanted="mesh"), Move("sfu", frozenset({ONE}))),
        (situation(9, know_sfu=False), Move("mesh")),
    ],
)
def test_what_forces_a_move_waits_for_nothing(seen: Situation, expected: Verdict) -> None:
    for is_settled in (True, False):
        assert said(Course(replace(ON_SFU, is_settled=is_settled), since=0.0), 1.0, seen) == expected


BOTH, JUST_ONE = frozenset({ONE, OTHER}), frozenset({ONE})


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (situation(9, well=BOTH, drained=JUST_ONE), Move("sfu", JUST_ONE, can_wait=True)),
        (situation(3, well=BOTH, drained=JUST_ONE), Move("sfu", JUST_ONE, can_wait=True)),
        (situation(9, well=BOTH, drained=frozenset({OTHER})), Stay()),
        (situation(9, well=BOTH, drained=BOTH), Stay()),
        (situation(7, well=JUST_ONE, drained=JUST_ONE), Stay()),
        (situation(6, well=JUST_ONE, drained=JUST_ONE), Move("mesh")),
        (situation(2, well=JUST_ONE, drained=JUST_ONE, wanted="sfu"), Move("mesh")),
        (situation(2, well=JUST_ONE, drained=JUST_ONE, is_recorded=True), Stay()),
        (situation(9, well=frozenset({OTHER}), drained=frozenset({OTHER})), Move("mesh")),
    ],
)
def test_calls_leave_an_sfu_that_is_drained_where_something_else_carries_them(
    seen: Situation, expected: Verdict
) -> None:
    for is_settled in (True, False):
        found = said(Course(replace(ON_SFU, is_settled=is_settled), since=0.0), 11.0, seen)
        assert found == (Settle() if expected == Stay() and not is_settled else expected)


def test_a_call_that_is_to_be_a_mesh_stays_on_its_sfu_while_it_is_too_large_for_one() -> None:
    assert said(Course(ON_SFU, since=0.0), 1e6, situation(9, wanted="mesh")) == Stay()


def test_an_sfu_that_half_of_the_people_cannot_reach_is_lost() -> None:
    course = Course(ON_SFU, since=0.0, failed=people(2))
    assert said(course, 1.0, situation(5)) == Stay()
    assert said(course, 1.0, situation(4)) == Move("mesh")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (situation(6), Move("mesh")),
        (situation(7), Move("sfu")),
        (situation(7, well=frozenset({ONE, OTHER})), Move("sfu")),
        (situation(7, well=frozenset({OTHER})), Move("sfu", frozenset({ONE}))),
        (situation(2, wanted="sfu"), Move("sfu")),
        (situation(2, is_recorded=True), Move("sfu")),
    ],
)
def test_a_room_that_its_sfu_has_lost_is_left_also_for_another_one_there(
    seen: Situation, expected: Verdict
) -> None:
    course = Course(ON_SFU, since=0.0, has_lost_room=True)
    assert said(course, 1.0, seen) == expected
    assert not moved(course, replace(ON_SFU, number=2), 1.0).has_lost_room


def test_no_sfu_that_people_cannot_reach_is_tried_twice() -> None:
    seen = situation(8, well=frozenset({ONE, OTHER}))
    run = Run()
    run.course = Course(ON_SFU, since=run.now, failed=people(8))
    run.step(seen)
    assert run.course.topology.sfu == OTHER
    run.course = replace(run.course, failed=people(8))
    run.step(seen)
    assert run.course.topology.kind == "mesh"
    run.now += RULES.settle_seconds
    assert run.step(seen) == run.course.since + RULES.rest_seconds * RULES.retry_rests


def test_an_sfu_that_people_could_not_reach_long_ago_is_tried_again() -> None:
    long_ago = RULES.rest_seconds * RULES.retry_rests
    course = Course(replace(ON_SFU, sfu=OTHER), since=0.0, given_up=frozenset({ONE}))
    seen = situation(8, well=frozenset({ONE}))
    assert said(course, long_ago - 1.0, seen) == Move("mesh")
    assert said(course, long_ago, seen) == Move("sfu", frozenset({OTHER}))


def test_nodes_that_count_alike_out_of_reach_of_each_other_name_different_epochs() -> None:
    here, there = [replace(ON_SFU, sfu_room=f"room-1-{mark}") for mark in ("0" * 16, "1" * 16)]
    assert len({here.epoch, there.epoch, Topology(number=1).epoch}) == 3
    assert not here.is_after(there) and not there.is_after(here)


def test_a_move_is_settled_when_all_receive_or_after_a_while() -> None:
    moving = Course(replace(ON_SFU, is_settled=False), since=5.0, receiving=people(6))
    assert said(moving, 6.0, situation(7)) == Stay(15.0)
    assert said(moving, 15.0, situation(7)) == Settle()
    assert said(replace(moving, receiving=people(8)), 6.0, situation(7)) == Settle()


def test_two_moves_that_nothing_forces_are_apart() -> None:
    """The call has just come back to a mesh."""
    back = Course(Topology(number=2), since=100.0)
    assert said(back, 101.0, situation(7)) == Stay(130.0)
    assert said(back, 130.0, situation(7)) == Move("sfu")
    assert said(replace(back, given_up=frozenset({ONE})), 130.0, situation(7)) == Stay(700.0)


class Run:
    """A call that does what the rules say, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.course = Course(Topology(), since=self.now)
        self.moves: list[tuple[float, bool]] = []
        """When each was made, and whether it was forced."""

    def step(self, seen: Situation) -> float | None:
        """Do all that is to be done now. Return when to look again."""
        for _ in range(6):
            self.course = observed(self.course, seen, self.now, RULES)
            found = verdict(self.course, seen, self.now, RULES)
            if isinstance(found, Stay):
                assert found.look_at is None or found.look_at > self.now, "what is due is done"
                return found.look_at
            self._do(found, seen)
        raise AssertionError("the rules come to no rest")

    def _do(self, found: Settle | Encrypt | Move, seen: Situation) -> None:
        former = self.course.topology
        if isinstance(found, Settle):
            self.course = replace(self.course, topology=replace(former, is_settled=True))
            return
        is_encrypted = former.is_encrypted or seen.must_encrypt
        if isinstance(found, Encrypt):
            self.course = replace(self.course, topology=replace(former, is_encrypted=True))
            return
        topology = Topology(number=former.number + 1, is_settled=False, is_encrypted=is_encrypted)
        if found.kind == "sfu":
            assert seen.know_sfu
            sfu = min(seen.open - found.besides)
            topology = replace(topology, kind="sfu", sfu=sfu, sfu_room="room")
        is_forced = former.kind == "sfu" and (
            former.sfu not in seen.open or not seen.know_sfu or (seen.wanted == "mesh" and seen.fit_mesh)
        )
        is_forced = is_forced or bool(self.course.failed)
        is_forced = is_forced or (former.kind == "sfu" and is_encrypted != former.is_encrypted)
        self.moves.append((self.now, is_forced))
        self.course = moved(self.course, topology, self.now)


situations = st.builds(
    situation,
    st.integers(1, 12),
    wanted=st.sampled_from(["auto", "auto", "auto", "mesh", "sfu"]),
    know_sfu=st.sampled_from([True, True, True, False]),
    well=st.frozensets(st.sampled_from([ONE, OTHER])),
    drained=st.frozensets(st.sampled_from([ONE, OTHER])),
    must_encrypt=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(situations, st.floats(0.0, 100.0), st.sets(st.integers(0, 11))), max_size=12))
def test_whatever_happens_a_call_comes_to_rest_where_it_can_be(
    story: list[tuple[Situation, float, set[int]]],
) -> None:
    run = Run()
    seen = situation(1)
    for seen, seconds, receiving in story:
        here = frozenset(PeerId(f"peer {number}") for number in receiving)
        run.course = replace(run.course, receiving=run.course.receiving | here)
        until = run.now + seconds
        while (look_at := run.step(seen)) is not None and look_at <= until:
            run.now = look_at
        run.now = max(run.now, until)
    for _ in range(10):
        look_at = run.step(seen)
        if look_at is None:
            break
        run.now = look_at
    else:
        raise AssertionError("a call that does not change comes to no rest")
    topology = run.course.topology
    assert topology.is_settled
    is_mesh_wanted = seen.wanted == "mesh" and seen.fit_mesh
    assert topology.kind == "mesh" or (seen.know_sfu and topology.sfu in seen.well and not is_mesh_wanted)
    least = {"auto": RULES.up_above + 1, "sfu": 2, "mesh": math.inf}[seen.wanted]
    if seen.know_sfu and seen.open and seen.people >= least:
        assert topology.kind == "sfu"
    unforced = [at for at, is_forced in run.moves if not is_forced]
    for at, after in pairwise(unforced):
        assert after >= at + RULES.rest_seconds
    assert topology.number == len(run.moves)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (situation(1, is_recorded=True), Stay()),
        (situation(1, is_recorded=True, wanted="mesh"), Stay()),
        (situation(1, wanted="mesh"), Move("mesh")),
        (situation(2, is_recorded=True, know_sfu=False), Move("mesh")),
        (situation(2, is_recorded=True, well=frozenset({OTHER})), Move("sfu", frozenset({ONE}))),
        (situation(2, is_recorded=True, well=frozenset()), Move("mesh")),
        (situation(2, well=frozenset({OTHER})), Move("mesh")),
    ],
)
def test_a_call_that_is_recorded_stays_on_an_sfu_while_there_is_one(
    seen: Situation, expected: Verdict
) -> None:
    assert said(Course(ON_SFU, 0.0), 1_000.0, seen) == expected


ENCRYPTED = replace(ON_SFU, is_encrypted=True)


@pytest.mark.parametrize(
    ("topology", "seen", "expected"),
    [
        (Topology(), situation(2, must_encrypt=True), Encrypt()),
        (Topology(), situation(7, must_encrypt=True), Encrypt()),
        (Topology(is_encrypted=True), situation(7, must_encrypt=True), Move("sfu")),
        (Topology(is_encrypted=True), situation(7, must_encrypt=True, know_sfu=False), Stay()),
        (ON_SFU, situation(7, must_encrypt=True), Move("sfu")),
        (ENCRYPTED, situation(7, must_encrypt=True), Stay()),
        (ON_SFU, situation(7, must_encrypt=True, know_sfu=False, have_keys=False), Move("mesh")),
        (ON_SFU, situation(9, must_encrypt=True, have_keys=False), Stay()),
        (
            ON_SFU,
            situation(9, must_encrypt=True, well=frozenset({OTHER})),
            Move("sfu", besides=frozenset({ONE})),
        ),
        (ON_SFU, situation(9, must_encrypt=True, well=frozenset()), Move("mesh")),
        (ON_SFU, situation(9, must_encrypt=True, drained=JUST_ONE), Move("mesh")),
        (ON_SFU, situation(9, must_encrypt=True, well=BOTH, drained=JUST_ONE), Move("sfu", JUST_ONE)),
        (ENCRYPTED, situation(9, must_encrypt=True, drained=JUST_ONE), Stay()),
    ],
)
def test_a_call_that_has_to_be_encrypted(topology: Topology, seen: Situation, expected: Verdict) -> None:
    """A large one waits on an open SFU until those have left whose browsers cannot encrypt."""
    assert said(Course(topology, since=0.0), 0.0, seen) == expected
