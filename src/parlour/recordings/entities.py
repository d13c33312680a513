"""Recordings, as the use cases see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType

from parlour.accounts.identity import UserId
from parlour.rooms.entities import RoomId

RecordingId = NewType("RecordingId", str)
"""A UUID: the public name of a recording, and that of its folder."""

Place = NewType("Place", str)
"""Where files are, as the database names it: `folder:` and its id, or `s3://`, bucket and prefix."""

State = Literal["starting", "recording", "finishing", "ready", "failed"]
"""`starting`: no recorder has begun yet; `finishing`: what is left to do is the mixed file."""

EndReason = Literal["asked", "call_ended", "time", "bytes", "disk", "abandoned", "moved", "encrypted"]
"""Why a recording has ended: asked for, its call was over, a bound was reached, no server worked on it, the
call went to a node that does not reach its files and makes another recording of it, or the call has to be
encrypted end to end now.
"""

FileKind = Literal["mixed", "picture", "sound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRecording:
    """A recording that has not ended. `consents` are the people who may be recorded."""

    recording_id: RecordingId
    room_id: RoomId
    username: str
    display_name: str | None
    started_at: datetime
    consents: frozenset[UserId]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFile:
    """A file of a recording, by its path in the folder. `size` is in bytes.

    `person` is the name of who is seen or heard in it, None in the mixed file.
    """

    name: str
    size: int
    kind: FileKind
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording as lists show it, with the names of who started it. `seconds` is its length.

    `progress` says how much of the mixed file is made, from 0 to 1; None where nobody has said it.
    """

    recording_id: RecordingId
    state: State
    username: str
    display_name: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: int | None
    end_reason: EndReason | None
    progress: float | None = None
    place: Place | None = None
    files: tuple[RecordingFile, ...] = ()
