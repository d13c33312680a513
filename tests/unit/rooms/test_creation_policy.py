"""Who may create rooms, by the setting and the address."""

from datetime import UTC, datetime

import pytest

from parlour.accounts.identity import ClientIdentity, GuestIdentity, UserId
from parlour.rooms.creation_policy import CreationPolicy
from parlour.settings import read_settings


@pytest.mark.parametrize(
    ("setting", "email", "code"),
    [
        ("clients", "ann@example.org", None),
        ("nobody", "ann@example.org", "room_creation_not_allowed"),
        ("ANN@example.org, staff.example", "ann@example.ORG", None),
        ("ann@example.org, staff.example", "bob@Staff.Example", None),
        ("ann@example.org, staff.example", "bob@example.org", "room_creation_not_allowed"),
        ("ann@example.org, staff.example", "eve@not.staff.example", "room_creation_not_allowed"),
    ],
)
def test_table(monkeypatch: pytest.MonkeyPatch, setting: str, email: str, code: str | None) -> None:
    monkeypatch.setenv("PARLOUR_ROOM_CREATION", setting)
    policy = CreationPolicy.parsed(read_settings().room_creation)
    refused = policy.refusal(ClientIdentity(user_id=UserId(1), email=email, username="somebody"))
    assert (refused and refused.code) == code
    guest = policy.refusal(
        GuestIdentity(user_id=UserId(2), email=email, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    assert guest is not None
    assert guest.code == "guests_create_no_rooms"
