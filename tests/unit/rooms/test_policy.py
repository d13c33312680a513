"""Every action, kind of room and standing, against a table written out."""

import itertools

import pytest

from parlour.rooms import policy
from parlour.rooms.policy import Action, Standing

# Columns: what somebody is to the room. The creator may do everything, whatever else they are.
TABLE = """
                         stranger          admitted          invited           invited+admitted
SEE              free    yes               yes               yes               yes
SEE              event   not_invited       not_invited       yes               yes
ENTER            free    not_admitted      yes               yes               yes
ENTER            event   not_invited       not_invited       yes               yes
WRITE            free    not_admitted      yes               yes               yes
WRITE            event   not_invited       not_invited       yes               yes
READ_HISTORY     free    not_admitted      yes               yes               yes
READ_HISTORY     event   not_invited       not_invited       yes               yes
LOG_ATTENDANCE   free    not_admitted      yes               yes               yes
LOG_ATTENDANCE   event   not_invited       not_invited       yes               yes
INVITE           free    not_the_creator   not_the_creator   not_the_creator   not_the_creator
INVITE           event   not_the_creator   not_the_creator   not_the_creator   not_the_creator
MAKE_EVENT       free    not_the_creator   not_the_creator   not_the_creator   not_the_creator
MAKE_EVENT       event   not_the_creator   not_the_creator   not_the_creator   not_the_creator
READ_ATTENDANCE  free    not_the_creator   not_the_creator   not_the_creator   not_the_creator
READ_ATTENDANCE  event   not_the_creator   not_the_creator   not_the_creator   not_the_creator
"""


def expectations() -> list[tuple[Action, bool, Standing, str]]:
    header, *lines = (line.split() for line in TABLE.strip().splitlines())
    rows = []
    for action, kind, *answers in lines:
        for column, answer in zip(header, answers, strict=True):
            words = column.split("+")
            standing = Standing(is_invited="invited" in words, is_admitted="admitted" in words)
            rows.append((Action[action], kind == "event", standing, answer))
    for creators in Action:
        for is_event, invited, admitted in itertools.product((False, True), repeat=3):
            creator = Standing(is_creator=True, is_invited=invited, is_admitted=admitted)
            rows.append((creators, is_event, creator, "yes"))
    return rows


def test_table_has_every_combination() -> None:
    combinations = {(action, is_event, standing) for action, is_event, standing, _ in expectations()}
    assert len(combinations) == len(expectations()) == len(Action) * 2 * 8


@pytest.mark.parametrize(
    ("action", "is_event", "standing", "answer"), expectations(), ids=lambda value: str(value)
)
def test_policy_follows_the_table(action: Action, is_event: bool, standing: Standing, answer: str) -> None:
    refused = policy.refusal(action, is_event=is_event, standing=standing)
    assert (refused.code if refused else "yes") == answer


def test_stranger_is_nothing_to_a_room() -> None:
    assert Standing() == policy.STRANGER
