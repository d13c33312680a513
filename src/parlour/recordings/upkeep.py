"""Recordings that nobody works on are ended, and those that nobody may have any more are deleted."""

import asyncio
from contextlib import suppress

import structlog

from parlour.recordings.entities import RecordingId
from parlour.recordings.facts import RecordingRemoved
from parlour.recordings.service import Recordings
from parlour.recordings.storage import Storages
from parlour.rooms.facts import RoomRemoved

LOOK_SECONDS = 30.0
DELETED_AT_ONCE = 20

log = structlog.get_logger("parlour.recordings")


class Forsaken:
    """Recordings on which no server works, at two looks: after an outage of the database the first look
    may come before the servers have said that they work.
    """

    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings
        self._seen_before: frozenset[RecordingId] = frozenset()

    async def look(self) -> frozenset[RecordingId]:
        found = await self._recordings.forsaken()
        certain, self._seen_before = found & self._seen_before, found
        return certain


class RecordingUpkeep:
    """A task of each node, which deletes what it reaches. Two that reach the same do no harm."""

    def __init__(self, recordings: Recordings, storages: Storages) -> None:
        self._recordings = recordings
        self._storages = storages
        self._forsaken = Forsaken(recordings)
        self._is_due = asyncio.Event()

    def on_removed(self, _fact: RecordingRemoved | RoomRemoved) -> None:
        self._is_due.set()

    async def step(self) -> float | None:
        """End and delete what is due, and wait. Repeated by the supervisor."""
        self._is_due.clear()
        await self.clean()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._is_due.wait()
        return None

    async def clean(self) -> None:
        await self._recordings.end_abandoned(await self._forsaken.look())
        places = await self._storages.places()
        while due := await self._recordings.to_delete(places, limit=DELETED_AT_ONCE):
            for recording_id in due:
                await self._storages.delete(recording_id)
                await self._recordings.forget(recording_id)
                log.info("recording.deleted", recording=recording_id)
