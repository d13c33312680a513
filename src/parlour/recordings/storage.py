"""The places where the files of recordings are kept, and which of them this node reaches."""

from collections.abc import AsyncIterator
from typing import Protocol

from parlour.recordings.byte_ranges import ByteRange
from parlour.recordings.entities import Place, RecordingId
from parlour.recordings.folder_storage import FolderStorage
from parlour.recordings.refusals import RecordingElsewhere


class StorageUnavailable(OSError):
    """A storage does not answer, or refuses; the sentence says why, without secrets."""


class RecordingStorage(Protocol):
    """The files of recordings that are whole. One that is whole never changes."""

    async def own_place(self) -> Place | None:
        """Return the name of this storage in the database, None if it holds nothing yet. Raises OSError."""

    async def read(self, recording_id: RecordingId, name: str, part: ByteRange) -> AsyncIterator[bytes]:
        """Open a file, and return a part of it in pieces of at most PIECE_BYTES.

        Raises FileNotFoundError, or another OSError where the storage cannot be read.
        """

    async def delete(self, recording_id: RecordingId) -> None:
        """Delete all files of a recording; again is harmless. Raises OSError."""

    def close(self) -> None:
        """Open nothing more."""


class Storages:
    """The folder, where recordings are made, and beyond it the objects, where they go when they are whole.

    Recordings are read where they are, so those from before a change of the settings stay readable.
    """

    def __init__(self, folder: FolderStorage, objects: RecordingStorage | None) -> None:
        self.folder = folder
        self._objects = objects

    async def places(self) -> frozenset[Place]:
        """Return the places that this node reaches. Raises OSError."""
        found = [await storage.own_place() for storage in self._all()]
        return frozenset(place for place in found if place is not None)

    async def holding(self, place: Place | None) -> RecordingStorage:
        """Return the storage of that name; None is the folder of this node, as before 0028.

        Raises RecordingElsewhere if this node does not reach it, or OSError.
        """
        if place is None:
            return self.folder
        for storage in self._all():
            if await storage.own_place() == place:
                return storage
        raise RecordingElsewhere

    async def delete(self, recording_id: RecordingId) -> None:
        """Delete the files of a recording in every place that this node reaches: a crash while they were
        moved may have left some in both. Raises OSError.
        """
        for storage in self._all():
            await storage.delete(recording_id)

    def close(self) -> None:
        for storage in self._all():
            storage.close()

    def _all(self) -> tuple[RecordingStorage, ...]:
        return (self.folder,) if self._objects is None else (self.folder, self._objects)
