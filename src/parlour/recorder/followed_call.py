"""The recorder in the rooms of a call, of which there are two while the call moves from one to the other."""

from collections.abc import Callable

from parlour.recorder.captures import Studio
from parlour.recorder.participant import RecordingParticipant
from parlour.recorder.recorded_track import RecordedTrack


class FollowedCall:
    """Records a call in its room, and in the former one as well after a move.

    People send to the new room before they leave the former one. So a track of the former room is recorded
    until something has come of the same source of that person in the new one: nothing is lost between them.
    """

    def __init__(
        self, studio: Studio, people: set[str] | None, changed: Callable[[], None], *, most_tracks: int
    ) -> None:
        """`changed` is called when `is_lost` or `failure` may have changed; `people` and `most_tracks` are
        those of a participant.
        """
        self._studio = studio
        self._people = people
        self._changed = changed
        self._most_tracks = most_tracks
        self._current: RecordingParticipant | None = None
        self._former: RecordingParticipant | None = None
        studio.on_part = self._on_part

    @property
    def is_lost(self) -> bool:
        return self._current is not None and self._current.has_left

    @property
    def failure(self) -> BaseException | None:
        return next((one.failure for one in self._participants() if one.failure is not None), None)

    @property
    def tracks(self) -> int:
        return sum(one.tracks for one in self._participants())

    @property
    def skipped(self) -> int:
        return 0 if self._current is None else self._current.skipped

    async def enter(self, url: str, token: str) -> None:
        """Record in a room, and in the one before until its people are here. Raises Unreachable."""
        await self._leave_former()
        entered = RecordingParticipant(
            self._studio, self._people, self._changed, most_tracks=self._most_tracks
        )
        self._former, self._current = self._current, entered
        await entered.join(url, token)

    async def look(self) -> None:
        """Leave the former room once nobody is recorded there."""
        if self._former is not None and (self._former.has_left or not self._former.tracks):
            await self._leave_former()

    def choose(self) -> None:
        """Look for tracks of people who may be recorded now."""
        for participant in self._participants():
            participant.choose()

    async def leave(self) -> None:
        """Close all files, and leave the rooms. Raises what a capture has raised."""
        current, self._current = self._current, None
        try:
            await self._leave_former()
        finally:
            if current is not None:
                await current.leave()

    async def _leave_former(self) -> None:
        former, self._former = self._former, None
        if former is not None:
            await former.leave()

    def _on_part(self, track: RecordedTrack) -> None:
        if self._former is not None:
            self._former.yield_to(track)

    def _participants(self) -> tuple[RecordingParticipant, ...]:
        return tuple(one for one in (self._current, self._former) if one is not None)
