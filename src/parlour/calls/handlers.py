"""Map each client event to its use case, and to its order among the other events of the connection.

A use case is registered where it lives (`SignalingService.handlers`); the dispatcher needs nothing else.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from parlour.calls.presence import ConnectionId
from parlour.wire.events import ClientEvent
from parlour.wire.signaling import CLIENT_EVENTS, Acknowledgement

EventT = TypeVar("EventT", bound=ClientEvent)

Rest = Callable[[], Acknowledgement | Awaitable[Acknowledgement]]
"""The rest of a use case, which is called in its turn. It returns the answer, or what to await for it."""
Outcome = Acknowledgement | Rest


class EventOrder(Enum):
    """The order of a use case relative to the use cases of other events of its connection."""

    AT_ONCE = "at once"
    """The use case overtakes every waiting event."""
    JOIN = "join"
    """The use case is called at once; the rests of joins run sequentially."""
    AFTER_JOINS = "after joins"
    """The use case may depend on a join, so it is called when none is under way; the rests run
    sequentially.
    """


@dataclass(frozen=True, slots=True)
class Handler(Generic[EventT]):
    """The use case of an event. `handle` may raise a Refusal; it is synchronous, so that its decision and the
    messages of that decision are atomic.
    """

    event: type[EventT]
    handle: Callable[[ConnectionId, EventT], Outcome]
    order: EventOrder = EventOrder.AFTER_JOINS
    after_answer: Callable[[ConnectionId], None] | None = None
    """A callback right after a success was acknowledged: nothing is sent to the connection in between."""


Handlers = dict[type[ClientEvent], Handler[Any]]


def handlers_by_event(handlers: Iterable[Handler[Any]]) -> Handlers:
    """Index handlers by event. Raises ValueError unless each event that is not relayed to a peer has exactly
    one handler.
    """
    all_handlers = list(handlers)
    handled = sorted(handler.event.event for handler in all_handlers)
    expected = sorted(event.event for event in CLIENT_EVENTS.values() if event.relayed_as is None)
    if handled != expected:
        raise ValueError(f"handlers of {handled}, events {expected}")
    return {handler.event: handler for handler in all_handlers}
