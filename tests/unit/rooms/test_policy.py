"""Every action, kind of room and role, against a table written out."""

import itertools
from datetime import UTC, datetime

import pytest

from parlour.accounts.identity import ClientIdentity, GuestIdentity, Identity, UserId
from parlour.rooms.access import InvitationAccess, PasswordAccess, RoomKind, kind_of
from parlour.rooms.policy import Action, MembershipFacts, Role, arises, deciding_role, refusal, roles_of

TABLE = """
                         anonymous          guest                  client           admitted         invitee          banned           creator
CREATE           any     identity_required  guests_create_no_rooms yes              -                -                -                -
SEE              free    yes                yes                    yes              yes              yes              yes              yes
SEE              unlisted not_admitted      not_admitted           not_admitted     yes              yes              not_admitted     yes
SEE              event   not_invited        not_invited            not_invited      not_invited      yes              not_invited      yes
ENTER            free    identity_required  not_admitted           not_admitted     yes              yes              banned           yes
ENTER            event   identity_required  not_invited            not_invited      not_invited      yes              banned           yes
WRITE            free    identity_required  not_admitted           not_admitted     yes              yes              banned           yes
WRITE            event   identity_required  not_invited            not_invited      not_invited      yes              banned           yes
READ_HISTORY     free    identity_required  not_admitted           not_admitted     yes              yes              banned           yes
READ_HISTORY     event   identity_required  not_invited            not_invited      not_invited      yes              banned           yes
LOG_ATTENDANCE   free    identity_required  not_admitted           not_admitted     yes              yes              banned           yes
LOG_ATTENDANCE   event   identity_required  not_invited            not_invited      not_invited      yes              banned           yes
INVITE           any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
MAKE_EVENT       any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
READ_ATTENDANCE  any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
BAN              any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
REMOVE_MESSAGE   any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
RECORD           any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
READ_RECORDINGS  any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
CHANGE           any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
REMOVE           any     identity_required  not_the_creator        not_the_creator  not_the_creator  not_the_creator  not_the_creator  yes
"""  # noqa: E501 - a table

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT = ClientIdentity(user_id=UserId(1), email="ann@example.org", username="ann")
GUEST = GuestIdentity(user_id=UserId(2), email="gus@example.org", expires_at=_NOW)


def expectations() -> list[tuple[Action, str, Role, str]]:
    """What the table says of free rooms is true of unlisted ones, unless it has a line of theirs."""
    header, *lines = (line.split() for line in TABLE.strip().splitlines())
    answers = {(action, kind): cells for action, kind, *cells in lines}
    for action, kind in list(answers):
        for other in {"any": ("free", "unlisted", "event"), "free": ("unlisted",)}.get(kind, ()):
            answers.setdefault((action, other), answers[action, kind])
    return [
        (Action[action], kind, Role(role), answer)
        for (action, kind), cells in answers.items()
        if kind != "any"
        for role, answer in zip(header, cells, strict=True)
    ]


def test_table_has_every_combination() -> None:
    assert {(action, kind, role) for action, kind, role, _ in expectations()} == set(
        itertools.product(Action, (kind.value for kind in RoomKind), Role)
    )


@pytest.mark.parametrize(("action", "kind", "role", "answer"), expectations(), ids=str)
def test_policy_follows_the_table(action: Action, kind: str, role: Role, answer: str) -> None:
    if answer == "-":
        assert not arises(action, role)
        return
    refused = refusal(action, {role}, RoomKind(kind))
    assert (refused.code if refused else "yes") == answer


@pytest.mark.parametrize(
    ("identity", "facts", "role"),
    [
        (None, {"is_creator"}, Role.ANONYMOUS),
        (GUEST, set(), Role.GUEST),
        (CLIENT, set(), Role.CLIENT),
        (GUEST, {"is_admitted"}, Role.ADMITTED),
        (CLIENT, {"is_admitted", "is_invited"}, Role.INVITEE),
        (CLIENT, {"is_admitted", "is_invited", "is_banned"}, Role.BANNED),
        (GUEST, {"is_banned"}, Role.BANNED),
        (CLIENT, {"is_creator", "is_admitted", "is_invited", "is_banned"}, Role.CREATOR),
    ],
)
def test_the_strongest_fact_decides_the_role(identity: Identity | None, facts: set[str], role: Role) -> None:
    assert deciding_role(roles_of(identity, MembershipFacts(**dict.fromkeys(facts, True)))) is role


def test_a_person_keeps_every_role_but_decided_is_by_the_strongest() -> None:
    facts = MembershipFacts(is_admitted=True, is_invited=True, is_banned=True)
    roles = roles_of(GUEST, facts)
    assert roles == {Role.GUEST, Role.ADMITTED, Role.INVITEE, Role.BANNED}
    refused = refusal(Action.ENTER, roles, RoomKind.FREE)
    assert refused is not None and refused.code == "banned"


@pytest.mark.parametrize("is_listed", [True, False])
def test_an_events_access_says_its_kind_whether_listed_or_not(is_listed: bool) -> None:
    assert kind_of(InvitationAccess(7), is_listed=is_listed) is RoomKind.EVENT
    free = RoomKind.FREE if is_listed else RoomKind.UNLISTED
    assert kind_of(PasswordAccess("a hash"), is_listed=is_listed) is free
