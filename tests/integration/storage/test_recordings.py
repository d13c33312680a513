"""Recordings in the database: who may have them, when they end by themselves, and when they are deleted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.bus import Bus
from parlour.db.database import Database
from parlour.db.migrate import migrate
from parlour.db.tables import clients, recording_consents, recordings, rooms, users
from parlour.privacy.export import Export
from parlour.recordings.entities import LiveRecording, Place, RecordingFile, RecordingId
from parlour.recordings.facts import RecordingBegan, RecordingConsented, RecordingEnded, RecordingRemoved
from parlour.recordings.folder_storage import FolderStorage
from parlour.recordings.recorders import Recorders
from parlour.recordings.refusals import (
    AlreadyRecorded,
    NotRecorded,
    RecordingInProgress,
    RecordingNeedsSfu,
    RecordingNotFound,
    TooManyRecordings,
)
from parlour.recordings.s3_storage import PART_BYTES, S3Storage
from parlour.recordings.service import FORSAKEN_AFTER, RecordingLimits, Recordings
from parlour.recordings.storage import Storages, StorageUnavailable
from parlour.recordings.upkeep import Forsaken, RecordingUpkeep
from parlour.recordings.uploads import Uploads
from parlour.rooms.authorization import permitted
from parlour.rooms.policy import Action
from parlour.rooms.refusals import NotTheCreator, RoomNotFound
from tests.conftest import Databases
from tests.servers.s3 import S3Server

START = datetime(2026, 11, 28, 10, tzinfo=UTC)
ANN = ClientIdentity(user_id=UserId(1), email="ann@example.org", username="ann")
BOB = ClientIdentity(user_id=UserId(2), email="bob@example.org", username="bob", display_name="Bobby")
LIMITS = RecordingLimits(at_once=2, kept_for=timedelta(days=30), refused=None)
MIXED = RecordingFile(name="mixed.webm", size=5, kind="mixed")


@dataclass
class Stored:
    """A database with two people and three rooms of the first one, its recordings, and their facts."""

    database: Database
    bus: Bus
    folder: Path
    now: datetime = START
    facts: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recordings = self.limited_by(LIMITS)
        self.storage = FolderStorage(self.folder)
        self.upkeep = RecordingUpkeep(self.recordings, Storages(self.storage, None))
        for kind in (RecordingBegan, RecordingConsented, RecordingEnded, RecordingRemoved):
            self.bus.subscribe(kind, self.facts.append)

    def limited_by(self, limits: RecordingLimits) -> Recordings:
        return Recordings(database=self.database, limits=limits, clock=lambda: self.now)

    async def fill(self) -> None:
        async with self.database.transaction() as connection:
            for who in (ANN, BOB):
                user = {"id": who.user_id, "email": who.email, "email_key": who.email, "created_at": START}
                await connection.execute(insert(users).values(user))
                await connection.execute(
                    insert(clients).values(
                        user_id=who.user_id,
                        username=who.username,
                        username_key=who.username,
                        password_hash="",
                    )
                )
            for number, name in enumerate(("one", "two", "three"), 1):
                await connection.execute(
                    insert(rooms).values(
                        id=number,
                        name=name,
                        name_key=name,
                        password_hash="",
                        description="",
                        creator_id=ANN.user_id,
                        creator_name="ann",
                        created_at=START,
                    )
                )

    async def starts(self, room: str = "one") -> LiveRecording:
        await self.recordings.start(ANN, room=room)
        began = self.facts[-1]
        assert isinstance(began, RecordingBegan)
        return began.recording

    async def completes(self, live: LiveRecording) -> None:
        """Have its files there, and the recording ready."""
        await self.recordings.end(live.recording_id, "asked")
        folder = self.storage.folder_of(live.recording_id)
        folder.mkdir(parents=True)
        (folder / MIXED.name).write_bytes(b"12345")
        await self.recordings.complete(live.recording_id, seconds=9, files=[MIXED], is_whole=True)

    async def states(self) -> list[str]:
        async with self.database.reading() as connection:
            query = select(recordings.c.state).order_by(recordings.c.id)
            return list((await connection.execute(query)).scalars())

    async def progress(self) -> float | None:
        """Return how much of the latest recording's mixed file is made, as the list of its room says."""
        page = await self.recordings.page(ANN, room="one", before=None, limit=1)
        return page.recordings[0].progress

    async def is_there(self, live: LiveRecording) -> bool:
        """Do the upkeep once, and look for the folder."""
        await self.upkeep.clean()
        return self.storage.folder_of(live.recording_id).exists()


