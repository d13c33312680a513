"""Who guesses waits; who owns the account does not."""

import pytest

from parlour.errors import RateLimited
from parlour.limits.memory_counts import MemoryRateLimitStorage
from parlour.limits.password_throttle import (
    FREE_PER_TARGET,
    LONGEST_PACE_OF_NEWCOMERS,
    NEWCOMERS_PACE,
    Guess,
    PasswordThrottle,
)
from parlour.limits.quotas import Allowances

FREE = 3
ALLOWANCES = Allowances(
    failures_per_account=FREE,
    failures_per_address=8,
    mails_per_recipient=2,
    mails_per_address=5,
    rooms_per_person=2,
    messages_per_person=2,
    writes_per_person=2,
    links_per_address=10,
)


class Time:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def throttle(clock: Time) -> PasswordThrottle:
    return PasswordThrottle(MemoryRateLimitStorage(clock=clock), ALLOWANCES, name="login")


def by_address(address: str, target: str = "ann") -> Guess:
    return Guess(target=target, guesser=f"{target} from {address}", address=address)


def by_device(device: str, target: str = "ann") -> Guess:
    return Guess(target=target, guesser=f"{target} by {device}", address=None)


async def fails(throttle: PasswordThrottle, *guesses: Guess) -> None:
    for guess in guesses:
        await throttle.begin(guess)
        await throttle.failed(guess)


async def refused(throttle: PasswordThrottle, guess: Guess) -> int:
    """For how many seconds; early and late alike."""
    with pytest.raises(RateLimited) as early:
        await throttle.require(guess)
    with pytest.raises(RateLimited) as late:
        await throttle.begin(guess)
    assert early.value.retry_after == late.value.retry_after
    return late.value.retry_after


async def under_attack(throttle: PasswordThrottle) -> None:
    """From many addresses, until tries are paced."""
    for number in range(FREE_PER_TARGET * FREE):
        await throttle.failed(by_address(f"198.51.{number}.1"))


async def test_a_few_failures_are_free(throttle: PasswordThrottle) -> None:
    guess = by_address("192.0.2.1")
    await fails(throttle, guess, guess)
    await throttle.require(guess)
    await fails(throttle, guess)
    assert await refused(throttle, guess) == 1


async def test_each_further_failure_doubles_the_wait(throttle: PasswordThrottle, clock: Time) -> None:
    guess = by_device("laptop")
    await fails(throttle, guess, guess, guess)
    waits = []
    for _ in range(9):
        waits.append(await refused(throttle, guess))
        clock.now += waits[-1]
        await fails(throttle, guess)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256]


async def test_a_wait_has_an_end(throttle: PasswordThrottle) -> None:
    guess = by_device("laptop")
    for _ in range(40):
        await throttle.failed(guess)
    assert await refused(throttle, guess) <= 900


async def test_who_guesses_keeps_nobody_else_out(throttle: PasswordThrottle) -> None:
    """The owner comes from another address, or with a device that logged in before."""
    guesser = by_address("192.0.2.1")
    for _ in range(20):
        await throttle.failed(guesser)
    await refused(throttle, guesser)
    await throttle.begin(by_address("192.0.2.2"))
    await throttle.begin(by_device("laptop"))


async def test_a_known_device_is_not_held_up_by_its_address(throttle: PasswordThrottle) -> None:
    for number in range(30):
        await throttle.failed(by_address("192.0.2.1", target=f"user {number}"))
    await refused(throttle, by_address("192.0.2.1", target="bob"))
    await throttle.begin(by_device("laptop"))


async def test_a_known_device_that_guesses_waits(throttle: PasswordThrottle) -> None:
    stolen = by_device("laptop")
    await fails(throttle, stolen, stolen, stolen)
    await refused(throttle, stolen)
    await throttle.begin(by_device("phone"))
    await throttle.begin(by_address("192.0.2.1"))


async def test_a_right_password_forgets_the_own_failures_alone(throttle: PasswordThrottle) -> None:
    owner, guesser = by_address("192.0.2.1"), by_address("192.0.2.2")
    for _ in range(5):
        await fails(throttle, owner)
        await throttle.succeeded(owner)
    await fails(throttle, guesser, guesser, guesser)
    await throttle.succeeded(owner)
    await refused(throttle, guesser)


async def test_an_address_that_fails_at_many_accounts(throttle: PasswordThrottle) -> None:
    await fails(throttle, *(by_address("192.0.2.1", target=f"user {number}") for number in range(8)))
    await refused(throttle, by_address("192.0.2.1", target="another"))
    await throttle.begin(by_address("192.0.2.2", target="another"))


async def test_guesses_from_many_addresses_are_paced(throttle: PasswordThrottle, clock: Time) -> None:
    await under_attack(throttle)
    heard = 0
    for number in range(1000):  # a second apart, each from another network
        guess = by_address(f"203.{number // 250}.{number % 250}.1")
        clock.now += 1
        try:
            await fails(throttle, guess)
        except RateLimited:
            continue
        heard += 1
    assert heard <= 1000 / NEWCOMERS_PACE


async def test_under_attack_an_owner_at_a_new_device_gets_in(throttle: PasswordThrottle, clock: Time) -> None:
    """Those who have failed there cannot use up the turns of those who have not."""
    await under_attack(throttle)
    heard = 0
    for second in range(120):
        clock.now = second
        for number in range(FREE_PER_TARGET * FREE):
            try:
                await fails(throttle, by_address(f"198.51.{number}.1"))
            except RateLimited:
                continue
            heard += 1
        await throttle.require(by_address("192.0.2.1"))
    await throttle.begin(by_address("192.0.2.1"))
    assert heard == 2


async def test_under_attack_a_known_device_does_not_notice(throttle: PasswordThrottle) -> None:
    await under_attack(throttle)
    for _ in range(10):
        await throttle.begin(by_device("laptop"))


async def test_a_network_of_ipv6_is_one_newcomer(throttle: PasswordThrottle, clock: Time) -> None:
    """Whoever has a /48 has 65,536 times a /64."""
    await under_attack(throttle)
    await fails(throttle, by_address("2001:db8:1:1::1"))
    clock.now += LONGEST_PACE_OF_NEWCOMERS
    await throttle.begin(by_address("2001:db8:1:2::1"))  # the turn of those who failed
    await refused(throttle, by_address("2001:db8:1:3::1"))
    await throttle.begin(by_address("2001:db8:2:1::1"))


async def test_many_cheap_guests_guess_one_room(throttle: PasswordThrottle, clock: Time) -> None:
    """Each is a person of their own, at an address of their own."""
    heard = 0
    for number in range(600):
        clock.now += 0.1
        address = f"203.{number // 250}.{number % 250}.1"
        try:
            await fails(throttle, Guess(target="room 7", guesser=f"user {number}", address=address))
        except RateLimited:
            continue
        heard += 1
    assert heard <= FREE_PER_TARGET * FREE + 60 / NEWCOMERS_PACE
    await throttle.begin(Guess(target="room 8", guesser="user 601", address="192.0.2.1"))
    await throttle.begin(Guess(target="room 7", guesser="a member", address=None))


async def test_of_many_at_once_one_has_the_turn(throttle: PasswordThrottle) -> None:
    await under_attack(throttle)
    guesses = [by_address(f"203.0.{number}.1") for number in range(20)]
    for guess in guesses:
        await throttle.require(guess)
    taken = 0
    for guess in guesses:
        try:
            await throttle.begin(guess)
        except RateLimited:
            continue
        taken += 1
    assert taken == 1
