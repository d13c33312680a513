"""Each event for the server has exactly one use case, or the server does not start."""

import pytest

from parlour.calls.handlers import EventOrder, Handler, Outcome, handlers_by_event
from parlour.calls.presence import ConnectionId
from parlour.wire.events import Accepted, ClientEvent
from parlour.wire.signaling import CLIENT_EVENTS, Leave, OfferIce


def handle(_connection_id: ConnectionId, _event: ClientEvent) -> Outcome:
    return Accepted()


EVERY = [Handler(event, handle) for event in CLIENT_EVENTS.values() if event.relayed_as is None]


def test_each_event_finds_its_use_case() -> None:
    handlers = handlers_by_event(EVERY)
    assert {event.event for event in handlers} == {
        name for name, event in CLIENT_EVENTS.items() if event.relayed_as is None
    }
    assert handlers[Leave].order is EventOrder.AFTER_JOINS


@pytest.mark.parametrize(
    "handlers",
    [EVERY[:-1], [*EVERY, EVERY[0]], [*EVERY, Handler(OfferIce, handle)]],
    ids=["one is missing", "one twice", "one that is relayed to a peer"],
)
def test_a_gap_or_a_double_is_found_at_the_start(handlers: list[Handler[ClientEvent]]) -> None:
    with pytest.raises(ValueError, match="handlers of"):
        handlers_by_event(handlers)