@pytest.fixture
async def stored(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Stored]:
    bus = Bus()
    url = await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}"
    opened = Database(url, bus=bus)
    await migrate(opened)
    found = Stored(opened, bus, tmp_path / "recordings")
    await found.fill()
    yield found
    await opened.close()


async def test_a_recording_begins_once_and_ends(stored: Stored) -> None:
    live = await stored.starts()
    assert (live.username, live.consents) == ("ann", frozenset({ANN.user_id}))
    with pytest.raises(AlreadyRecorded):
        await stored.recordings.start(ANN, room="one")
    assert await stored.recordings.live_ones() == [live]
    await stored.recordings.prove([live.recording_id], [live.recording_id])
    assert await stored.states() == ["recording"]
    await stored.recordings.stop(ANN, room="one")
    assert stored.facts[-1] == RecordingEnded(room_id=live.room_id, recording_id=live.recording_id)
    with pytest.raises(NotRecorded):
        await stored.recordings.stop(ANN, room="one")
    assert await stored.recordings.live_ones() == []
    await stored.recordings.prove([live.recording_id], [live.recording_id])
    assert await stored.states() == ["finishing"]
    assert await stored.progress() is None
    await stored.recordings.prove([live.recording_id], progress={live.recording_id: 0.25})
    assert await stored.progress() == 0.25
    await stored.completes(live)
    assert await stored.progress() is None
    assert (await stored.starts()).recording_id != live.recording_id


async def test_only_the_creator_has_a_room_recorded(stored: Stored) -> None:
    with pytest.raises(NotTheCreator):
        await stored.recordings.start(BOB, room="one")
    with pytest.raises(RoomNotFound):
        await stored.recordings.start(ANN, room="no such room")
    live = await stored.starts()
    with pytest.raises(NotTheCreator):
        await stored.recordings.stop(BOB, room="one")
    for reading in (
        stored.recordings.page(BOB, room="one", before=None, limit=9),
        stored.recordings.download(BOB, recording_id=live.recording_id, name=MIXED.name),
        stored.recordings.remove(BOB, recording_id=live.recording_id),
    ):
        with pytest.raises(NotTheCreator):
            await reading


async def test_a_server_that_cannot_record_says_why_to_those_who_may(stored: Stored) -> None:
    cannot = stored.limited_by(RecordingLimits(at_once=2, kept_for=None, refused=RecordingNeedsSfu))
    with pytest.raises(RecordingNeedsSfu):
        await cannot.start(ANN, room="one")
    with pytest.raises(NotTheCreator):
        await cannot.start(BOB, room="one")


async def test_no_more_are_made_at_once_than_may_be(stored: Stored) -> None:
    live = await stored.starts("one")
    await stored.starts("two")
    with pytest.raises(TooManyRecordings):
        await stored.recordings.start(ANN, room="three")
    await stored.recordings.end(live.recording_id, "asked")
    with pytest.raises(TooManyRecordings):
        await stored.recordings.start(ANN, room="three")
    await stored.completes(live)
    await stored.starts("three")


async def test_consent_is_kept_with_its_time_and_survives_a_restart(stored: Stored) -> None:
    live = await stored.starts()
    async with stored.database.reading() as connection:
        room = await permitted(connection, Action.RECORD, room="one", identity=ANN)
    stored.now += timedelta(minutes=1)
    for _ in range(2):
        await stored.recordings.consent(BOB, room=room, recording_id=live.recording_id)
    [found] = await stored.recordings.live_ones()
    assert found.consents == {ANN.user_id, BOB.user_id}
    async with stored.database.transaction() as connection:
        query = select(recording_consents).where(recording_consents.c.user_id == BOB.user_id)
        consent = (await connection.execute(query)).one()
        assert (consent.username, consent.display_name, consent.given_at) == ("bob", "Bobby", stored.now)
        [exported] = (await Export(database=stored.database).belongings(BOB)).consents
        assert (exported.recording, exported.room) == (live.recording_id, "one")
        await connection.execute(delete(users).where(users.c.id == BOB.user_id))
    [found] = await stored.recordings.live_ones()
    assert found.consents == {ANN.user_id}
    await stored.recordings.end(live.recording_id, "call_ended")
    with pytest.raises(NotRecorded):
        await stored.recordings.consent(ANN, room=room, recording_id=live.recording_id)


