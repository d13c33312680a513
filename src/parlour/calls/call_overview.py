"""Say who is in the calls of several rooms at once, to a person who may enter these rooms."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from parlour.accounts.identity import Identity
from parlour.calls.membership import Membership
from parlour.calls.ongoing_calls import OngoingCalls
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
    """Answers from memory, once the database has said which of the rooms the person may enter."""

    def __init__(self, calls: OngoingCalls, rooms: RoomService) -> None:
        self._calls = calls
        self._rooms = rooms

    async def calls_in(self, identity: Identity, names: Collection[str]) -> list[CallSummary]:
        """Leave out rooms that have no call, that the person may not enter, or that do not exist."""
        asked = frozenset(names)
        ongoing = {room.room_id: room.name for room in self._calls.rooms() if room.name in asked}
        if not ongoing:
            return []
        enterable = await self._rooms.enterable_among(identity, list(ongoing))
        members = {room_id: self._calls.mesh(room_id).members for room_id in enterable}
        return [
            _summary(ongoing[room_id], membership)
            for room_id, membership in members.items()
            if membership.names
        ]


def _summary(room: str, members: Membership) -> CallSummary:
    people = [
        PersonInCall(name, members.display_names.get(peer))
        for peer, name in islice(members.names.items(), NAMED_PEOPLE)
    ]
    return CallSummary(room, len(members.names), people)
