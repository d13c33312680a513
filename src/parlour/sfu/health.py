"""The health and the load of an SFU, as looks at it have shown. Pure."""

from collections.abc import Mapping

FAILURES = 3
"""The looks in a row that have to fail before an SFU counts as unwell."""
ENTERED_WITHIN_LOOKS = 5
"""The looks that have to find a room which was opened, with or without people. An SFU counts people some
seconds late, and gives up a room that nobody enters, but only after a minute.
"""
PEOPLE_OF_A_CALL = 8
"""The people that a call which is about to come brings with it, as far as one can know."""


class SfuHealth:
    """The health of one SFU. It is unwell until it has answered once."""

    def __init__(self) -> None:
        self.is_well = False
        self.is_drained = False
        self._failures = 0
        self._people: dict[str, int] = {}
        self._opened: dict[str, int] = {}
        self._calls_to_come = 0

    @property
    def load(self) -> int:
        """Return how many people it has, and is about to have."""
        return sum(self._people.values()) + self._calls_to_come * PEOPLE_OF_A_CALL

    @property
    def takes_calls(self) -> bool:
        return self.is_well and not self.is_drained

    def was_chosen(self) -> None:
        """Count a call that is about to come, until the next answer has it."""
        self._calls_to_come += 1

    def has_opened(self, room: str) -> None:
        """Take in that it has a room from now on, into which people come."""
        self._opened[room] = ENTERED_WITHIN_LOOKS

    def expected(self) -> frozenset[str]:
        """Return the rooms that a look which begins now has to find, if the SFU has not started again."""
        return frozenset(self._opened).union(room for room, people in self._people.items() if people)

    def answered(self, rooms: Mapping[str, int]) -> bool:
        """Take in an answer; `rooms` are its people by room. Return True if it was unwell before."""
        was_unwell, self.is_well = not self.is_well, True
        self._failures = self._calls_to_come = 0
        self._people = dict(rooms)
        awaited = ((room, looks - 1) for room, looks in self._opened.items() if not rooms.get(room))
        self._opened = {room: looks for room, looks in awaited if looks}
        return was_unwell

    def failed(self) -> bool:
        """Take in a look that failed. Return True if it is unwell from now on."""
        self._failures += 1
        if not self.is_well or self._failures < FAILURES:
            return False
        self.is_well = False
        return True
