"""The rows of recordings. Every function works in the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    Place,
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
    progress: Mapping[RecordingId, float],
    *,
    now: datetime,
) -> None:
    """Say that this server works on recordings; of those that are `recorded`, a recorder has begun.

    `progress` says how much of their mixed files is made, from 0 to 1.
    """
    names = list(worked_on)
    if names:
        seen = update(recordings).where(recordings.c.recording_id.in_(names)).values(seen_at=now)
        await connection.execute(seen)
    begun = and_(recordings.c.recording_id.in_(list(recorded)), recordings.c.state == "starting")
    await connection.execute(update(recordings).where(begun).values(state="recording"))
    for name, done in progress.items():
        is_mixed = and_(is_called(name), recordings.c.state == "finishing")
        await connection.execute(update(recordings).where(is_mixed).values(progress=done))


async def forsaken(connection: AsyncConnection, *, unseen_since: datetime) -> frozenset[RecordingId]:
    """Read which unfinished recordings no server works on."""
    query = select(recordings.c.recording_id).where(_IS_UNFINISHED, is_unseen_since(unseen_since))
    return frozenset(RecordingId(name) for name in (await connection.execute(query)).scalars())


async def claim(
    connection: AsyncConnection,
    recording_id: RecordingId,
    is_meant: ColumnElement[bool],
    *,
    unseen_since: datetime,
    now: datetime,
) -> bool:
    """Take over work on a recording. Return False if another server was faster, or works on it."""
    is_free = and_(is_meant, is_unseen_since(unseen_since))
    claimed = update(recordings).where(is_called(recording_id), is_free).values(seen_at=now)
    return (await connection.execute(claimed)).rowcount > 0


def is_to_finish(places: Collection[Place]) -> ColumnElement[bool]:
    """It has ended and is not whole, and its files are at one of these places, or nowhere yet."""
    return and_(recordings.c.state == "finishing", _is_at(places))


def is_to_move(place: Place) -> ColumnElement[bool]:
    """It is whole, its files are at this place, and somebody may have them."""
    return and_(
        recordings.c.state.in_(("ready", "failed")),
        _is_at([place]),
        recordings.c.removed_at.is_(None),
        recordings.c.room_id.is_not(None),
    )


def _is_at(places: Collection[Place]) -> ColumnElement[bool]:
    return or_(recordings.c.place.is_(None), recordings.c.place.in_(list(places)))


async def settle(connection: AsyncConnection, recording_id: RecordingId, place: Place) -> Place | None:
    """Have the files of a recording at a place, unless they are at one. Return where they are, None if there
    is no such recording.
    """
    free = and_(is_called(recording_id), recordings.c.place.is_(None))
    await connection.execute(update(recordings).where(free).values(place=place))
    query = select(recordings.c.place).where(is_called(recording_id))
    found = (await connection.execute(query)).scalar_one_or_none()
    return None if found is None else Place(found)


async def add_successor(
    connection: AsyncConnection, former: RecordingId, recording_id: RecordingId, *, now: datetime
) -> LiveRecording | None:
    """Add a recording of the same room, by the same person and with the same consents as a former one."""
    row = (await connection.execute(select(recordings).where(is_called(former)))).one_or_none()
    if row is None or row.room_id is None:
        return None
    values = {
        "recording_id": recording_id,
        "room_id": row.room_id,
        "started_by": row.started_by,
        "username": row.username,
        "display_name": row.display_name,
        "state": "starting",
        "started_at": now,
        "seen_at": now,
    }
    added = await inserted(connection, recordings, values)
    if added is None:
        return None
    query = select(recording_consents).where(recording_consents.c.recording_row == row.id)
    consents = (await connection.execute(query)).all()
    rows = [
        {
            "recording_row": added.id,
            "user_id": one.user_id,
            "username": one.username,
            "display_name": one.display_name,
            "given_at": one.given_at,
        }
        for one in consents
        if one.user_id is not None
    ]
    if rows:
        await connection.execute(insert(recording_consents), rows)
    return LiveRecording(
        recording_id=recording_id,
        room_id=RoomId(row.room_id),
        username=row.username,
        display_name=row.display_name,
        started_at=now,
        consents=frozenset(UserId(one["user_id"]) for one in rows),
    )


async def to_move(
    connection: AsyncConnection, place: Place, *, unseen_since: datetime, limit: int
) -> list[RecordingId]:
    """Read those whose files are to go elsewhere, the ones that were tried longest ago first."""
    meant = and_(is_to_move(place), is_unseen_since(unseen_since))
    query = select(recordings.c.recording_id).where(meant).order_by(recordings.c.seen_at).limit(limit)
    return [RecordingId(name) for name in (await connection.execute(query)).scalars()]


async def move(
    connection: AsyncConnection, recording_id: RecordingId, before: Place, after: Place, *, seen_at: datetime
) -> bool:
    """Note that the files of a recording are elsewhere now. Return False if they had been moved."""
    moved = and_(is_called(recording_id), is_to_move(before))
    statement = update(recordings).where(moved).values(place=after, seen_at=seen_at)
    return (await connection.execute(statement)).rowcount > 0


async def leave(connection: AsyncConnection, recording_id: RecordingId, *, seen_at: datetime) -> None:
    """Work on a recording no more: `seen_at` is a moment since when nobody has."""
    statement = update(recordings).where(is_called(recording_id)).values(seen_at=seen_at)
    await connection.execute(statement)


async def kept_at(
    connection: AsyncConnection, place: Place, names: Collection[RecordingId]
) -> list[RecordingId]:
    """Read which recordings have their files at a place."""
    query = select(recordings.c.recording_id).where(
        recordings.c.recording_id.in_(list(names)), recordings.c.place == place
    )
    return [RecordingId(name) for name in (await connection.execute(query)).scalars()]


async def complete(
    connection: AsyncConnection,
    recording_id: RecordingId,
    state: State,
    *,
    seconds: int | None,
    files: Sequence[RecordingFile],
    seen_at: datetime,
) -> None:
    """Note that a recording is whole, or has failed, and what files there are of it. `seen_at` is a moment
    since when nobody has worked on it.
    """
    values = {"state": state, "seconds": seconds, "seen_at": seen_at, "progress": None}
    done = update(recordings).where(is_called(recording_id)).values(values)
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
    connection: AsyncConnection,
    places: Collection[Place],
    *,
    ended_before: datetime | None,
    unseen_since: datetime,
    limit: int,
) -> list[RecordingId]:
    """Read those that nobody may have any more: removed, too old, or of a room without creator, or of none.

    Their files are at one of the places. One on which a server works is spared until that has done its work.
    """
    has_owner = select(rooms.c.id).where(rooms.c.creator_id.is_not(None))
    is_over = or_(
        recordings.c.removed_at.is_not(None),
        recordings.c.room_id.is_(None),
        recordings.c.room_id.not_in(has_owner),
    )
    if ended_before is not None:
        is_over = or_(is_over, recordings.c.ended_at < ended_before)
    due = and_(is_over, is_unseen_since(unseen_since), _is_at(places))
    query = select(recordings.c.recording_id).where(due).order_by(recordings.c.id).limit(limit)
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
        progress=row.progress,
        place=row.place,
        files=files,
    )
