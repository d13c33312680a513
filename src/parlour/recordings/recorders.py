"""The recorders of this node: one for each recording that it makes, started again until that is whole.

A recording goes on in its folder after any end of a recorder: a crash, a loss of LiveKit, a move of the call
to another room. What a recorder has written is never written again, so nothing is lost but the time between.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from parlour.db.private_files import NotPrivate
from parlour.recorder_lines import (
    Failed,
    Finished,
    Instruction,
    Interrupted,
    Mixing,
    Recording,
    RecordingPlace,
    RecordingRequest,
)
from parlour.recordings.entities import EndReason, RecordingId
from parlour.recordings.folder_storage import FolderStorage
from parlour.recordings.running_recorder import ORPHAN_SECONDS, RunningRecorder, running_recorder
from parlour.recordings.service import Recordings
from parlour.recordings.storage import Storages
from parlour.recordings.upkeep import Forsaken

PROOF_SECONDS = 10.0
CLAIM_SECONDS = 15.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 5.0
MOST_FAILURES = 5
"""The failures in a row after which a recording that has ended is left as it is."""

log = structlog.get_logger("parlour.recordings")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderPlace:
    """The room of LiveKit where a call is now, and those who are in it.

    `names` are the names of people by their identities there, `people` the identities of those who have
    consented.
    """

    url: str
    sfu_room: str
    token: Callable[[], str] = field(compare=False)
    names: Mapping[str, str]
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Whole:
    """All that there will be of a recording is there. `seconds` is None where nothing could be finished."""

    seconds: int | None


class _Run:
    """The recorders of one recording, one after the other."""

    def __init__(
        self,
        recording_id: RecordingId,
        storage: FolderStorage,
        slots: asyncio.Semaphore,
        tell: Callable[[], None],
    ) -> None:
        self.has_recorded = False
        self.bound: EndReason | None = None
        """The bound that has ended the recording, as its recorder says."""
        self.progress: float | None = None
        """How much of the mixed file is made, from 0 to 1; None until a recorder makes it."""
        self.whole: Whole | None = None
        self._recording_id = recording_id
        self._storage = storage
        self._slots = slots
        self._tell = tell
        self._place: RecorderPlace | None = None
        self._is_over = False
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"recording {recording_id}")

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def is_settled(self) -> bool:
        return self._settled.is_set()

    def settle(self) -> None:
        """Begin: the recording's files are in the folder of this node."""
        self._settled.set()

    def place(self, place: RecorderPlace | None) -> None:
        """Record there from now on; None: nowhere, until the call is on an SFU again."""
        if place != self._place:
            self._place = place
            self._changed.set()

    def finish(self) -> None:
        """Record nothing more, and do what is left to do."""
        if not self._is_over:
            self._is_over = True
            self._changed.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        await self._settled.wait()
        while self.whole is None:
            self._changed.clear()
            if self._place is None and not self._is_over:
                await self._changed.wait()
                continue
            async with self._slots:
                if self._place is None and not self._is_over:
                    continue
                before, self.has_recorded = self.has_recorded, False
                try:
                    self.whole = await self._record()
                except (OSError, TimeoutError) as error:
                    reason = str(error) or type(error).__name__
                    log.warning("recorder.not_followed", recording=self._recording_id, error=reason)
                failures = 0 if self.has_recorded else failures + 1
                self.has_recorded = before or self.has_recorded
            if self.whole is None and self._is_over and failures >= MOST_FAILURES:
                self.whole = Whole(None)
            if self.whole is None:
                await self._pause(min(FIRST_PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS))
        self._tell()

    async def _pause(self, seconds: float) -> None:
        """Pause before the next recorder, unless something changes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _record(self) -> Whole | None:
        """Run a recorder to its end. Return None if another one has to go on. Raises OSError."""
        place = self._place
        folder = self._storage.folder_of(self._recording_id)
        request = RecordingRequest(
            url="" if place is None else place.url,
            token="" if place is None or self._is_over else place.token(),
            folder=str(folder),
            room="" if place is None else place.sfu_room,
            orphan_seconds=ORPHAN_SECONDS,
            names={} if place is None else dict(place.names),
            people=frozenset() if place is None else place.people,
            is_over=self._is_over,
        )
        await self._storage.make_root()
        async with running_recorder(request, folder.parent) as recorder:
            log.info("recorder.started", recording=self._recording_id, pid=recorder.pid)
            follows = asyncio.create_task(self._follow(recorder, place, is_over=request.is_over))
            try:
                return await self._hear(recorder)
            finally:
                follows.cancel()

    async def _hear(self, recorder: RunningRecorder) -> Whole | None:
        while (report := await recorder.hear()) is not None:
            match report:
                case Recording():
                    if not self.has_recorded:
                        self.has_recorded = True
                        self._tell()
                case Mixing():
                    self._mixes(report.done)
                case Interrupted():
                    pass
                case Finished():
                    if report.reason != "asked":
                        self.bound = report.reason
                    log.info("recorder.finished", recording=self._recording_id, reason=report.reason)
                    return Whole(round(report.seconds))
                case Failed():
                    log.warning("recorder.failed", recording=self._recording_id, reason=report.reason)
                    if report.reason.startswith("NothingRecorded"):
                        return Whole(None)
        log.warning("recorder.ended", recording=self._recording_id)
        return None

    def _mixes(self, done: float) -> None:
        is_first, self.progress = self.progress is None, done
        if is_first:
            self._tell()

    async def _follow(self, recorder: RunningRecorder, told: RecorderPlace | None, *, is_over: bool) -> None:
        """Tell a recorder what changes while it runs."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            place = self._place
            if self._is_over:
                if not is_over:
                    is_over = True
                    await recorder.tell(Instruction(finish=True))
            elif place is None or told is None:
                recorder.interrupt()
            else:
                if (instruction := _news(told, place)) != Instruction():
                    await recorder.tell(instruction)
                told = place


