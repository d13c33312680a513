"""Say who is in the calls of several rooms at once, to a person who may enter these rooms."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from parlour.accounts.identity import Identity
from parlour.calls.ongoing_calls import OngoingCalls
from parlour.calls.overview_elsewhere import CallMembersSummary, OverviewElsewhere
from parlour.calls.rooms_elsewhere import RoomsElsewhere
from parlour.cluster.messages import ClusterMessages
from parlour.rooms.entities import RoomId
from parlour.rooms.service import RoomService

NAMED_PEOPLE = 3
"""The people of a call who are named, the longest in it first."""


@dataclass(frozen=True, slots=True)
class PersonInCall:
    """A person in a call, by the names that others see."""

    username: str
    display_name: str | None


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A room's call; `count` counts its participations, more than `people` names."""

    room: str
    count: int
    people: list[PersonInCall]


class CallOverview:
    """Answers from memory, once the database has said which of the rooms the person may enter. Other nodes
    are asked about calls that this one does not know.
    """

    def __init__(self, calls: OngoingCalls, rooms: RoomService) -> None:
        self._calls = calls
        self._rooms = rooms
        self._elsewhere: OverviewElsewhere | None = None

    def join_cluster(self, messages: ClusterMessages, rooms: RoomsElsewhere) -> None:
        """Tell and ask other nodes."""
        self._elsewhere = OverviewElsewhere(messages, rooms, self._summary)

    async def calls_in(self, identity: Identity, names: Collection[str]) -> list[CallSummary]:
        """Leave out rooms that have no call, that the person may not enter, or that do not exist."""
        asked = frozenset(names)
        ongoing = {} if self._elsewhere is None else self._elsewhere.named(asked)
        ongoing |= {room.room_id: room.name for room in self._calls.rooms() if room.name in asked}
        if not ongoing:
            return []
        enterable = await self._rooms.enterable_among(identity, list(ongoing))
        found = {room_id: self._summary(room_id) for room_id in enterable}
        unknown = [room_id for room_id, summary in found.items() if summary is None]
        if self._elsewhere is not None and unknown:
            found |= await self._elsewhere.summaries(unknown)
        return [
            CallSummary(ongoing[room_id], summary.count, [PersonInCall(*person) for person in summary.people])
            for room_id, summary in found.items()
            if summary is not None
        ]

    def _summary(self, room_id: RoomId) -> CallMembersSummary | None:
        members = self._calls.mesh(room_id).members
        if not members.names:
            return None
        people = [
            (name, members.display_names.get(peer))
            for peer, name in islice(members.names.items(), NAMED_PEOPLE)
        ]
        return CallMembersSummary(len(members.names), people)
