"""The files of recordings in a folder of this machine, or one that all nodes share."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from parlour.db.private_files import make_private_folder
from parlour.recordings.byte_ranges import ByteRange
from parlour.recordings.entities import FileKind, RecordingFile, RecordingId

MANIFEST, TRACKS, MIXED = "manifest.jsonl", "tracks", "mixed.webm"
_LONGEST_MANIFEST = 64 << 20
_LONGEST_PERSON = 255
PIECE_BYTES = 256 * 1024
MOST_FILES = 500
"""The most files that are listed; what is more stays in the folder."""


class _Entry(msgspec.Struct, frozen=True):
    """A line of the manifest (docs/recorder.md), as far as it says whose a file is."""

    entry: str
    file: str = ""
    kind: FileKind = "picture"
    identity: str = ""
    name: str = ""


class FolderStorage:
    """A folder for each recording, by its name. Errors of the disk are OSErrors."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder_of(self, recording_id: RecordingId) -> Path:
        return self._root / recording_id

    def make_root(self) -> None:
        """Make the folder of all recordings, which nobody else may list. Raises OSError."""
        make_private_folder(self._root)

    async def files_of(self, recording_id: RecordingId) -> list[RecordingFile]:
        """Return the files that have something in them, the mixed one first."""
        return await asyncio.to_thread(_files, self.folder_of(recording_id))

    async def open(self, recording_id: RecordingId, file: RecordingFile) -> BinaryIO:
        """Open a file to `read` it. Raises OSError if it is not there."""
        path = self.folder_of(recording_id) / file.name
        return await asyncio.to_thread(path.open, "rb", 0)

    async def read(self, opened: BinaryIO, part: ByteRange) -> AsyncIterator[bytes]:
        """Read a part of a file in pieces of PIECE_BYTES, and close it. Raises OSError."""
        left = part.length
        try:
            await asyncio.to_thread(opened.seek, part.start)
            while left and (piece := await asyncio.to_thread(opened.read, min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece
        finally:
            opened.close()

    async def delete(self, recording_id: RecordingId) -> None:
        """Delete all files of a recording, unless there are none any more."""
        folder = self.folder_of(recording_id)
        await asyncio.to_thread(_delete, folder)


def _delete(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _files(folder: Path) -> list[RecordingFile]:
    found = []
    kinds, people = _manifest(folder / MANIFEST)
    for path in (folder / MIXED, *sorted((folder / TRACKS).glob("*"))):
        if path.is_file() and (size := path.stat().st_size) > 0:
            name = path.relative_to(folder).as_posix()
            kind, person = kinds.get(name, "mixed"), people.get(name)
            found.append(RecordingFile(name=name, size=size, kind=kind, person=person))
    return found[:MOST_FILES]


def _manifest(path: Path) -> tuple[dict[str, FileKind], dict[str, str]]:
    """Return the kind of each file, and the name of the person that it shows. A line that is none is passed
    over.
    """
    kinds: dict[str, FileKind] = {}
    identities: dict[str, str] = {}
    names: dict[str, str] = {}
    decoder = msgspec.json.Decoder(_Entry)
    with path.open("rb") as lines:
        for line in lines.read(_LONGEST_MANIFEST).splitlines():
            try:
                entry = decoder.decode(line)
            except msgspec.MsgspecError:
                continue
            if entry.entry == "part-began":
                kinds[entry.file], identities[entry.file] = entry.kind, entry.identity
            elif entry.entry == "named":
                names[entry.identity] = entry.name
    people = {
        file: names[identity][:_LONGEST_PERSON] for file, identity in identities.items() if identity in names
    }
    return kinds, people