async def test_a_page_lists_the_newest_first_with_their_files(stored: Stored) -> None:
    found = []
    for _ in range(3):
        live = await stored.starts()
        await stored.completes(live)
        found.append(live.recording_id)
        stored.now += timedelta(minutes=1)
    first = await stored.recordings.page(ANN, room="one", before=None, limit=2)
    assert ([one.recording_id for one in first.recordings], first.more) == (found[:0:-1], True)
    newest = first.recordings[0]
    assert (newest.state, newest.seconds, newest.files) == ("ready", 9, (MIXED,))
    before = first.recordings[-1].started_at
    rest = await stored.recordings.page(ANN, room="one", before=before, limit=2)
    assert ([one.recording_id for one in rest.recordings], rest.more) == (found[:1], False)


async def test_a_removed_one_is_seen_no_more_and_then_deleted(stored: Stored) -> None:
    live = await stored.starts()
    with pytest.raises(RecordingInProgress):
        await stored.recordings.remove(ANN, recording_id=live.recording_id)
    await stored.completes(live)
    assert await stored.is_there(live)
    await stored.recordings.remove(ANN, recording_id=live.recording_id)
    with pytest.raises(RecordingNotFound):
        await stored.recordings.download(ANN, recording_id=live.recording_id, name=MIXED.name)
    assert not await stored.is_there(live)
    assert await stored.states() == []


@pytest.mark.parametrize("what", ["age", "room", "creator"])
async def test_what_nobody_may_have_any_more_is_deleted(stored: Stored, what: str) -> None:
    live = await stored.starts()
    await stored.completes(live)
    stored.now += timedelta(days=30)
    assert await stored.is_there(live)
    async with stored.database.transaction() as connection:
        if what == "age":
            stored.now += timedelta(seconds=1)
        elif what == "room":
            await connection.execute(delete(rooms).where(rooms.c.id == live.room_id))
        else:
            await connection.execute(delete(users).where(users.c.id == ANN.user_id))
    assert not await stored.is_there(live)
    assert await stored.states() == []


async def test_one_that_no_server_works_on_ends_and_is_finished_by_another(stored: Stored) -> None:
    live = await stored.starts()
    stored.now += FORSAKEN_AFTER + timedelta(seconds=1)
    finishing = Forsaken(stored.recordings)
    assert await finishing.look() == frozenset(), "it may be the first moment after an outage"
    assert await finishing.look() == {live.recording_id}
    assert not await stored.recordings.claim(live.recording_id, []), "it has not ended"
    await stored.upkeep.clean()
    assert await stored.states() == ["starting"]
    await stored.upkeep.clean()
    assert await stored.states() == ["finishing"]
    assert await stored.recordings.claim(live.recording_id, [])
    assert not await stored.recordings.claim(live.recording_id, []), "another one was faster"


async def test_one_that_is_worked_on_again_goes_on(stored: Stored) -> None:
    live = await stored.starts()
    stored.now += FORSAKEN_AFTER + timedelta(seconds=1)
    await stored.upkeep.clean()
    await stored.recordings.prove([live.recording_id])
    await stored.upkeep.clean()
    assert await stored.states() == ["starting"]


async def test_files_that_are_on_another_machine_leave_a_failed_one(stored: Stored) -> None:
    live = await stored.starts()
    await stored.recordings.end(live.recording_id, "asked")
    with pytest.raises(OSError, match="manifest"):
        await stored.storage.files_of(live.recording_id)
    await stored.recordings.complete(live.recording_id, seconds=None, files=[], is_whole=False)
    async with stored.database.transaction() as connection:
        await connection.execute(update(recordings).values(room_id=None))
    assert not await stored.is_there(live)
    assert await stored.states() == []


