"""The health and the load of an SFU, as looks at it have shown. Pure."""

from collections.abc import Iterable, Mapping

FAILURES = 3
"""The looks in a row that have to fail before an SFU counts as unwell."""
PEOPLE_OF_A_CALL = 8
"""The people that a call which is about to come brings with it, as far as one can know."""


class SfuHealth:
    """The health of one SFU. It is unwell until it has answered once."""

    def __init__(self) -> None:
        self.is_well = False
        self._failures = 0
        self._people: dict[str, int] = {}
        self._calls_to_come = 0

    @property
    def load(self) -> int:
        """Return how many people it has, and is about to have."""
        return sum(self._people.values()) + self._calls_to_come * PEOPLE_OF_A_CALL

    def was_chosen(self) -> None:
        """Count a call that is about to come, until the next answer has it."""
        self._calls_to_come += 1

    def answered(self, rooms: Mapping[str, int]) -> bool:
        """Take in an answer; `rooms` are its people by room. Return True if it was unwell before."""
        was_unwell, self.is_well = not self.is_well, True
        self._failures = self._calls_to_come = 0
        self._people = dict(rooms)
        return was_unwell

    def failed(self) -> bool:
        """Take in a look that failed. Return True if it is unwell from now on."""
        self._failures += 1
        if not self.is_well or self._failures < FAILURES:
            return False
        self.is_well = False
        return True

    def lost(self, rooms: Mapping[str, int], wanted: Iterable[str]) -> list[str]:
        """Return those of the wanted rooms that had people at the last look and are not there any more.

        An SFU that has started again has none of its rooms. One that people have left stays for a while,
        without anybody in it.
        """
        return [room for room in wanted if self._people.get(room) and room not in rooms]

    def has_lost_rooms(self) -> None:
        """Take in that it has: it is unwell until its next answer, which is on its way."""
        self.is_well = False
