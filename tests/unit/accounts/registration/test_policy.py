"""Who may register, by the setting and the address."""

import pytest

from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.settings import read_settings

MEMBER, STRANGER = "Ann@EXAMPLE.org", "eve@example.net"

TABLE = [
    # setting                    address   invited  client                      guest
    ("open",                     STRANGER, False,   None,                       None),
    ("invitation",               STRANGER, False,   "invitation_required",      "invitation_required"),
    ("invitation",               STRANGER, True,    None,                       None),
    ("example.org, münchen.example", MEMBER, False, None,                       None),
    ("example.org, münchen.example", "bob@xn--mnchen-3ya.example", False, None, None),
    ("example.org",              STRANGER, False,   "email_domain_not_allowed", "invitation_required"),
    ("example.org",              STRANGER, True,    "email_domain_not_allowed", None),
    ("example.org",              "a@s.example.org", False, "email_domain_not_allowed", "invitation_required"),
    ("example.org",              "a@anexample.org", False, "email_domain_not_allowed", "invitation_required"),
    ("closed",                   MEMBER,   False,   "registration_closed",      "invitation_required"),
    ("closed",                   MEMBER,   True,    "registration_closed",      None),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "email", "invited", "client", "guest"), TABLE)
def test_table(
    monkeypatch: pytest.MonkeyPatch, setting: str, email: str, invited: bool, client: str, guest: str
) -> None:
    monkeypatch.setenv("PARLOUR_REGISTRATION", setting)
    policy = RegistrationPolicy.parsed(read_settings().registration)
    refused = (
        policy.refusal_of_client(email, is_invited=invited),
        policy.refusal_of_guest(email, is_invited=invited),
    )
    assert tuple(one and one.code for one in refused) == (client, guest)
    assert {one for one in refused if one} <= set(policy.refusals)
