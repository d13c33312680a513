"""The use cases of recordings: start, consent, stop, list, download, delete; and those of their makers."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from parlour.accounts.identity import Identity
from parlour.db.database import AsyncConnection, Database, Transaction
from parlour.errors import Refusal
from parlour.recordings import store
from parlour.recordings.entities import (
    EndReason,
    LiveRecording,
    Place,
    Recording,
    RecordingFile,
    RecordingId,
    State,
)
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded, RecordingRemoved
from parlour.recordings.refusals import (
    AlreadyRecorded,
    NotRecorded,
    RecordingInProgress,
    RecordingNotFound,
    TooManyRecordings,
)
from parlour.rooms.authorization import permitted, permitted_to_write
from parlour.rooms.entities import Room
from parlour.rooms.policy import Action

FORSAKEN_AFTER = timedelta(seconds=60)
"""The time after which no server works on a recording: six proofs did not come."""
_NAMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLimits:
    """`at_once` recordings may be made at once by all nodes together, until their mixed files are whole.

    They are deleted `kept_for` after their end, never if it is None. `refused` says why none are made here.
    """

    at_once: int
    kept_for: timedelta | None
    refused: type[Refusal] | None


@dataclass(frozen=True, slots=True)
class RecordingPage:
    """Recordings of a room, the newest first; `more`: older ones exist."""

    recordings: list[Recording]
    more: bool


@dataclass(frozen=True, slots=True)
class Download:
    """A file that may be read, and the recording that it is of. `room` is the name of its room."""

    room: str
    recording: Recording
    file: RecordingFile


class Recordings:
    """One transaction per use case."""

    def __init__(self, *, database: Database, limits: RecordingLimits, clock: Callable[[], datetime]) -> None:
        self.limits = limits
        self._database = database
        self._clock = clock

    async def start(self, identity: Identity, *, room: str, refused: type[Refusal] | None = None) -> None:
        """Have the call of a room recorded. Its starter has consented by that. `refused` says why this call
        cannot be.

        Raises that, why this server cannot record, RoomNotFound, what policy says, AlreadyRecorded or
        TooManyRecordings. Two who start at once in two rooms may exceed `at_once` by one: the bound of
        recorders (`Recorders`) is a strict one.
        """
        refused = self.limits.refused or refused
        async with self._database.transaction() as connection:
            known = await permitted_to_write(connection, Action.RECORD, room=room, identity=identity)
            if refused is not None:
                raise refused
            live = LiveRecording(
                recording_id=RecordingId(str(uuid.uuid4())),
                room_id=known.room_id,
                username=identity.name,
                display_name=identity.display_name,
                started_at=self._clock(),
                consents=frozenset({identity.user_id}),
            )
            added = await store.add(connection, live, identity, most_unfinished=self.limits.at_once)
            if added is None:
                raise TooManyRecordings
            if not added:
                raise AlreadyRecorded
            connection.after_commit(RecordingBegan(recording=live))

    async def consent(self, identity: Identity, *, room: Room, recording_id: RecordingId) -> None:
        """Note that a person in the call may be recorded; again is harmless. Raises NotRecorded."""
        async with self._database.transaction() as connection:
            now = self._clock()
            if not await store.consent(connection, recording_id, identity, room_id=room.room_id, now=now):
                raise NotRecorded
            connection.after_commit(
                RecordingConsented(room_id=room.room_id, recording_id=recording_id, user_id=identity.user_id)
            )

    async def stop(self, identity: Identity, *, room: str) -> None:
        """End the recording of a room's call. Raises RoomNotFound, what policy says, or NotRecorded."""
        async with self._database.transaction() as connection:
            known = await permitted_to_write(connection, Action.RECORD, room=room, identity=identity)
            if not await self._end(connection, store.is_of_room(known.room_id), "asked"):
                raise NotRecorded

    async def page(
        self, identity: Identity, *, room: str, before: datetime | None, limit: int
    ) -> RecordingPage:
        """Read the recordings of a room. Raises RoomNotFound, or what policy says."""
        async with self._database.reading() as connection:
            known = await permitted(connection, Action.READ_RECORDINGS, room=room, identity=identity)
            found = await store.page(connection, known.room_id, before=before, limit=limit + 1)
        return RecordingPage(found[:limit], more=len(found) > limit)

    async def download(self, identity: Identity, *, recording_id: RecordingId, name: str) -> Download:
        """Find a file. Raises RecordingNotFound, or what policy says."""
        async with self._database.reading() as connection:
            room, recording = await _permitted(connection, identity, recording_id)
            file = await store.file(connection, recording_id, name)
        if file is None:
            raise RecordingNotFound
        return Download(room, recording, file)

    async def remove(self, identity: Identity, *, recording_id: RecordingId) -> None:
        """Have a recording deleted; nobody sees it any more from now on.

        Raises RecordingNotFound, what policy says, or RecordingInProgress.
        """
        async with self._database.transaction() as connection:
            _, recording = await _permitted(connection, identity, recording_id)
            if recording.ended_at is None:
                raise RecordingInProgress
            await store.mark_removed(connection, recording_id, now=self._clock())
            connection.after_commit(RecordingRemoved(recording_id=recording_id))

    # For the nodes that make them

    async def live_ones(self) -> list[LiveRecording]:
        async with self._database.reading() as connection:
            return await store.live_ones(connection)

    async def end(self, recording_id: RecordingId, reason: EndReason) -> None:
        """End a recording, unless it has ended."""
        async with self._database.transaction() as connection:
            await self._end(connection, store.is_called(recording_id), reason)

    async def end_abandoned(self, is_abandoned: Collection[RecordingId]) -> None:
        """End recordings on which no server works: their calls are over."""
        before = self._clock() - FORSAKEN_AFTER
        for recording_id in is_abandoned:
            async with self._database.transaction() as connection:
                meant = store.is_called(recording_id) & store.is_unseen_since(before)
                await self._end(connection, meant, "abandoned")

    async def _end(self, connection: Transaction, is_meant: store.Condition, reason: EndReason) -> bool:
        ended = await store.end(connection, is_meant, reason, now=self._clock())
        for room_id, recording_id in ended:
            if room_id is not None:
                connection.after_commit(RecordingEnded(room_id=room_id, recording_id=recording_id))
        return bool(ended)

    async def prove(
        self,
        worked_on: Collection[RecordingId],
        recorded: Collection[RecordingId] = (),
        progress: Mapping[RecordingId, float] = MappingProxyType({}),
    ) -> None:
        """Say that this node works on recordings, that recorders have begun to record some of them, and how
        much of the mixed files of others is made.
        """
        async with self._database.transaction() as connection:
            await store.prove(connection, worked_on, recorded, progress, now=self._clock())

    async def forsaken(self) -> frozenset[RecordingId]:
        """Return the recordings that are not whole, and on which no server works."""
        async with self._database.reading() as connection:
            return await store.forsaken(connection, unseen_since=self._clock() - FORSAKEN_AFTER)

    async def claim(self, recording_id: RecordingId, places: Collection[Place]) -> bool:
        """Take over an ended recording that is not whole, and whose files are at a place of this node.

        Return False if another node was faster, or has the files.
        """
        return await self._claim(recording_id, store.is_to_finish(places))

    async def _claim(self, recording_id: RecordingId, is_meant: store.Condition) -> bool:
        async with self._database.transaction() as connection:
            now = self._clock()
            return await store.claim(
                connection, recording_id, is_meant, unseen_since=now - FORSAKEN_AFTER, now=now
            )

    async def settle(self, recording_id: RecordingId, place: Place) -> Place | None:
        """Have a recording's files at a place, unless they are at one. Return where, None if it is gone."""
        async with self._database.transaction() as connection:
            return await store.settle(connection, recording_id, place)

    async def succeed(self, recording_id: RecordingId) -> None:
        """End a recording whose files this node does not reach, and begin another one of the same call.

        It has the consents of the former one, and may exceed `at_once`.
        """
        async with self._database.transaction() as connection:
            if not await self._end(connection, store.is_called(recording_id), "moved"):
                return
            successor = RecordingId(str(uuid.uuid4()))
            live = await store.add_successor(connection, recording_id, successor, now=self._clock())
            if live is not None:
                connection.after_commit(RecordingBegan(recording=live))

    # For the nodes that take whole ones to another place

    async def to_move(self, place: Place, *, limit: int) -> list[RecordingId]:
        """Return whole recordings at a place, on which no node works."""
        async with self._database.reading() as connection:
            unseen_since = self._clock() - FORSAKEN_AFTER
            return await store.to_move(connection, place, unseen_since=unseen_since, limit=limit)

    async def claim_move(self, recording_id: RecordingId, place: Place) -> bool:
        """Take it upon this node to move a recording. Return False if another node was faster."""
        return await self._claim(recording_id, store.is_to_move(place))

    async def moved(self, recording_id: RecordingId, before: Place, after: Place) -> bool:
        """Note where a recording's files are now. Return False if they were to be deleted meanwhile."""
        async with self._database.transaction() as connection:
            found = await store.move(connection, recording_id, before, after, seen_at=self._long_ago())
            if not found:
                await store.leave(connection, recording_id, seen_at=self._long_ago())
            return found

    async def give_up_move(self, recording_id: RecordingId) -> None:
        """Let any node try again."""
        async with self._database.transaction() as connection:
            await store.leave(connection, recording_id, seen_at=self._long_ago())

    async def kept_at(self, place: Place, names: Sequence[RecordingId]) -> list[RecordingId]:
        """Return those recordings whose files are at a place."""
        found: list[RecordingId] = []
        async with self._database.reading() as connection:
            for start in range(0, len(names), _NAMES_AT_ONCE):
                found += await store.kept_at(connection, place, names[start : start + _NAMES_AT_ONCE])
        return found

    def _long_ago(self) -> datetime:
        """Return a moment since when no node has worked on a recording, as far as others can tell."""
        return self._clock() - FORSAKEN_AFTER - timedelta(seconds=1)

    async def complete(
        self,
        recording_id: RecordingId,
        *,
        seconds: int | None,
        files: Sequence[RecordingFile],
        is_whole: bool,
    ) -> None:
        """Note that a recording is whole, or what there is of one that could not be finished."""
        async with self._database.transaction() as connection:
            state: State = "ready" if is_whole else "failed"
            await store.complete(
                connection, recording_id, state, seconds=seconds, files=files, seen_at=self._long_ago()
            )

    async def to_delete(self, places: Collection[Place], *, limit: int) -> list[RecordingId]:
        """Return recordings that nobody may have any more, with files at one of these places or nowhere."""
        now, kept_for = self._clock(), self.limits.kept_for
        async with self._database.reading() as connection:
            return await store.to_delete(
                connection,
                places,
                ended_before=None if kept_for is None else now - kept_for,
                unseen_since=now - FORSAKEN_AFTER,
                limit=limit,
            )

    async def forget(self, recording_id: RecordingId) -> None:
        """Delete what the database holds of a recording whose files are deleted."""
        async with self._database.transaction() as connection:
            await store.forget(connection, recording_id)


async def _permitted(
    connection: AsyncConnection, identity: Identity, recording_id: RecordingId
) -> tuple[str, Recording]:
    found = await store.room_and_recording(connection, recording_id)
    if found is None:
        raise RecordingNotFound
    await permitted(connection, Action.READ_RECORDINGS, room=found[0], identity=identity)
    return found
