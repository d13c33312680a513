"""The rows of recordings. Every function works in the caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, insert, or_, select, update

from parlour.accounts.identity import Identity, UserId
from parlour.db.database import AsyncConnection
from parlour.db.rows import rows_in_turns
from parlour.db.tables import recording_consents, recording_files, recordings, rooms
from parlour.db.upsert import insert_if_absent, inserted
from parlour.recordings.entities import (
    EndReason,
    LiveRecording,
    Recording,
    RecordingFile,
    RecordingId,
    State,
)
from parlour.rooms.entities import RoomId

Condition = ColumnElement[bool]
_IS_LIVE = recordings.c.ended_at.is_(None)
_IS_UNFINISHED = recordings.c.state.in_(("starting", "recording", "finishing"))


async def add(
    connection: AsyncConnection, live: LiveRecording, identity: Identity, *, most_unfinished: int
) -> bool | None:
    """Add a recording to which its starter consents.

    Return None if too many are unfinished, and False if the room has one that has not ended.
    """
    count = select(func.count()).select_from(recordings).where(_IS_UNFINISHED)
    if ((await connection.execute(count)).scalar() or 0) >= most_unfinished:
        return None
    values = {
        "recording_id": live.recording_id,
        "room_id": live.room_id,
        "started_by": identity.user_id,
        "username": live.username,
        "display_name": live.display_name,
        "state": "starting",
        "started_at": live.started_at,
        "seen_at": live.started_at,
    }
    row = await inserted(connection, recordings, values)
    if row is None:
        return False
    return await _add_consent(connection, row.id, identity, live.started_at)


async def consent(
    connection: AsyncConnection,
    recording_id: RecordingId,
    identity: Identity,
    *,
    room_id: RoomId,
    now: datetime,
) -> bool:
    """Add a person's consent, once. Return False if the room's recording is not this one, or has ended."""
    query = select(recordings.c.id).where(
        recordings.c.recording_id == recording_id, recordings.c.room_id == room_id, _IS_LIVE
    )
    row_id = (await connection.execute(query.with_for_update())).scalar_one_or_none()
    if row_id is None:
        return False
    await _add_consent(connection, row_id, identity, now)
    return True


async def _add_consent(connection: AsyncConnection, row_id: int, identity: Identity, now: datetime) -> bool:
    values = {
        "recording_row": row_id,
        "user_id": identity.user_id,
        "username": identity.name,
        "display_name": identity.display_name,
        "given_at": now,
    }
    await insert_if_absent(connection, recording_consents, values)
    return True


async def live_ones(connection: AsyncConnection) -> list[LiveRecording]:
    """Read all that have not ended, with the consents."""
    query = (
        select(recordings, recording_consents.c.user_id)
        .outerjoin_from(recordings, recording_consents, recording_consents.c.recording_row == recordings.c.id)
        .where(_IS_LIVE, recordings.c.room_id.is_not(None))
        .order_by(recordings.c.id)
    )
    rows: dict[RecordingId, Row[Any]] = {}
    consents: defaultdict[RecordingId, set[UserId]] = defaultdict(set)
    for row in await connection.execute(query):
        rows[row.recording_id] = row
        if row.user_id is not None:
            consents[row.recording_id].add(UserId(row.user_id))
    return [
        LiveRecording(
            recording_id=recording_id,
            room_id=RoomId(row.room_id),
            username=row.username,
            display_name=row.display_name,
            started_at=row.started_at,
            consents=frozenset(consents[recording_id]),
        )
        for recording_id, row in rows.items()
    ]


async def end(
    connection: AsyncConnection, is_meant: ColumnElement[bool], reason: EndReason, *, now: datetime
) -> list[tuple[RoomId | None, RecordingId]]:
    """End the live recordings that are meant. Return them, with their rooms."""
    statement = (
        update(recordings)
        .where(_IS_LIVE, is_meant)
        .values(state="finishing", ended_at=now, end_reason=reason)
        .returning(recordings.c.room_id, recordings.c.recording_id)
    )
    return [(row.room_id, row.recording_id) for row in await connection.execute(statement)]


def is_of_room(room_id: RoomId) -> ColumnElement[bool]:
    return recordings.c.room_id == room_id


def is_called(recording_id: RecordingId) -> ColumnElement[bool]:
    return recordings.c.recording_id == recording_id


def is_unseen_since(moment: datetime) -> ColumnElement[bool]:
    return recordings.c.seen_at < moment


async def prove(
    connection: AsyncConnection,
    worked_on: Iterable[RecordingId],
    recorded: Iterable[RecordingId],
    *,
    now: datetime,
) -> None:
    """Say that this server works on recordings; of those that are `recorded`, a recorder has begun."""
    names = list(worked_on)
    if names:
        seen = update(recordings).where(recordings.c.recording_id.in_(names)).values(seen_at=now)
        await connection.execute(seen)
    begun = and_(recordings.c.recording_id.in_(list(recorded)), recordings.c.state == "starting")
    await connection.execute(update(recordings).where(begun).values(state="recording"))


async def forsaken(connection: AsyncConnection, *, unseen_since: datetime) -> frozenset[RecordingId]:
    """Read which unfinished recordings no server works on."""
    query = select(recordings.c.recording_id).where(_IS_UNFINISHED, is_unseen_since(unseen_since))
    return frozenset(RecordingId(name) for name in (await connection.execute(query)).scalars())


async def claim(
    connection: AsyncConnection, recording_id: RecordingId, *, unseen_since: datetime, now: datetime
) -> bool:
    """Take over a recording that is to be finished. Return False if another server was faster."""
    is_forsaken = and_(recordings.c.state == "finishing", is_unseen_since(unseen_since))
    claimed = update(recordings).where(is_called(recording_id), is_forsaken).values(seen_at=now)
    return (await connection.execute(claimed)).rowcount > 0


async def complete(
    connection: AsyncConnection,
    recording_id: RecordingId,
    state: State,
    *,
    seconds: int | None,
    files: Sequence[RecordingFile],
) -> None:
    """Note that a recording is whole, or has failed, and what files there are of it."""
    done = update(recordings).where(is_called(recording_id)).values(state=state, seconds=seconds)
    row_id = (await connection.execute(done.returning(recordings.c.id))).scalar_one_or_none()
    if row_id is None:
        return
    await connection.execute(delete(recording_files).where(recording_files.c.recording_row == row_id))
    rows = [
        {
            "recording_row": row_id,
            "name": file.name,
            "size": file.size,
            "kind": file.kind,
            "person": file.person,
        }
        for file in files
    ]
    if rows:
        await connection.execute(insert(recording_files), rows)


async def page(
    connection: AsyncConnection, room_id: RoomId, *, before: datetime | None, limit: int
) -> list[Recording]:
    """Read the recordings of a room, the newest first, with their files."""
    shown = and_(recordings.c.room_id == room_id, recordings.c.removed_at.is_(None))
    if before is not None:
        shown = and_(shown, recordings.c.started_at < before)
    query = select(recordings).where(shown).order_by(recordings.c.started_at.desc()).limit(limit)
    rows = (await connection.execute(query)).all()
    files: defaultdict[int, list[RecordingFile]] = defaultdict(list)
    of_them = recording_files.c.recording_row.in_([row.id for row in rows])
    async for file in rows_in_turns(connection, _FILES.where(of_them).order_by(recording_files.c.name)):
        files[file.recording_row].append(_file(file))
    return [_recording(row, tuple(files[row.id])) for row in rows]


async def room_and_recording(
    connection: AsyncConnection, recording_id: RecordingId
) -> tuple[str, Recording] | None:
    """Read a recording that is not removed, without its files, and the name of its room."""
    query = (
        select(recordings, rooms.c.name.label("room"))
        .join_from(recordings, rooms, rooms.c.id == recordings.c.room_id)
        .where(is_called(recording_id), recordings.c.removed_at.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.room, _recording(row, ()))


async def file(connection: AsyncConnection, recording_id: RecordingId, name: str) -> RecordingFile | None:
    query = _FILES.join_from(recording_files, recordings, recordings.c.id == recording_files.c.recording_row)
    row = (
        await connection.execute(query.where(is_called(recording_id), recording_files.c.name == name))
    ).first()
    return None if row is None else _file(row)


async def mark_removed(connection: AsyncConnection, recording_id: RecordingId, *, now: datetime) -> None:
    await connection.execute(update(recordings).where(is_called(recording_id)).values(removed_at=now))


async def to_delete(
    connection: AsyncConnection, *, ended_before: datetime | None, unseen_since: datetime, limit: int
) -> list[RecordingId]:
    """Read those that nobody may have any more: removed, too old, or of a room without creator, or of none.

    One on which a server works is spared until that has done its work.
    """
    has_owner = select(rooms.c.id).where(rooms.c.creator_id.is_not(None))
    is_over = or_(
        recordings.c.removed_at.is_not(None),
        recordings.c.room_id.is_(None),
        recordings.c.room_id.not_in(has_owner),
    )
    if ended_before is not None:
        is_over = or_(is_over, recordings.c.ended_at < ended_before)
    is_idle = or_(recordings.c.state.in_(("ready", "failed")), is_unseen_since(unseen_since))
    query = select(recordings.c.recording_id).where(is_over, is_idle).order_by(recordings.c.id).limit(limit)
    return [RecordingId(name) for name in (await connection.execute(query)).scalars()]


async def forget(connection: AsyncConnection, recording_id: RecordingId) -> None:
    """Delete the row of a recording, whose files are deleted."""
    await connection.execute(delete(recordings).where(is_called(recording_id)))


_FILES: Select[Any] = select(recording_files)


def _file(row: Row[Any]) -> RecordingFile:
    return RecordingFile(name=row.name, size=row.size, kind=row.kind, person=row.person)


def _recording(row: Row[Any], files: tuple[RecordingFile, ...]) -> Recording:
    return Recording(
        recording_id=row.recording_id,
        state=row.state,
        username=row.username,
        display_name=row.display_name,
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds=row.seconds,
        end_reason=row.end_reason,
        files=files,
    )
