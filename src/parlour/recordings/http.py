"""The HTTP endpoints of recordings: the list of a room's, their files, and their deletion."""

from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import RootModel

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.errors import InvalidRequest
from parlour.http.middleware import problem_response
from parlour.recordings.byte_ranges import ByteRange, RangeNotSatisfiable, asked_range
from parlour.recordings.entities import Recording, RecordingId
from parlour.recordings.refusals import (
    RangeRefused,
    RecordingElsewhere,
    RecordingInProgress,
    RecordingNotFound,
    RecordingUnavailable,
)
from parlour.recordings.service import Download, Recordings
from parlour.recordings.storage import Storages
from parlour.rooms.refusals import NotTheCreator, RoomNotFound
from parlour.wire.arrays import json_array, json_object, json_value
from parlour.wire.base import RoomName, Timestamp
from parlour.wire.endpoint import AuditRule, CallerKind, endpoint
from parlour.wire.http import (
    Nothing,
    RecordingEntry,
    RecordingFileEntry,
    RecordingFileName,
    RecordingList,
    RecordingName,
    RecordingRemoval,
)

MOST_LISTED = 20
_MEDIA_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska"}
_WHOLE, _PARTIAL = 200, 206
_TRIES = 2


def recording_routes(
    *, recordings: Recordings, storages: Storages, identification: Identification
) -> APIRouter:
    router = APIRouter(tags=["rooms"])
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]

    @router.get(
        "/recordings",
        response_model=RecordingList,
        **endpoint(
            CallerKind.CALLER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="The recordings that the server has made of the calls in a room of one's own.",
        ),
    )
    async def list_recordings(
        caller: Caller,
        room: Annotated[RoomName, Query()],
        before: Annotated[
            Timestamp | None, Query(description="Those that were started before this time alone.")
        ] = None,
    ) -> Response:
        page = await recordings.page(caller, room=room, before=before, limit=MOST_LISTED)
        entries = json_array(_entry(one) for one in page.recordings)
        return StreamingResponse(
            json_object(recordings=entries, more=json_value(RootModel[bool](page.more))),
            media_type="application/json",
        )

    @router.get(
        "/recording/file",
        response_class=Response,
        **endpoint(
            CallerKind.CALLER,
            RecordingNotFound,
            RoomNotFound,
            NotTheCreator,
            RangeRefused,
            RecordingElsewhere,
            RecordingUnavailable,
            InvalidRequest,
            description="A file of a recording, or the range of it that is asked for (RFC 9110, 14). Several "
            "ranges are answered with the whole file.",
        ),
    )
    async def read_file(
        caller: Caller,
        recording: Annotated[RecordingName, Query()],
        file: Annotated[RecordingFileName, Query()],
        request: Request,
    ) -> Response:
        for _ in range(_TRIES):  # a file may be moved to S3 after the database was asked where it is
            download = await recordings.download(caller, recording_id=RecordingId(recording), name=file)
            try:
                return await _served(download, storages, request)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RecordingUnavailable from error
        raise RecordingNotFound

    @router.post(
        "/recording/remove",
        **endpoint(
            CallerKind.WRITER,
            RecordingNotFound,
            RecordingInProgress,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Delete a recording of a room of one's own, once it has been stopped.",
            audit=AuditRule(kind="room", code="recording_removed"),
        ),
    )
    async def remove_recording(body: RecordingRemoval, caller: Writer) -> Nothing:
        await recordings.remove(caller, recording_id=RecordingId(body.recording))
        return Nothing()

    return router


def _entry(recording: Recording) -> RecordingEntry:
    return RecordingEntry(
        recording=recording.recording_id,
        state=recording.state,
        username=recording.username,
        display_name=recording.display_name,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        seconds=recording.seconds,
        end_reason=recording.end_reason,
        progress=recording.progress,
        files=[
            RecordingFileEntry(name=file.name, size=file.size, kind=file.kind, person=file.person)
            for file in recording.files
        ],
    )


async def _served(download: Download, storages: Storages, request: Request) -> Response:
    """Answer with a file, or the part of it that is asked for. Raises OSError or RecordingElsewhere."""
    recording_id, file = download.recording.recording_id, download.file
    tag = f'"{recording_id}-{file.size}"'  # a file of a recording that is whole never changes
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(_file_name(download), safe='')}",
    }
    try:
        part = asked_range(request.headers.get("range"), request.headers.get("if-range"), tag, file.size)
    except RangeNotSatisfiable:
        return problem_response(RangeRefused(), {"Content-Range": f"bytes */{file.size}"})
    whole = part or ByteRange(0, file.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.start + part.length - 1}/{file.size}"
    headers["Content-Length"] = str(whole.length)
    suffix = PurePosixPath(file.name).suffix
    storage = await storages.holding(download.recording.place)
    pieces: AsyncIterator[bytes] = await storage.read(recording_id, file.name, whole)
    return StreamingResponse(
        pieces,
        status_code=_WHOLE if part is None else _PARTIAL,
        media_type=_MEDIA_TYPES.get(suffix, "application/octet-stream"),
        headers=headers,
    )


def _file_name(download: Download) -> str:
    """Return what a browser calls the file: the room, the time in UTC, and who is in it."""
    began, file = download.recording.started_at, download.file
    path = PurePosixPath(file.name)
    words = [download.room, began.strftime("%Y-%m-%d %H.%M")]
    if file.kind != "mixed":
        words += [file.person or "", path.stem]
    return " ".join(word for word in words if word).replace("/", "-") + path.suffix
