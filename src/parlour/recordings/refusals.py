"""The refusals of recordings."""

from parlour.errors import Refusal


class RecordingNeedsSfu(Refusal):
    """The server has no SFU, through which alone it could see and hear a call."""

    code = "recording_needs_sfu"
    status = 409


class RecorderNotInstalled(Refusal):
    """The packages of the extra `recording` are missing."""

    code = "recorder_not_installed"
    status = 409


class RecordingTurnedOff(Refusal):
    code = "recording_turned_off"
    status = 409


class RecordingNeedsNewerClients(Refusal):
    """A member's client knows a mesh alone."""

    code = "recording_client_too_old"
    status = 409


class CallEncrypted(Refusal):
    """Media are encrypted end to end on the SFU: the recorder would see nothing."""

    code = "recording_encrypted"
    status = 409


class RoomEncrypted(Refusal):
    """The room asks for that of all its calls."""

    code = "recording_room_encrypted"
    status = 409


class AlreadyRecorded(Refusal):
    code = "already_recorded"
    status = 409


class TooManyRecordings(Refusal):
    """As many as the server may make at once are being made."""

    code = "too_many_recordings"
    status = 503


class NotRecorded(Refusal):
    """The call is not recorded, or not by this recording any more."""

    code = "not_recorded"
    status = 409


class RecordingNotFound(Refusal):
    code = "recording_not_found"
    status = 404


class RecordingElsewhere(Refusal):
    """Its files are in a folder, or a bucket, that this node does not reach."""

    code = "recording_elsewhere"
    status = 503


class RecordingUnavailable(Refusal):
    """The storage of its files does not answer."""

    code = "recording_unavailable"
    status = 503


class RecordingInProgress(Refusal):
    """It has to be stopped before it can be deleted."""

    code = "recording_in_progress"
    status = 409


class RangeRefused(Refusal):
    """A range request asks for what is behind the end of a file."""

    code = "range_not_satisfiable"
    status = 416
