"""When a node made decisions about a call, or heard of them: the latest may not have arrived at a node that
is gone. Pure.
"""

from collections import deque
from dataclasses import dataclass

from parlour.calls.shared.introductions import Stamp

SILENT_SECONDS = 7.0
"""A node may have been silent for so long when the others take it for gone: longer than a lease, and than an
owner holds an introduction back.
"""
MAX_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Step:
    at: float
    before: Stamp
    """The decision before it."""


class DecisionTimes:
    """The decisions of the last SILENT_SECONDS about one call. Beyond MAX_KEPT, the earliest counts as later
    than it was.
    """

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque()

    def note(self, before: Stamp, now: float) -> None:
        """Note one decision, or several at once; `before` is the one that was known before them."""
        self._forget(now)
        if len(self._steps) >= MAX_KEPT:
            earliest = self._steps.popleft()
            self._steps[0] = _Step(self._steps[0].at, earliest.before)
        self._steps.append(_Step(now, before))

    def before_silence(self, latest: Stamp, now: float) -> Stamp:
        """Return the latest decision that a node which is gone has surely heard of, if it was to."""
        self._forget(now)
        return self._steps[0].before if self._steps else latest

    def _forget(self, now: float) -> None:
        while self._steps and self._steps[0].at + SILENT_SECONDS <= now:
            self._steps.popleft()
