"""Counting mails, with the storage that the server has."""

import time

import pytest
from limits import RateLimitItemPerHour

from parlour.errors import RateLimited
from parlour.limits.memory_counts import MemoryRateLimitStorage
from parlour.limits.quotas import Allowances, MailQuota, Quota, rate_limit_prefix, rate_limit_site

ALLOWANCES = Allowances(
    failures_per_account=3,
    failures_per_address=8,
    mails_per_recipient=2,
    mails_per_address=5,
    rooms_per_person=2,
    messages_per_person=2,
    writes_per_person=2,
    links_per_address=10,
)


@pytest.fixture
def mail_quota() -> MailQuota:
    return MailQuota(MemoryRateLimitStorage(), ALLOWANCES)


async def test_mails_to_one_recipient(mail_quota: MailQuota) -> None:
    await mail_quota.take("ann@example.org", address="192.0.2.1")
    await mail_quota.take("ANN@example.org", address="192.0.2.2")
    with pytest.raises(RateLimited) as refused:
        await mail_quota.take("ann@example.org", address="192.0.2.3")
    assert 1 <= refused.value.retry_after <= 3600
    both = ["ann@example.org", "bob@example.org"]
    assert await mail_quota.take_many(both, address="192.0.2.3") == ["bob@example.org"]


async def test_mails_by_one_address(mail_quota: MailQuota) -> None:
    four = [f"{number}@example.org" for number in range(4)]
    assert await mail_quota.take_many(four, address="192.0.2.1") == four
    with pytest.raises(RateLimited):
        await mail_quota.take_many(["x@example.org", "y@example.org"], address="192.0.2.1")
    await mail_quota.take("x@example.org", address="192.0.2.1")
    with pytest.raises(RateLimited):
        await mail_quota.take("x@example.org", address="192.0.2.1")


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("", ""),
        ("unix socket", "unix socket"),
    ],
)
def test_addresses_of_one_network(address: str, counted_as: str) -> None:
    assert rate_limit_prefix(address) == counted_as


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("unix socket", "unix socket"),
        ("", ""),
    ],
)
def test_sites(address: str, site: str) -> None:
    assert rate_limit_site(address) == site


async def test_a_calendar_clock_that_is_set_back_makes_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    quota = Quota(MemoryRateLimitStorage(), RateLimitItemPerHour(1, namespace="rooms"))
    await quota.take("ann")
    yesterday = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    with pytest.raises(RateLimited) as refused:
        await quota.take("ann")
    assert refused.value.retry_after <= 3600
