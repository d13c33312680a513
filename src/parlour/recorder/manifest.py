"""The manifest of a recording: what each file of its folder holds, and when.

It is a file of JSON lines that only grows, so a crash costs its last line at most. Times are microseconds
since 1970.
"""

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from parlour.recorder_lines import EndReason

FILE = "manifest.jsonl"
TRACKS = "tracks"
_LONGEST = 64 << 20
"""The bytes of a manifest: a few hundred thousand parts."""

Kind = Literal["picture", "sound"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry"):
    at: int


class RecorderStarted(_Entry, frozen=True, kw_only=True, tag="started"):
    """A recorder began to record, or to go on. The first one is the beginning of the recording."""


class PartBegan(_Entry, frozen=True, kw_only=True, tag="part-began"):
    """A file was begun, whose time 0 is `at`. A track has several where it pauses or a recorder crashes.

    `source` is LiveKit's: camera, microphone, screenshare, screenshare_audio, unknown.
    """

    file: str
    kind: Kind
    identity: str
    source: str
    track: str


class PartEnded(_Entry, frozen=True, kw_only=True, tag="part-ended"):
    """A file was closed; one without this entry is as long as what it holds."""

    file: str


class PersonNamed(_Entry, frozen=True, kw_only=True, tag="named"):
    """A person is called `name` from now on."""

    identity: str
    name: str


class RecordingEnded(_Entry, frozen=True, kw_only=True, tag="ended"):
    """Nothing is recorded any more; what is left to do is the mixed file."""

    reason: EndReason


class FileMixed(_Entry, frozen=True, kw_only=True, tag="mixed"):
    """The mixed file is whole."""

    file: str


Entry = RecorderStarted | PartBegan | PartEnded | PersonNamed | RecordingEnded | FileMixed
_decoder = msgspec.json.Decoder(Entry)


class FolderInUse(Exception):
    """Another recorder records into the folder."""


class ManifestUnreadable(Exception):
    """The manifest is not one, or of a later version."""


@dataclass(slots=True)
class Part:
    """A file of a track. `ended` is None while it is written, and after a crash."""

    began: PartBegan
    ended: int | None = None


@dataclass(slots=True)
class Contents:
    """The sum of the entries."""

    began: int | None = None
    parts: dict[str, Part] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    end: RecordingEnded | None = None
    mixed: str | None = None

    def add(self, entry: Entry) -> None:
        match entry:
            case RecorderStarted(at=at):
                self.began = at if self.began is None else self.began
            case PartBegan(file=file):
                self.parts[file] = Part(entry)
            case PartEnded(file=file, at=at) if file in self.parts:
                self.parts[file].ended = at
            case PersonNamed(identity=identity, name=name):
                self.names[identity] = name
            case RecordingEnded():
                self.end = entry
            case FileMixed(file=file):
                self.mixed = file
            case _:
                pass


class Manifest:
    """A recording's folder, held by this process alone."""

    def __init__(self, folder: Path, file: BinaryIO, contents: Contents) -> None:
        self.folder = folder
        self.contents = contents
        self._file = file

    @classmethod
    def open(cls, folder: Path) -> "Manifest":
        """Open or make a folder. Raises FolderInUse, ManifestUnreadable or OSError.

        An entry that a crash has cut off is removed.
        """
        (folder / TRACKS).mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / FILE).open("a+b", buffering=0)  # its lock lives as long as the manifest
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise FolderInUse(str(folder)) from None
        try:
            contents = _read(file)
        except BaseException:
            file.close()
            raise
        return cls(folder, file, contents)

    def add(self, entry: Entry) -> None:
        """Write an entry at once. Raises OSError."""
        self._file.write(msgspec.json.encode(entry) + b"\n")
        self.contents.add(entry)

    def next_file(self, source: str, *, suffix: str = ".mkv") -> str:
        """Return the name of a new file of a track, which is unlike all before."""
        return f"{TRACKS}/{len(self.contents.parts) + 1:04}-{source}{suffix}"

    def close(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()


def _read(file: BinaryIO) -> Contents:
    file.seek(0)
    text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise ManifestUnreadable(f"it is larger than {_LONGEST} bytes")
    whole = text.rfind(b"\n") + 1
    contents = Contents()
    for line in text[:whole].splitlines():
        try:
            contents.add(_decoder.decode(line))
        except msgspec.MsgspecError as error:
            raise ManifestUnreadable(str(error)) from error
    file.truncate(whole)
    return contents
