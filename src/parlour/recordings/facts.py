"""Facts about recordings, for the bus."""

from dataclasses import dataclass

from parlour.accounts.identity import UserId
from parlour.recordings.entities import LiveRecording, RecordingId
from parlour.rooms.entities import RoomId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingBegan:
    """The call of a room is to be recorded from now on."""

    recording: LiveRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingConsented:
    """A person may be recorded."""

    room_id: RoomId
    recording_id: RecordingId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded:
    """Nothing more is recorded."""

    room_id: RoomId
    recording_id: RecordingId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRemoved:
    """A recording's files are to be deleted."""

    recording_id: RecordingId
