"""Hand visits over from node to node: a person may come back at any of them.

The node that holds a visit is named by its resume token. It keeps the visit, without a connection, until the
call's owner has decided that another node holds it: so nothing is lost if that node gives up.
"""

import asyncio
import itertools
from collections.abc import Callable

import msgspec
import structlog

from parlour.calls.introductions import Stamp
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    Counted,
    DescriptionFromPeer,
    PeerId,
    RemovePeer,
)

HANDED_OVER_WITHIN_SECONDS = 1.5

_EVENTS: dict[str, type[Counted]] = {
    kind.event: kind for kind in (AddPeer, RemovePeer, DescriptionFromPeer, CandidateFromPeer)
}

log = structlog.get_logger("parlour.calls")


class HandedOver(msgspec.Struct, frozen=True):
    """A visit as it was: `taken` counts the messages from its client, `received` those to it that arrived.

    `missed` are those after these, None if some of them are lost; `known_at` is the decision about the call
    up to which its client has been told.
    """

    taken: int
    received: int
    missed: list[Counted] | None
    known_at: Stamp | None


class _Wanted(msgspec.Struct, frozen=True):
    number: int
    room_id: RoomId
    peer_id: PeerId
    received: int | None


class _Visit(msgspec.Struct, frozen=True):
    """A visit, or None where there is no such one; each missed message is its event and its JSON."""

    number: int
    is_held: bool
    taken: int = 0
    received: int = 0
    missed: list[tuple[str, bytes]] | None = None
    known_at: Stamp | None = None


_wanted = msgspec.msgpack.Decoder(_Wanted)
_visit = msgspec.msgpack.Decoder(_Visit)

Give = Callable[[RoomId, PeerId, int | None], HandedOver | None]
"""Gives what there is of a visit of this node after the first `received` messages, None if it is not here."""


class VisitHandover:
    """Asks the other node, and answers what others ask."""

    def __init__(self, messages: ClusterMessages) -> None:
        self._messages = messages
        self._give: Give | None = None
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[HandedOver | None]] = {}
        messages.handle(MessageKind.VISIT_WANTED, self._answer)
        messages.handle(MessageKind.VISIT, self._receive)

    def serve(self, give: Give) -> None:
        """Answer what other nodes ask by `give`."""
        self._give = give

    def may_ask(self, node: NodeId | None) -> bool:
        """Return True if a node is another one, and lives."""
        return self._lease_of(node) is not None

    async def fetch(
        self, node: NodeId, room_id: RoomId, peer_id: PeerId, received: int | None
    ) -> HandedOver | None:
        """Return a visit that a node holds. Return None if it does not, or does not answer in time."""
        lease = self._lease_of(node)
        if lease is None:
            return None
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        wanted = msgspec.msgpack.encode(_Wanted(number, room_id, peer_id, received))
        try:
            if not self._messages.send(lease, MessageKind.VISIT_WANTED, wanted):
                return None
            async with asyncio.timeout(HANDED_OVER_WITHIN_SECONDS):
                found: HandedOver | None = await answer
                return found
        except TimeoutError:
            log.warning("visit.not_handed_over", room=room_id)
            return None
        finally:
            del self._waiting[number]

    def _lease_of(self, node: NodeId | None) -> LeaseId | None:
        return next((one for one, lease in self._messages.others.items() if lease.node_id == node), None)

    def _answer(self, sender: LeaseId, body: bytes) -> None:
        try:
            wanted = _wanted.decode(body)
        except msgspec.MsgspecError as error:
            log.warning("visit.unreadable_question", sender=sender, error=type(error).__name__)
            return
        found = None if self._give is None else self._give(wanted.room_id, wanted.peer_id, wanted.received)
        visit = _Visit(wanted.number, is_held=False) if found is None else _encoded(wanted.number, found)
        self._messages.send(sender, MessageKind.VISIT, msgspec.msgpack.encode(visit))

    def _receive(self, sender: LeaseId, body: bytes) -> None:
        try:
            visit = _visit.decode(body)
            found = _decoded(visit) if visit.is_held else None
        except (msgspec.MsgspecError, KeyError) as error:
            log.warning("visit.unreadable", sender=sender, error=type(error).__name__)
            return
        waiting = self._waiting.get(visit.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(found)


def _encoded(number: int, visit: HandedOver) -> _Visit:
    missed = visit.missed
    return _Visit(
        number,
        is_held=True,
        taken=visit.taken,
        received=visit.received,
        missed=None if missed is None else [(one.event, msgspec.json.encode(one)) for one in missed],
        known_at=visit.known_at,
    )


def _decoded(visit: _Visit) -> HandedOver:
    """Raises msgspec.MsgspecError or KeyError."""
    missed: list[Counted] | None = None
    if visit.missed is not None:
        missed = [msgspec.json.decode(content, type=_EVENTS[event]) for event, content in visit.missed]
    return HandedOver(visit.taken, visit.received, missed, visit.known_at)
