"""Counting wrong passwords and mails, with the storage that the server has."""

import pytest
from limits.aio.storage import MemoryStorage

from parlour.errors import RateLimited
from parlour.limits import Allowances, Guesses, Postage, neighbourhood

ALLOWANCES = Allowances(
    failures_per_account=3,
    failures_per_address=8,
    mails_per_recipient=2,
    mails_per_address=5,
    rooms_per_person=2,
    messages_per_person=2,
    writes_per_person=2,
)


@pytest.fixture
def guesses() -> Guesses:
    return Guesses(MemoryStorage(), ALLOWANCES, name="login")


@pytest.fixture
def postage() -> Postage:
    return Postage(MemoryStorage(), ALLOWANCES)


async def fail(guesses: Guesses, account: str, address: str, times: int) -> None:
    for _ in range(times):
        await guesses.failed(account, address)


async def test_a_few_failures_are_free(guesses: Guesses) -> None:
    await fail(guesses, "ann", "192.0.2.1", 2)
    await guesses.require("ann", "192.0.2.1")
    await guesses.failed("ann", "192.0.2.1")
    with pytest.raises(RateLimited) as refused:
        await guesses.require("ann", "198.51.100.1")
    assert refused.value.retry_after == 1
    await guesses.require("bob", "192.0.2.1")


async def test_each_further_failure_doubles_the_wait() -> None:
    waits = []
    for failures in (3, 4, 5, 6, 13, 40):
        storage = MemoryStorage()
        guesses = Guesses(storage, ALLOWANCES, name="login")
        for number in range(failures):
            if number == failures - 1:  # the wait of the last one alone
                await storage.clear("login/account/wait/ann")
            await guesses.failed("ann", f"192.0.2.{number}")
        with pytest.raises(RateLimited) as refused:
            await guesses.require("ann", "198.51.100.1")
        waits.append(refused.value.retry_after)
    assert waits == [1, 2, 4, 8, 900, 900]


async def test_a_right_password_forgets_the_wrong_ones(guesses: Guesses) -> None:
    for _ in range(5):
        await fail(guesses, "ann", "192.0.2.1", 1)
        await guesses.require("ann", "192.0.2.1")
        await guesses.succeeded("ann")


async def test_an_address_that_fails_at_many_accounts(guesses: Guesses) -> None:
    for number in range(8):
        await guesses.require(f"user {number}", "192.0.2.1")
        await guesses.failed(f"user {number}", "192.0.2.1")
    with pytest.raises(RateLimited):
        await guesses.require("another", "192.0.2.1")
    await guesses.require("another", "192.0.2.2")


async def test_mails_to_one_recipient(postage: Postage) -> None:
    await postage.take("ann@example.org", address="192.0.2.1")
    await postage.take("ANN@example.org", address="192.0.2.2")
    with pytest.raises(RateLimited) as refused:
        await postage.take("ann@example.org", address="192.0.2.3")
    assert 1 <= refused.value.retry_after <= 3600
    both = ["ann@example.org", "bob@example.org"]
    assert await postage.take_many(both, address="192.0.2.3") == ["bob@example.org"]


async def test_mails_by_one_address(postage: Postage) -> None:
    four = [f"{number}@example.org" for number in range(4)]
    assert await postage.take_many(four, address="192.0.2.1") == four
    with pytest.raises(RateLimited):
        await postage.take_many(["x@example.org", "y@example.org"], address="192.0.2.1")
    await postage.take("x@example.org", address="192.0.2.1")
    with pytest.raises(RateLimited):
        await postage.take("x@example.org", address="192.0.2.1")


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
    assert neighbourhood(address) == counted_as
