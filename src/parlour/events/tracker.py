"""Attendance now, as the server sees it, and the part of it that is yet to be written. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from parlour.accounts.identity import Identity, UserId
from parlour.rooms.entities import Room

MAX_UNWRITTEN = 20_000
"""So many moves are kept where the database is away; the oldest give way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A row of attendance that is to be opened."""

    visit: str
    event_id: int
    identity: Identity
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A row of attendance that is to be closed."""

    visit: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """A row of attendance that stands for another visit of the same person from now on: if that is resumed at
    another node, its row goes on there.
    """

    visit: str
    to: str


AttendanceChange = Joined | PassedOn | Left


@dataclass(slots=True)
class _Stay:
    """One row: the visit that opened it, and all visits of this person that it stands for."""

    visit: str
    identity: Identity
    since: datetime
    visits: set[str] = field(default_factory=set)


class AttendanceTracker:
    """One who is at an event at two computers is there once, until the last one leaves."""

    def __init__(self) -> None:
        self._stays: dict[tuple[int, UserId], _Stay] = {}
        self._unwritten: list[AttendanceChange] = []

    def joined(self, visit: str, identity: Identity, room: Room, *, at: datetime) -> None:
        """Again is harmless. Nothing to do in a room that is no event."""
        if room.event_id is None:
            return
        stay = self._stays.get((room.event_id, identity.user_id))
        if stay is None:
            stay = self._stays[room.event_id, identity.user_id] = _Stay(visit, identity, at)
            self._note(Joined(visit=visit, event_id=room.event_id, identity=identity, at=at))
        stay.visits.add(visit)

    def left(self, visit: str, identity: Identity, room: Room, *, at: datetime) -> None:
        if room.event_id is None:
            return
        key = (room.event_id, identity.user_id)
        stay = self._stays.get(key)
        if stay is None:
            return
        stay.visits.discard(visit)
        if not stay.visits:
            del self._stays[key]
            self._note(Left(visit=stay.visit, at=at))
        elif stay.visit not in stay.visits:
            former, stay.visit = stay.visit, min(stay.visits)
            self._note(PassedOn(visit=former, to=stay.visit))

    def is_there(self, event_id: int, user_id: UserId) -> bool:
        return (event_id, user_id) in self._stays

    def present(self) -> list[Joined]:
        """Everybody who is at an event, as one would write it who had written nothing before."""
        return [
            Joined(visit=stay.visit, event_id=event_id, identity=stay.identity, at=stay.since)
            for (event_id, _), stay in self._stays.items()
        ]

    def __bool__(self) -> bool:
        """Tell if anybody is at an event."""
        return bool(self._stays)

    def unwritten(self) -> list[AttendanceChange]:
        return list(self._unwritten)

    def written(self, moves: Sequence[AttendanceChange]) -> None:
        """These are in the database."""
        done = {id(move) for move in moves}
        self._unwritten = [move for move in self._unwritten if id(move) not in done]

    def _note(self, move: AttendanceChange) -> None:
        self._unwritten.append(move)
        del self._unwritten[:-MAX_UNWRITTEN]
