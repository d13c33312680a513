"""Map events to the use cases that carry them out, and say in which order with others of a connection.

A use case is registered where it lives (`SignalingService.handlers`); the dispatcher asks for nothing else.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from parlour.calls.presence import ConnectionId
from parlour.wire.events import ClientEvent
from parlour.wire.signaling import CLIENT_EVENTS, Acknowledgement

EventT = TypeVar("EventT", bound=ClientEvent)

Outcome = Acknowledgement | Callable[[], Awaitable[Acknowledgement]]
"""The answer, or the rest of the use case: it may await something, runs in its turn, and returns the answer.
"""


class EventOrder(Enum):
    """The order of a use case with those of other events of its connection."""

    AT_ONCE = "at once"
    """It overtakes everything that waits."""
    JOIN = "join"
    """It is called at once; the rests of joins run one after the other."""
    AFTER_JOINS = "after joins"
    """It is called once no join is under way, on which it may depend; such rests run one after the other."""


@dataclass(frozen=True, slots=True)
class Handler(Generic[EventT]):
    """`handle` may raise a Refusal. It never awaits, so that its decision and the messages of it are one
    step.
    """

    event: type[EventT]
    handle: Callable[[ConnectionId, EventT], Outcome]
    order: EventOrder = EventOrder.AFTER_JOINS
    after_answer: Callable[[ConnectionId], None] | None = None
    """It is called when a success was acknowledged, with nothing sent to the connection in between."""


Handlers = dict[type[ClientEvent], Handler[Any]]


def handlers_by_event(handlers: Iterable[Handler[Any]]) -> Handlers:
    """Index handlers. Raises ValueError unless each event that is not relayed to a peer has exactly one."""
    all_handlers = list(handlers)
    handled = sorted(handler.event.event for handler in all_handlers)
    expected = sorted(event.event for event in CLIENT_EVENTS.values() if event.relayed_as is None)
    if handled != expected:
        raise ValueError(f"handlers of {handled}, events {expected}")
    return {handler.event: handler for handler in all_handlers}
