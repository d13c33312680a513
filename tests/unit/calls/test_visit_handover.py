"""A visit that was given away goes on with what was given only at the node that got it in time."""

import pytest

from parlour.accounts.identity import UserId
from parlour.calls.decisions import Seat
from parlour.calls.visit_handover import HANDED_OVER_WITHIN_SECONDS, GivenVisit
from parlour.node_id import NodeId

HERE, THERE = NodeId("here"), NodeId("there")
ASKED_AT = 1_000.0


def seat(holder: NodeId, *, since: float) -> Seat:
    return Seat(UserId(1), "ann@example.org", holder, held_since=since)


@pytest.mark.parametrize(
    ("found", "is_used"),
    [
        (seat(THERE, since=ASKED_AT + 0.1), True),
        (seat(THERE, since=ASKED_AT + HANDED_OVER_WITHIN_SECONDS), False),
        (seat(HERE, since=ASKED_AT + 0.1), False),
        (None, False),
    ],
)
def test_a_visit_goes_on_with_what_was_given(found: Seat | None, is_used: bool) -> None:
    assert GivenVisit(THERE, ASKED_AT, 7, frozenset()).is_used_in(found) is is_used


def test_a_node_of_the_version_before_does_not_say_when_it_asked() -> None:
    assert GivenVisit(THERE, None, 7, frozenset()).is_used_in(seat(THERE, since=ASKED_AT + 100.0))


def test_what_was_given_to_a_node_without_a_lease_is_used_by_none() -> None:
    assert not GivenVisit(None, ASKED_AT, 7, frozenset()).is_used_in(seat(THERE, since=ASKED_AT))
