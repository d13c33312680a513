"""Facts: frozen values that say what happened, published after the commit that made them true.

A use case publishes what has become true and knows no subscriber; signaling, the room list and mail
subscribe. `Database.transaction` publishes the facts that `Transaction.after_commit` was given; a transaction
that is rolled back publishes nothing.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

log = structlog.get_logger("parlour.bus")

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class FactsMissed:
    """Facts of other nodes may not have arrived: subscribers that keep what they change look at the
    database.
    """


class Bus:
    """Hands each fact to the subscribers of its type, in the order in which they subscribed.

    Subscribers are synchronous: no `await` between the commit and its effects in memory, so that facts arrive
    in the order of their commits. A subscriber that has to wait wakes a task. An exception of a subscriber is
    logged and keeps no other subscriber from running: the commit is done and cannot be undone.
    """

    def __init__(self) -> None:
        self._subscribers: defaultdict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)
        self._forwards: list[Callable[[object], None]] = []

    def subscribe(self, kind: type[Fact], subscriber: Callable[[Fact], None]) -> None:
        self._subscribers[kind].append(subscriber)

    def forward_to(self, forward: Callable[[object], None]) -> None:
        """Have `forward` called with each fact that is published, of whatever type, after its subscribers."""
        self._forwards.append(forward)

    def publish(self, fact: object) -> None:
        """Tell a fact that has become true here: to the subscribers, and to the other nodes."""
        self.deliver(fact)
        for forward in self._forwards:
            _hand(fact, forward)

    def deliver(self, fact: object) -> None:
        """Tell a fact to the subscribers of this node alone, since the other nodes know it or find it."""
        for subscriber in self._subscribers.get(type(fact), ()):
            _hand(fact, subscriber)


def _hand(fact: object, subscriber: Callable[[Any], None]) -> None:
    try:
        subscriber(fact)
    except Exception as error:
        log.exception("fact.subscriber_failed", fact=type(fact).__name__, error=type(error).__name__)
