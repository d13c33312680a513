"""Connections at a time, and a pace that outlives them for a moment."""

import pytest

from parlour.accounts.identity import UserId
from parlour.calls.cluster.connection_quotas import ConnectionLimits, ConnectionQuotas
from parlour.calls.rate_limiter import AHEAD_SECONDS, EventRates
from parlour.calls.refusals import TooManyConnections
from parlour.errors import RateLimited
from parlour.wire.events import RateKind

ANN, BOB = UserId(1), UserId(2)
HOME, SCHOOL = "192.0.2.1", "192.0.2.2"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def quotas(clock: Clock) -> ConnectionQuotas:
    rates = EventRates(relays=100, entries=5, chats=10, others=20)
    return ConnectionQuotas(ConnectionLimits(per_address=3, per_person=2), rates, clock=clock)


def test_so_many_of_a_person_and_of_an_address() -> None:
    found = quotas(Clock())
    found.take(HOME, ANN)
    found.take(HOME, ANN)
    with pytest.raises(TooManyConnections):
        found.take(SCHOOL, ANN)
    found.take(HOME, BOB)
    with pytest.raises(RateLimited):
        found.take(HOME, BOB)
    found.give_back(HOME, ANN)
    found.take(HOME, BOB)


def test_connections_of_one_person_share_a_pace_that_a_reconnect_does_not_renew() -> None:
    clock = Clock()
    found = quotas(clock)
    rate_limiter = found.take(HOME, ANN)
    assert found.take(SCHOOL, ANN) is rate_limiter
    while rate_limiter.allows(RateKind.ENTRY, clock.now):
        pass
    found.give_back(HOME, ANN)
    found.give_back(SCHOOL, ANN)
    assert found.take(HOME, ANN) is rate_limiter
    assert found.take(HOME, BOB) is not rate_limiter
    found.give_back(HOME, ANN)
    clock.now += AHEAD_SECONDS * 3
    found.give_back(HOME, BOB)
    assert found.take(HOME, ANN) is not rate_limiter, "what could hold nobody up any more is forgotten"
