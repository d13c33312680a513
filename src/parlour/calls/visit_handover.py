"""Hand visits over from node to node: a person may come back at any of them.

The node that holds a visit is named by its resume token. It keeps the visit, without a connection, until the
call's owner has decided that another node holds it: so nothing is lost if that node gives up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog

from parlour.calls.decisions import Seat
from parlour.calls.shared.introductions import Stamp
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.questions import NodeQuestions
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    Counted,
    DescriptionFromPeer,
    MemberJoined,
    PeerId,
    RemovePeer,
    SenderKeyFromPeer,
)

HANDED_OVER_WITHIN_SECONDS = 1.5

_EVENTS: dict[str, type[Counted]] = {
    kind.event: kind
    for kind in (
        AddPeer,
        RemovePeer,
        MemberJoined,
        DescriptionFromPeer,
        CandidateFromPeer,
        SenderKeyFromPeer,
    )
}

log = structlog.get_logger("parlour.calls")


class HandedOver(msgspec.Struct, frozen=True):
    """A visit as it was: `taken` counts the messages from its client, `received` those to it that arrived.

    `missed` are those after these, None if some of them are lost; `known_at` is the decision about the call
    up to which its client has been told. `losses` are the peers of whose messages some are lost, of which it
    has not been told.
    """

    taken: int
    received: int
    missed: list[Counted] | None
    known_at: Stamp | None
    resets: int = 0
    """The number of times that the counts have begun anew."""
    losses: list[PeerId] = msgspec.field(default_factory=list)


class WantedVisit(msgspec.Struct, frozen=True):
    """A visit, and how many messages its client has received after so many resets of that count. `asked_at`
    is the moment of the question, in seconds since 1970 by the clock of the node that asks. None for what a
    node of the version before does not say.
    """

    room_id: RoomId
    peer_id: PeerId
    received: int | None
    resets: int | None = None
    asked_at: float | None = None


class _Visit(msgspec.Struct, frozen=True):
    """A visit; each missed message is its event and its JSON."""

    taken: int
    received: int
    missed: list[tuple[str, bytes]] | None
    known_at: Stamp | None
    resets: int = 0
    losses: list[PeerId] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GivenVisit:
    """A visit that a node was given when it asked: the number of messages to its client that went with it,
    and the losses.
    """

    to: NodeId | None
    asked_at: float | None
    sent: int
    losses: frozenset[PeerId]

    def is_used_in(self, seat: Seat | None) -> bool:
        """Return True if the visit goes on in this seat with what was given. Its node may have died before,
        or have waited for the answer in vain and begun anew.
        """
        if seat is None or seat.holder != self.to:
            return False
        return self.asked_at is None or seat.held_since - self.asked_at < HANDED_OVER_WITHIN_SECONDS


_wanted = msgspec.msgpack.Decoder(WantedVisit)
_visit = msgspec.msgpack.Decoder(_Visit)

Give = Callable[[WantedVisit, NodeId | None], HandedOver | None]
"""Gives a node what there is of a visit after the first `received` messages, None if it is not here."""


class VisitHandover:
    """Asks the other node, and answers what others ask: nothing, if the visit is not there."""

    def __init__(self, messages: ClusterMessages) -> None:
        self._messages = messages
        self._give: Give | None = None
        self._questions = NodeQuestions(messages, MessageKind.VISIT_WANTED, MessageKind.VISIT, self._respond)

    def serve(self, give: Give) -> None:
        """Answer what other nodes ask by `give`."""
        self._give = give

    def may_ask(self, node: NodeId | None) -> bool:
        """Return True if a node is another one, and lives."""
        return self._lease_of(node) is not None

    async def fetch(self, node: NodeId, wanted: WantedVisit) -> HandedOver | None:
        """Return a visit that a node holds. Return None if it does not, or does not answer in time."""
        lease = self._lease_of(node)
        if lease is None:
            return None
        question = msgspec.msgpack.encode(wanted)
        answer = await self._questions.ask(lease, question, within=HANDED_OVER_WITHIN_SECONDS)
        if not answer:
            return None
        try:
            return _decoded(_visit.decode(answer))
        except (msgspec.MsgspecError, KeyError) as error:
            log.warning("visit.unreadable", error=type(error).__name__)
            return None

    def _lease_of(self, node: NodeId | None) -> LeaseId | None:
        return next((one for one, lease in self._messages.others.items() if lease.node_id == node), None)

    def _respond(self, asker: LeaseId, question: bytes) -> bytes:
        wanted, lease = _wanted.decode(question), self._messages.others.get(asker)
        found = None if self._give is None else self._give(wanted, None if lease is None else lease.node_id)
        return b"" if found is None else msgspec.msgpack.encode(_encoded(found))


def _encoded(visit: HandedOver) -> _Visit:
    missed = visit.missed
    return _Visit(
        taken=visit.taken,
        received=visit.received,
        missed=None if missed is None else [(one.event, msgspec.json.encode(one)) for one in missed],
        known_at=visit.known_at,
        resets=visit.resets,
        losses=visit.losses,
    )


def _decoded(visit: _Visit) -> HandedOver:
    """Raises msgspec.MsgspecError or KeyError."""
    missed: list[Counted] | None = None
    if visit.missed is not None:
        missed = [msgspec.json.decode(content, type=_EVENTS[event]) for event, content in visit.missed]
    return HandedOver(visit.taken, visit.received, missed, visit.known_at, visit.resets, losses=visit.losses)