def _news(told: RecorderPlace, place: RecorderPlace) -> Instruction:
    """Return what has changed for a recorder."""
    goes_on = (place.url, place.sfu_room) == (told.url, told.sfu_room)
    return Instruction(
        names={who: name for who, name in place.names.items() if told.names.get(who) != name},
        people=place.people - told.people,
        place=None if goes_on else RecordingPlace(url=place.url, token=place.token(), room=place.sfu_room),
    )


class Recorders:
    """All runs of this node. At most `at_once` recorders run at a time; other runs wait for their turn."""

    def __init__(
        self, recordings: Recordings, storages: Storages, completed: Callable[[], None] = lambda: None
    ) -> None:
        """`completed` is called whenever a recording is whole."""
        self._recordings = recordings
        self._storages = storages
        self._storage = storages.folder
        self._completed = completed
        self._forsaken = Forsaken(recordings)
        self._slots = asyncio.Semaphore(recordings.limits.at_once)
        self._runs: dict[RecordingId, _Run] = {}
        self._leaving: list[_Run] = []
        self._news = asyncio.Event()

    def follow(
        self, places: Mapping[RecordingId, RecorderPlace | None], *, ended: Callable[[RecordingId], bool]
    ) -> None:
        """Make the recordings of the calls that this node decides about, each at its place.

        A run whose recording has `ended` finishes; one that another node is to make from now on is closed.
        """
        for recording_id, place in places.items():
            self._run_of(recording_id).place(place)
        for recording_id, run in list(self._runs.items()):
            if recording_id in places or run.is_over:
                continue
            if ended(recording_id):
                run.finish()
            else:
                self._leaving.append(self._runs.pop(recording_id))
                self._news.set()

    def makes(self, recording_id: RecordingId) -> bool:
        return recording_id in self._runs

    def _run_of(self, recording_id: RecordingId) -> _Run:
        run = self._runs.get(recording_id)
        if run is None:
            run = _Run(recording_id, self._storage, self._slots, self._news.set)
            self._runs[recording_id] = run
            self._news.set()
        return run

    async def tell_database(self) -> None:
        """Write to the database how the runs go, now and every PROOF_SECONDS; repeated by the supervisor."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PROOF_SECONDS):
                await self._news.wait()
        self._news.clear()
        await self._close_leaving()
        await self._settle()
        for recording_id, run in list(self._runs.items()):
            if run.whole is not None:
                await self._complete(recording_id, run, run.whole)
        if self._runs:
            runs = self._runs.items()
            recorded = [recording_id for recording_id, run in runs if run.has_recorded]
            progress = {recording_id: run.progress for recording_id, run in runs if run.progress is not None}
            await self._recordings.prove(list(self._runs), recorded, progress)

    async def _settle(self) -> None:
        """Begin the runs of new recordings, and of those whose files are here.

        A recording whose files another node has in a folder of its own is left to that: of its call another
        recording is made here. Where the folder cannot be used, the runs wait until it can.
        """
        waiting = {recording_id: run for recording_id, run in self._runs.items() if not run.is_settled}
        if not waiting:
            return
        try:
            own = await self._storage.make_root()
        except (OSError, NotPrivate) as error:
            log.error("recordings.folder_unusable", error=str(error))
            return
        for recording_id, run in waiting.items():
            place = await self._recordings.settle(recording_id, own)
            if place == own:
                run.settle()
                continue
            await self._runs.pop(recording_id).close()
            if place is not None:
                log.warning("recording.elsewhere", recording=recording_id, place=place, own=own)
                await self._recordings.succeed(recording_id)

    async def _complete(self, recording_id: RecordingId, run: _Run, whole: Whole) -> None:
        try:
            files = await self._storage.files_of(recording_id)
        except OSError as error:  # there are none, or not on this machine
            log.warning("recording.without_files", recording=recording_id, error=type(error).__name__)
            files = []
        await self._recordings.end(recording_id, run.bound or "asked")
        is_whole = whole.seconds is not None and bool(files)
        await self._recordings.complete(recording_id, seconds=whole.seconds, files=files, is_whole=is_whole)
        del self._runs[recording_id]
        self._completed()

    async def take_forsaken(self) -> None:
        """Finish recordings on which no server works any more; repeated every CLAIM_SECONDS."""
        forsaken = await self._forsaken.look()
        places = await self._storages.places() if forsaken else frozenset()
        for recording_id in forsaken:
            if recording_id not in self._runs and await self._recordings.claim(recording_id, places):
                self._run_of(recording_id).finish()

    async def close(self) -> None:
        """End all recorders; what they record goes on when the server is back."""
        self._leaving += self._runs.values()
        self._runs.clear()
        await self._close_leaving()

    async def _close_leaving(self) -> None:
        leaving, self._leaving = self._leaving, []
        await asyncio.gather(*(run.close() for run in leaving))
