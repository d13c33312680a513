"""Facts: frozen values that say what happened, published after the commit that made them true.

Whoever changes something says what has become true and knows nobody who listens; signaling, the room list,
mail and whatever comes later subscribe. `Database.transaction` publishes what `Transaction.after_commit` was
given; a transaction that is rolled back publishes nothing.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

log = structlog.get_logger("parlour.bus")

Fact = TypeVar("Fact")


class Bus:
    """Hands each fact to the subscribers of its type, in the order in which they subscribed.

    Subscribers are synchronous: nothing is awaited between the commit and what follows from it in memory, so
    that facts arrive in the order of their commits. A subscriber that has to wait starts from a task of its
    own. One that fails is logged and keeps no other from hearing: the commit is done and cannot be undone.
    """

    def __init__(self) -> None:
        self._subscribers: defaultdict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[Fact], subscriber: Callable[[Fact], None]) -> None:
        self._subscribers[kind].append(subscriber)

    def publish(self, fact: object) -> None:
        for subscriber in self._subscribers.get(type(fact), ()):
            try:
                subscriber(fact)
            except Exception as error:
                log.exception("fact.subscriber_failed", fact=type(fact).__name__, error=type(error).__name__)
