"""Facts reach those who subscribed to their type, in order."""

from dataclasses import dataclass

from parlour.bus import Bus


@dataclass(frozen=True, slots=True)
class Rang:
    number: int


@dataclass(frozen=True, slots=True)
class Stopped:
    pass


def test_a_fact_reaches_the_subscribers_of_its_type_in_their_order() -> None:
    bus, heard = Bus(), list[str]()
    bus.subscribe(Rang, lambda fact: heard.append(f"first {fact.number}"))
    bus.subscribe(Rang, lambda fact: heard.append(f"second {fact.number}"))
    bus.subscribe(Stopped, lambda _fact: heard.append("stopped"))
    bus.publish(Rang(1))
    bus.publish(Rang(2))
    assert heard == ["first 1", "second 1", "first 2", "second 2"]


def test_a_fact_that_nobody_waits_for_is_no_error() -> None:
    Bus().publish(Rang(1))


def test_a_subscriber_that_fails_keeps_no_other_from_hearing() -> None:
    bus, heard = Bus(), list[Rang]()

    def fails(_fact: Rang) -> None:
        raise RuntimeError("it was too loud")

    bus.subscribe(Rang, fails)
    bus.subscribe(Rang, heard.append)
    bus.publish(Rang(1))
    assert heard == [Rang(1)]
