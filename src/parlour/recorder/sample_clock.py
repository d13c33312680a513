"""The place of sound in time. Pure.

LiveKit's SDK hands out sound without timestamps, steadily by its own clock: 480 samples each 10 ms, whatever
the network does (NetEq conceals). A program gets them late by as much as it was busy, and never early. So the
least lateness seen lately is the truth (a minimum filter, like NTP's clock filter): one late arrival moves
nothing, a lasting one means that samples were lost in between.
"""

from collections import deque
from dataclasses import dataclass

RATE = 48_000
"""Samples a second."""
_WINDOW = 5
_GAP_SAMPLES = RATE * 3 // 100
_EARLY_SAMPLES = RATE // 200
_CATCHING_UP_SAMPLES = RATE // 20


@dataclass(frozen=True, slots=True)
class Placed:
    """A batch of sound begins at the sample `position` of its part, without its first `dropped` samples."""

    position: int
    dropped: int


class SampleClock:
    """Places batches of one part; sample 0 is at `began`, in microseconds."""

    def __init__(self, began: int) -> None:
        self.began = began
        self._position = 0
        self._lateness: deque[int] = deque(maxlen=_WINDOW)

    def place(self, *, seemed: int, samples: int) -> Placed:
        """Place the next `samples`, whose first seemed to be at `seemed` by the time of their arrival.

        A gap is as long as the least lateness of the last five batches, where that is above 30 ms and does
        not shrink, as it does while a program that was held up catches up. A batch that came early shows that
        those before were late: its first samples are dropped.
        """
        late = (seemed - self.began) * RATE // 1_000_000 - self._position
        dropped = 0
        if late < -_EARLY_SAMPLES:
            dropped = min(-late, samples)
            self._lateness.clear()
        else:
            self._lateness.append(late)
            if (gap := self._gap()) > _GAP_SAMPLES:
                self._position += gap
                self._lateness.clear()
        placed = Placed(self._position, dropped)
        self._position += samples - dropped
        return placed

    def _gap(self) -> int:
        lateness = self._lateness
        is_judged = len(lateness) == _WINDOW and lateness[0] - lateness[-1] < _CATCHING_UP_SAMPLES
        return min(lateness) if is_judged else 0


def seemed_at(arrivals: list[tuple[int, int]]) -> int:
    """Return when the first sample of a batch seems to have been, by the least late of its frames.

    `arrivals` are pairs: the number of samples up to the end of a frame, and when it arrived in microseconds.
    """
    return min(at - samples * 1_000_000 // RATE for samples, at in arrivals)
