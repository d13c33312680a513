"""Who administers the server."""

from datetime import UTC, datetime

import pytest

from parlour.accounts.identity import ClientIdentity, GuestIdentity, UserId
from parlour.diagnosis.administrators import Administrators
from parlour.diagnosis.refusals import NotAnAdministrator

LISTED = Administrators(frozenset({"ann@example.org"}))


def test_a_client_with_a_listed_address() -> None:
    for email in ("ann@example.org", "Ann@Example.org"):
        ann = ClientIdentity(user_id=UserId(1), email=email, username="ann")
        LISTED.require(ann)
        assert not Administrators().include(ann)


def test_nobody_else_not_even_a_guest_with_that_address() -> None:
    others = (
        ClientIdentity(user_id=UserId(2), email="bob@example.org", username="ann"),
        GuestIdentity(user_id=UserId(3), email="ann@example.org", expires_at=datetime.now(UTC)),
    )
    for other in others:
        with pytest.raises(NotAnAdministrator):
            LISTED.require(other)