# -------------------------------------------------------------- several nodes, each with its own folder

HERE, ELSEWHERE = Place("folder:" + "1" * 32), Place("folder:" + "2" * 32)


async def test_files_stay_where_they_were_begun(stored: Stored) -> None:
    live = await stored.starts()
    assert await stored.recordings.settle(live.recording_id, HERE) == HERE
    assert await stored.recordings.settle(live.recording_id, ELSEWHERE) == HERE
    assert await stored.recordings.settle(RecordingId("0" * 36), HERE) is None
    await stored.recordings.end(live.recording_id, "asked")
    stored.now += FORSAKEN_AFTER + timedelta(seconds=1)
    assert not await stored.recordings.claim(live.recording_id, [ELSEWHERE]), "it has none of the files"
    assert await stored.recordings.claim(live.recording_id, [ELSEWHERE, HERE])


async def test_only_who_reaches_files_deletes_them(stored: Stored) -> None:
    live = await stored.starts()
    await stored.recordings.settle(live.recording_id, HERE)
    await stored.completes(live)
    await stored.recordings.remove(ANN, recording_id=live.recording_id)
    assert await stored.recordings.to_delete([ELSEWHERE], limit=9) == []
    assert await stored.recordings.to_delete([HERE], limit=9) == [live.recording_id]


async def test_a_call_that_moves_to_a_node_without_the_files_goes_on_in_another_recording(
    stored: Stored,
) -> None:
    live = await stored.starts()
    async with stored.database.reading() as connection:
        room = await permitted(connection, Action.RECORD, room="one", identity=ANN)
    await stored.recordings.consent(BOB, room=room, recording_id=live.recording_id)
    stored.facts.clear()
    await stored.recordings.succeed(live.recording_id)
    await stored.recordings.succeed(live.recording_id)
    [next_one] = await stored.recordings.live_ones()
    assert stored.facts == [
        RecordingEnded(room_id=live.room_id, recording_id=live.recording_id),
        RecordingBegan(recording=next_one),
    ]
    assert next_one.recording_id != live.recording_id
    assert (next_one.username, next_one.consents) == ("ann", frozenset({ANN.user_id, BOB.user_id}))
    first, second = (await stored.recordings.page(ANN, room="one", before=None, limit=9)).recordings
    assert {first.end_reason, second.end_reason} == {None, "moved"}


async def test_a_node_without_the_files_makes_another_recording_and_leaves_those_alone(
    stored: Stored,
) -> None:
    live = await stored.starts()
    await stored.recordings.settle(live.recording_id, ELSEWHERE)
    recorders = Recorders(stored.recordings, Storages(stored.storage, None))
    recorders.follow({live.recording_id: None}, ended=lambda _recording_id: False)
    await recorders.tell_database()
    [next_one] = await stored.recordings.live_ones()
    assert next_one.recording_id != live.recording_id
    assert not recorders.makes(live.recording_id)
    assert not stored.storage.folder_of(live.recording_id).exists()
    recorders.follow({next_one.recording_id: None}, ended=lambda _recording_id: False)
    await recorders.tell_database()
    assert recorders.makes(next_one.recording_id)
    own = await stored.storage.own_place()
    assert own is not None and await stored.recordings.settle(next_one.recording_id, ELSEWHERE) == own
    await recorders.close()


async def test_runs_wait_for_a_folder_that_can_be_used(stored: Stored) -> None:
    live = await stored.starts()
    stored.folder.touch()
    recorders = Recorders(stored.recordings, Storages(stored.storage, None))
    recorders.follow({live.recording_id: None}, ended=lambda _recording_id: False)
    await recorders.tell_database()
    assert recorders.makes(live.recording_id)
    assert await stored.recordings.settle(live.recording_id, HERE) == HERE, "it has no place yet"
    await recorders.close()


# ------------------------------------------------------------------------------------------------ on to S3


@dataclass
class Bucket:
    """A bucket on a real server, and what takes recordings there."""

    server: S3Server
    objects: S3Storage
    uploads: Uploads


