"""A track that is recorded, and its capture, which runs as a task and is stopped once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordedTrack:
    """A track: the identity of its person, its source and its id at LiveKit."""

    identity: str
    source: str
    sid: str


class RunningCapture:
    """The capture of a track. Its end closes a file, which takes time."""

    def __init__(
        self,
        track: RecordedTrack,
        capture: Coroutine[None, None, None],
        ended: Callable[["RunningCapture"], None],
    ) -> None:
        """`ended` is called once the capture has ended, whatever the reason."""
        self.track = track
        self._task = asyncio.create_task(capture)
        self._task.add_done_callback(lambda _: ended(self))

    @property
    def error(self) -> BaseException | None:
        """Return what an ended capture has raised; to be stopped is no error."""
        return None if self._task.cancelled() else self._task.exception()

    def stop(self) -> None:
        """Have the capture close its file and end. It is cancelled once: several reasons may come together
        (its track is gone, it comes from another room now, the recording ends), and to cancel it again would
        cut off the closing.
        """
        if not self._task.cancelling():
            self._task.cancel()

    async def ends(self) -> None:
        """Wait until it has ended, for whatever reason."""
        await asyncio.wait((self._task,))
