"""A capture closes its file, however often it is stopped."""

import asyncio

from parlour.recorder.recorded_track import RecordedTrack, RunningCapture

TRACK = RecordedTrack("ann", "microphone", "TR_1")


class Recording:
    """A capture whose file takes until `may_close` to be closed."""

    def __init__(self) -> None:
        self.began, self.closes, self.may_close = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.is_closed = False
        self.ended: list[RunningCapture] = []

    async def run(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.closes.set()
            await self.may_close.wait()
            self.is_closed = True

    async def fail(self) -> None:
        raise OSError("the disk is full")


async def test_it_is_stopped_once_for_all_reasons() -> None:
    recording = Recording()
    capture = RunningCapture(TRACK, recording.run(), recording.ended.append)
    await recording.began.wait()
    capture.stop()
    await recording.closes.wait()
    capture.stop()
    recording.may_close.set()
    await capture.ends()
    capture.stop()
    assert recording.is_closed
    assert capture.error is None
    assert recording.ended == [capture]


async def test_a_failure_is_told() -> None:
    recording = Recording()
    capture = RunningCapture(TRACK, recording.fail(), recording.ended.append)
    await capture.ends()
    assert isinstance(capture.error, OSError)
    assert recording.ended == [capture]
