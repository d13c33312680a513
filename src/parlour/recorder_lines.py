"""The lines that the recorder reads from its standard input, and those that it writes. Pure.

Each is a JSON object. The first line read is a RecordingRequest, whose token is a secret and so stands on no
command line; the others are Instructions. The end of the input means that the program which started the
recorder is gone. Another one may take the recorder over at a socket in its folder, by a request of its own.
"""

from typing import Literal

import msgspec

LONGEST_LINE = 1 << 20
"""The bytes of a line: the names of some thousands of people."""


CONTROL_SOCKET = "recorder.sock"
"""A Unix socket in the folder of a recording, while its recorder waits for a program to take it over."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that a recording may take.

    `least_free_bytes` are left on the disk. `most_tracks` are recorded at once. `threads` encode; a track
    that they are late for loses pictures, never its place in time.
    """

    most_seconds: int = 6 * 3600
    most_bytes: int = 40 << 30
    least_free_bytes: int = 1 << 30
    most_tracks: int = 60
    threads: int = 2
    frames_per_second: int = 25


class MixedShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The size of the mixed picture, in pixels, and its frames per second. `font` is a file for the names."""

    width: int = 1280
    height: int = 720
    frames_per_second: int = 25
    font: str | None = None

    def __post_init__(self) -> None:
        if not (64 <= self.width <= 3840 and 64 <= self.height <= 2160 and 1 <= self.frames_per_second <= 60):
            raise ValueError("the mixed picture is 64 × 64 to 3840 × 2160, with 1 to 60 frames per second")
        if self.width % 2 or self.height % 2:
            raise ValueError("the mixed picture has an even width and height")


class RecordingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recording to begin, or to go on with where its folder holds one.

    `url` and `token` open a room of LiveKit, called `room`: a recorder that is taken over goes on where it is
    in that room, and ends where it is in another one. Once its input has ended, it records on for
    `orphan_seconds`, and waits to be taken over. `names` are the names of people by their identity there;
    others are called by what LiveKit says. `people` are the identities of people who may be recorded, None:
    everybody. `is_mixed` False leaves out the mixed file. With `is_over`, nothing more is recorded: what is
    left to do is done, and `url` and `token` are not used.
    """

    url: str
    token: str
    folder: str
    room: str = ""
    orphan_seconds: float = 0.0
    names: dict[str, str] = {}
    people: frozenset[str] | None = None
    bounds: Bounds = Bounds()
    mixed: MixedShape = MixedShape()
    is_mixed: bool = True
    is_over: bool = False


class RecordingPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room of LiveKit, and a token that opens it."""

    url: str
    token: str
    room: str


class Instruction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change: more `names`, more `people` who may be recorded, the `place` to which the call moves, or with
    `finish` the recording's end.
    """

    names: dict[str, str] = {}
    people: frozenset[str] = frozenset()
    place: RecordingPlace | None = None
    finish: bool = False


EndReason = Literal["asked", "time", "bytes", "disk"]
"""Why a recording has ended: asked for, or one of its bounds was reached."""


class Recording(msgspec.Struct, frozen=True, kw_only=True, tag="recording", tag_field="event"):
    """It records. `skipped` counts the tracks that are not recorded, `lost` pictures that came too fast."""

    seconds: float
    bytes: int
    tracks: int
    skipped: int
    lost: int


class Mixing(msgspec.Struct, frozen=True, kw_only=True, tag="mixing", tag_field="event"):
    """It makes the mixed file; `done` goes from 0 to 1."""

    done: float


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished", tag_field="event"):
    """All files are written. `mixed` is None without a mixed file."""

    reason: EndReason
    seconds: float
    mixed: str | None


class Interrupted(msgspec.Struct, frozen=True, kw_only=True, tag="interrupted", tag_field="event"):
    """It has ended before the recording has: another recorder may go on in the same folder."""

    reason: Literal["terminated", "orphaned", "disconnected", "moved"]


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed", tag_field="event"):
    """It could not begin, or not go on."""

    reason: str


Report = Recording | Mixing | Finished | Interrupted | Failed
