"""Which session gives way."""

from parlour.engine.options import Options
from parlour.engine.pending import PendingSessions
from parlour.engine.session import Reason, TransportSession
from tests.unit.engine.memory import MemoryTransport


class Owner:
    def session_closed(self, session: TransportSession, reason: Reason) -> None:
        pass


def sessions(number: int) -> list[TransportSession]:
    return [
        TransportSession(str(sid), MemoryTransport("polling"), Owner(), Options(), 0.0)
        for sid in range(number)
    ]


def test_the_oldest_of_all_gives_way() -> None:
    pending = PendingSessions(2, 2)
    one, two, three, four = sessions(4)
    assert pending.add(one, "a") is pending.add(two, "b") is None
    assert pending.add(three, "c") is one
    pending.discard(two)
    assert pending.add(four, "d") is None
    assert len(pending) == 2


def test_an_address_takes_from_itself_first() -> None:
    pending = PendingSessions(3, 2)
    honest, one, two, three = sessions(4)
    assert pending.add(honest, "a") is pending.add(one, "b") is pending.add(two, "b") is None
    assert pending.add(three, "b") is one
    assert pending.add(one, "b") is two


def test_one_that_is_pending_keeps_its_age() -> None:
    pending = PendingSessions(2, 2)
    one, two, three = sessions(3)
    pending.add(one, "a")
    pending.add(two, "b")
    assert pending.add(one, "a") is None
    assert pending.add(three, "c") is one


def test_what_is_gone_leaves_nothing_behind() -> None:
    pending = PendingSessions(10, 10)
    for number, session in enumerate(sessions(10)):
        pending.add(session, str(number % 3))
        pending.discard(session)
        pending.discard(session)
    assert len(pending) == 0
    assert not pending._by_group
