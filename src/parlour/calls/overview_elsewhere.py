"""Ask other nodes who is in calls of which this node knows only that they are going on."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import structlog

from parlour.calls.rooms_elsewhere import RoomsElsewhere
from parlour.cluster.coordinator import LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.questions import NodeQuestions
from parlour.rooms.entities import RoomId

ANSWERED_WITHIN_SECONDS = 1.0
MAX_ROOMS = 500

log = structlog.get_logger("parlour.calls")


class CallMembersSummary(msgspec.Struct, frozen=True):
    """The number of participations in a call, and the names of the first people, the longest in it first."""

    count: int
    people: list[tuple[str, str | None]]


Summaries = dict[RoomId, CallMembersSummary]

_wanted = msgspec.msgpack.Decoder(list[RoomId])
_summaries = msgspec.msgpack.Decoder(Summaries)


class OverviewElsewhere:
    """Asks one of the nodes with members in a call, and answers what others ask."""

    def __init__(
        self,
        messages: ClusterMessages,
        elsewhere: RoomsElsewhere,
        summary: Callable[[RoomId], CallMembersSummary | None],
    ) -> None:
        """`summary` says who is in a call that this node knows."""
        self._elsewhere = elsewhere
        self._summary = summary
        self._questions = NodeQuestions(
            messages, MessageKind.CALLS_WANTED, MessageKind.CALL_SUMMARIES, self._respond
        )

    def named(self, names: Iterable[str]) -> dict[RoomId, str]:
        """Return those of the rooms that are in use at other nodes."""
        asked = frozenset(names)
        return {room.room_id: room.name for room in self._elsewhere.rooms() if room.name in asked}

    async def summaries(self, rooms: Iterable[RoomId]) -> Summaries:
        """Return who is in calls at other nodes; without those whose node does not answer in time."""
        by_node: dict[LeaseId, list[RoomId]] = {}
        for room_id in rooms:
            lease = self._elsewhere.user_of(room_id)
            if lease is not None:
                by_node.setdefault(lease, []).append(room_id)
        found: Summaries = {}
        for part in await asyncio.gather(*(self._ask(lease, asked) for lease, asked in by_node.items())):
            found |= part
        return found

    async def _ask(self, lease: LeaseId, rooms: list[RoomId]) -> Summaries:
        wanted = msgspec.msgpack.encode(rooms[:MAX_ROOMS])
        answer = await self._questions.ask(lease, wanted, within=ANSWERED_WITHIN_SECONDS)
        if answer is None:
            return {}
        try:
            summaries: Summaries = _summaries.decode(answer)
        except msgspec.MsgspecError as error:
            log.warning("calls.unreadable_summaries", error=type(error).__name__)
            return {}
        return summaries

    def _respond(self, _asker: LeaseId, question: bytes) -> bytes:
        summaries = ((room_id, self._summary(room_id)) for room_id in _wanted.decode(question)[:MAX_ROOMS])
        return msgspec.msgpack.encode(
            {room_id: summary for room_id, summary in summaries if summary is not None}
        )