@pytest.fixture
async def bucket(stored: Stored, tmp_path: Path) -> AsyncIterator[Bucket]:
    (tmp_path / "s3").mkdir()
    async with S3Server(tmp_path / "s3") as server:
        objects = S3Storage(server.options())
        stored.upkeep = RecordingUpkeep(stored.recordings, Storages(stored.storage, objects))
        yield Bucket(server, objects, Uploads(stored.recordings, stored.storage, objects))
        objects.close()


async def made(stored: Stored, *, size: int = 5) -> LiveRecording:
    """Have a recording that is whole, with its files in the folder."""
    live = await stored.starts()
    await stored.recordings.settle(live.recording_id, await stored.storage.make_root())
    await stored.completes(live)
    folder = stored.storage.folder_of(live.recording_id)
    (folder / "manifest.jsonl").write_bytes(b"{}")
    (folder / MIXED.name).write_bytes(bytes(size))
    return live


async def place_of(stored: Stored, live: LiveRecording) -> Place | None:
    found = await stored.recordings.download(ANN, recording_id=live.recording_id, name=MIXED.name)
    return found.recording.place


async def test_a_whole_recording_goes_to_s3_and_is_deleted_there(stored: Stored, bucket: Bucket) -> None:
    live = await made(stored)
    await bucket.uploads.upload_all()
    assert await place_of(stored, live) == bucket.objects.place
    prefix = f"some/where/{live.recording_id}"
    assert bucket.server.objects() == {f"{prefix}/manifest.jsonl": 2, f"{prefix}/mixed.webm": 5}
    assert not stored.storage.folder_of(live.recording_id).exists()
    await bucket.uploads.upload_all()
    stored.now += timedelta(days=30, seconds=1)
    await stored.upkeep.clean()
    assert (bucket.server.objects(), await stored.states()) == ({}, [])


async def test_it_stays_readable_in_the_folder_until_s3_is_back(stored: Stored, bucket: Bucket) -> None:
    live = await made(stored)
    await bucket.server.stop()
    with pytest.raises(StorageUnavailable):
        await bucket.uploads.upload_all()
    assert await place_of(stored, live) == await stored.storage.own_place()
    assert bucket.uploads.progress == {}
    await bucket.server.start()
    await bucket.uploads.upload_all()
    assert await place_of(stored, live) == bucket.objects.place


async def test_nodes_that_share_the_folder_upload_a_recording_once(stored: Stored, bucket: Bucket) -> None:
    live = await made(stored, size=PART_BYTES * 2)
    place = await stored.storage.make_root()
    assert await stored.recordings.claim_move(live.recording_id, place)
    assert not await stored.recordings.claim_move(live.recording_id, place)
    await bucket.uploads.upload_all()
    assert bucket.server.objects() == {}, "another node does it"
    stored.now += FORSAKEN_AFTER + timedelta(seconds=1)
    await bucket.uploads.upload_all()
    assert await place_of(stored, live) == bucket.objects.place


async def test_one_that_is_removed_meanwhile_leaves_nothing_behind(stored: Stored, bucket: Bucket) -> None:
    live = await made(stored)
    place = await stored.storage.make_root()
    assert await stored.recordings.claim_move(live.recording_id, place)
    sizes = await stored.storage.to_move(live.recording_id)
    folder = stored.storage.folder_of(live.recording_id)
    await bucket.objects.store(live.recording_id, folder, sizes, lambda _done: None)
    await stored.recordings.remove(ANN, recording_id=live.recording_id)
    assert await stored.is_there(live), "it is spared while a node works on it"
    assert not await stored.recordings.moved(live.recording_id, place, bucket.objects.place)
    assert not await stored.is_there(live)
    assert bucket.server.objects() == {}


async def test_what_a_crash_left_in_the_folder_is_deleted(stored: Stored, bucket: Bucket) -> None:
    live, other = await made(stored), await made(stored)
    place = await stored.storage.make_root()
    assert await stored.recordings.claim_move(live.recording_id, place)
    assert await stored.recordings.moved(live.recording_id, place, bucket.objects.place)
    await stored.recordings.claim_move(other.recording_id, place)
    await bucket.uploads.upload_all()
    assert not stored.storage.folder_of(live.recording_id).exists()
    assert stored.storage.folder_of(other.recording_id).exists()
