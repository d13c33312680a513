"""Send the facts of this node to all others, and publish theirs here."""

from collections import Counter

import structlog

from parlour.bus import Bus, FactsMissed
from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.rooms.facts import InvitationTakenBack, PersonBanned, RightsTakenElsewhere, RoomBecameEvent
from parlour.shared_facts.codec import UnknownFact, UnreadableFact, decode, encode

log = structlog.get_logger("parlour.cluster")


class FactExchange:
    """A fact of another node is delivered on this node's bus as one of its own, and not told on.

    Facts of two nodes may come in another order than that of their commits. One by which people lose a right
    could undo what has let them in again since, so this node hears RightsTakenElsewhere in its place.

    Facts that a node misses (it was frozen, or a message was lost) are no part of any history. It hears
    FactsMissed instead, and whoever keeps what facts change looks at the database.
    """

    def __init__(self, bus: Bus, messages: ClusterMessages) -> None:
        self._bus = bus
        self._messages = messages
        self._missed = encode(FactsMissed()) or b""
        self._was_away = False
        self.skipped: Counter[str] = Counter()
        """The facts that this version does not know, by kind; "" counts those that cannot be read."""
        messages.handle(MessageKind.FACT, self._receive)
        messages.watch(self)
        bus.forward_to(self._send)

    def _send(self, fact: object) -> None:
        if self._messages.others and (data := encode(fact)) is not None:
            self._messages.broadcast(MessageKind.FACT, data)

    def _receive(self, sender: LeaseId, body: bytes) -> None:
        try:
            fact = decode(body)
        except UnknownFact as error:
            self._skip(str(error), sender)
        except UnreadableFact as error:
            self._skip("", sender, error=str(error))
        else:
            self._bus.deliver(_as_heard(fact))

    def _skip(self, kind: str, sender: LeaseId, *, error: str = "") -> None:
        self.skipped[kind] += 1
        if self.skipped[kind] == 1:
            log.warning("cluster.fact_skipped", kind=kind, sender=sender, error=error)

    # Who is there

    def lease_begun(self, lease: Lease) -> None:
        """What was committed while this node had no lease was told to the others alone."""
        if self._was_away:
            self._was_away = False
            self._bus.deliver(FactsMissed())

    def lease_lost(self) -> None:
        """Facts of this node reach nobody until there is another lease; then the others hear FactsMissed."""
        self._was_away = True

    def node_joined(self, lease: Lease) -> None:
        """Tell it that it has missed what was committed here before: it is sent facts from now on."""
        if not self._messages.send(lease.lease_id, MessageKind.FACT, self._missed):
            self._messages.report_loss(lease.lease_id)

    def node_left(self, lease: Lease) -> None:
        """It may have committed what it could not tell any more."""
        self._bus.deliver(FactsMissed())

    def messages_lost(self, sender: LeaseId) -> None:
        self._bus.deliver(FactsMissed())


def _as_heard(fact: object) -> object:
    if isinstance(fact, InvitationTakenBack | PersonBanned | RoomBecameEvent):
        return RightsTakenElsewhere(room=fact.room)
    return fact
