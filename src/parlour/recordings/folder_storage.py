"""The files of recordings in a folder of this machine, or one that several nodes share."""

import asyncio
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from parlour.db.private_files import make_private_folder
from parlour.recordings.byte_ranges import ByteRange
from parlour.recordings.entities import FileKind, Place, RecordingFile, RecordingId

MANIFEST, TRACKS, MIXED = "manifest.jsonl", "tracks", "mixed.webm"
_MARKER = "folder-id"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
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
    """A folder for each recording, by its name. Errors of the disk are OSErrors.

    A file in it has an id, which nodes that share the folder read alike: so each knows whether a recording
    of another node is here too.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._place: Place | None = None

    def folder_of(self, recording_id: RecordingId) -> Path:
        return self._root / recording_id

    async def own_place(self) -> Place | None:
        """Return the folder's name in the database, None if nothing was recorded into it."""
        if self._place is None:
            self._place = await asyncio.to_thread(_read_place, self._root / _MARKER)
        return self._place

    async def make_root(self) -> Place:
        """Make the folder, which nobody else may list, and return its name. Raises OSError or NotPrivate."""
        await asyncio.to_thread(_make_root, self._root)
        place = await self.own_place()
        if place is None:
            raise OSError(f"{self._root / _MARKER} holds no id")
        return place

    async def names(self, *, limit: int) -> list[RecordingId]:
        """Return the names of recordings that have a folder here."""
        return await asyncio.to_thread(_names, self._root, limit)

    async def files_of(self, recording_id: RecordingId) -> list[RecordingFile]:
        """Return the files that have something in them, the mixed one first."""
        return await asyncio.to_thread(_files, self.folder_of(recording_id))

    async def to_move(self, recording_id: RecordingId) -> dict[str, int]:
        """Return the sizes of all files to be kept elsewhere, by their names in the folder."""
        return await asyncio.to_thread(_sizes, self.folder_of(recording_id))

    async def read(self, recording_id: RecordingId, name: str, part: ByteRange) -> AsyncIterator[bytes]:
        """Open a file, and return a part of it in pieces of PIECE_BYTES. Raises OSError."""
        path = self.folder_of(recording_id) / name
        return _pieces(await asyncio.to_thread(path.open, "rb", 0), part)

    async def delete(self, recording_id: RecordingId) -> None:
        """Delete all files of a recording, unless there are none any more."""
        await asyncio.to_thread(_delete, self.folder_of(recording_id))

    def close(self) -> None:
        """Do nothing: each file is closed by its reader."""


async def _pieces(opened: BinaryIO, part: ByteRange) -> AsyncIterator[bytes]:
    left = part.length
    try:
        await asyncio.to_thread(opened.seek, part.start)
        while left and (piece := await asyncio.to_thread(opened.read, min(left, PIECE_BYTES))):
            left -= len(piece)
            yield piece
    finally:
        opened.close()


def _make_root(root: Path) -> None:
    """Make the folder and its id, which is there at once as a whole: two nodes may begin at the same time."""
    make_private_folder(root)
    marker = root / _MARKER
    if marker.exists():
        return
    own = root / f"{_MARKER}-{uuid.uuid4().hex}"
    own.write_text(uuid.uuid4().hex, "ascii")
    try:
        with suppress(FileExistsError):
            os.link(own, marker)
    finally:
        own.unlink()


def _read_place(marker: Path) -> Place | None:
    try:
        text = marker.read_text("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return Place(f"folder:{text}") if _ID.fullmatch(text) else None


def _names(root: Path, limit: int) -> list[RecordingId]:
    found: list[RecordingId] = []
    with suppress(FileNotFoundError), os.scandir(root) as entries:
        for entry in entries:
            if len(found) == limit:
                break
            if entry.is_dir(follow_symlinks=False):
                found.append(RecordingId(entry.name))
    return found


def _delete(folder: Path) -> None:
    """Delete a folder, which another node may be deleting too."""
    for _ in range(3):
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        if not folder.exists():
            return


def _files(folder: Path) -> list[RecordingFile]:
    found = []
    kinds, people = _manifest(folder / MANIFEST)
    for path in (folder / MIXED, *sorted((folder / TRACKS).glob("*"))):
        if path.is_file() and (size := path.stat().st_size) > 0:
            name = path.relative_to(folder).as_posix()
            kind, person = kinds.get(name, "mixed"), people.get(name)
            found.append(RecordingFile(name=name, size=size, kind=kind, person=person))
    return found[:MOST_FILES]


def _sizes(folder: Path) -> dict[str, int]:
    paths = (folder / MANIFEST, folder / MIXED, *sorted((folder / TRACKS).glob("*")))
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths if path.is_file()}
    return {name: size for name, size in sizes.items() if size}


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
