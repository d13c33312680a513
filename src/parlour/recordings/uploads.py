"""Whole recordings go from the folder where they were made to the objects, one after the other.

Until one is there, it is served from the folder. Nothing of this is remembered but in the database (where a
recording is) and in the bucket (which parts are there), so a Parlour that crashes goes on where it was.
"""

import asyncio
from contextlib import suppress

import structlog

from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.recordings.entities import Place, RecordingId
from parlour.recordings.folder_storage import FolderStorage
from parlour.recordings.s3_storage import S3Storage
from parlour.recordings.service import FORSAKEN_AFTER, Recordings

LOOK_SECONDS = 30.0
PROOF_SECONDS = FORSAKEN_AFTER.total_seconds() / 6
_AT_ONCE = 20
_MOST_NAMES = 10_000
_PERCENT_STEP = 10

log = structlog.get_logger("parlour.recordings")


class Progress:
    """The bytes of a recording that are uploaded; each tenth is logged."""

    def __init__(self, recording_id: RecordingId, total: int) -> None:
        self.total = total
        self.done = 0
        self._recording_id = recording_id
        self._told = 0

    def tell(self, done: int) -> None:
        self.done = done
        percent = 100 * done // self.total if self.total else 100
        if percent >= self._told + _PERCENT_STEP:
            self._told = percent - percent % _PERCENT_STEP
            log.info("recording.uploading", recording=self._recording_id, percent=percent, bytes=done)


class Uploads:
    """A task of each node, for the recordings in its folder. Nodes that share it claim them in turns."""

    def __init__(self, recordings: Recordings, folder: FolderStorage, objects: S3Storage) -> None:
        self.progress: dict[RecordingId, Progress] = {}
        self._recordings = recordings
        self._folder = folder
        self._objects = objects
        self._is_due = asyncio.Event()
        self._has_swept = False

    def look(self) -> None:
        """Look soon: a recording has become whole."""
        self._is_due.set()

    async def step(self) -> float | None:
        """Upload what is there, and wait. Repeated by the supervisor. Raises OSError after a failure."""
        self._is_due.clear()
        await self.upload_all()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._is_due.wait()
        return None

    async def upload_all(self) -> None:
        """Upload each recording once. One that fails stops no other; then the last error is raised."""
        place = await self._folder.own_place()
        if place is None:
            return
        if not self._has_swept:
            await self._sweep()
            self._has_swept = True
        failure: OSError | None = None
        tried: set[RecordingId] = set()
        while due := [one for one in await self._due(place) if one not in tried]:
            for recording_id in due:
                tried.add(recording_id)
                try:
                    await self._upload(recording_id, place)
                except OSError as error:
                    log.warning("recording.not_uploaded", recording=recording_id, error=str(error))
                    failure = error
        if failure is not None:
            raise failure

    async def _due(self, place: Place) -> list[RecordingId]:
        return await self._recordings.to_move(place, limit=_AT_ONCE)

    async def _upload(self, recording_id: RecordingId, place: Place) -> None:
        if not await self._recordings.claim_move(recording_id, place):
            return  # another node was faster
        sizes = await self._folder.to_move(recording_id)
        self.progress[recording_id] = progress = Progress(recording_id, sum(sizes.values()))
        proving = asyncio.create_task(self._prove(recording_id))
        try:
            folder = self._folder.folder_of(recording_id)
            await self._objects.store(recording_id, folder, sizes, progress.tell)
            is_moved = await self._recordings.moved(recording_id, place, self._objects.place)
        except OSError:
            await self._recordings.give_up_move(recording_id)
            raise
        finally:
            proving.cancel()
            del self.progress[recording_id]
        if is_moved:
            await self._folder.delete(recording_id)
            log.info("recording.uploaded", recording=recording_id, bytes=progress.total)

    async def _prove(self, recording_id: RecordingId) -> None:
        while True:
            await asyncio.sleep(PROOF_SECONDS)
            try:
                await self._recordings.prove([recording_id])
            except DATABASE_UNAVAILABLE as error:  # another node may then do the same work, which is harmless
                log.warning("recording.not_proven", recording=recording_id, error=type(error).__name__)

    async def _sweep(self) -> None:
        """Delete what a crash has left in the folder of recordings that were moved."""
        names = await self._folder.names(limit=_MOST_NAMES)
        for recording_id in await self._recordings.kept_at(self._objects.place, names):
            await self._folder.delete(recording_id)
            log.info("recording.swept", recording=recording_id)
