"""The suite of `recordings.storage`, for each of them: a folder, and a real server that speaks S3."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from parlour.recordings.byte_ranges import ByteRange
from parlour.recordings.entities import Place, RecordingId
from parlour.recordings.folder_storage import PIECE_BYTES, FolderStorage
from parlour.recordings.refusals import RecordingElsewhere
from parlour.recordings.s3_storage import PART_BYTES, S3Storage
from parlour.recordings.storage import RecordingStorage, Storages, StorageUnavailable
from tests.servers.s3 import BUCKET, S3Server

ONE, OTHER = RecordingId("1" * 36), RecordingId("2" * 36)
MIXED, TRACK = "mixed.webm", "tracks/0001-camera.mkv"


class Filled(Protocol):
    """A storage with recordings in it."""

    @property
    def storage(self) -> RecordingStorage: ...

    async def put(self, recording_id: RecordingId, **files: bytes) -> None: ...


@dataclass
class FilledFolder:
    storage: FolderStorage

    async def put(self, recording_id: RecordingId, **files: bytes) -> None:
        write(self.storage.folder_of(recording_id), files)


@dataclass
class FilledBucket:
    storage: S3Storage
    folder: Path

    async def put(self, recording_id: RecordingId, **files: bytes) -> None:
        await self.storage.store(recording_id, self.folder, write(self.folder, files), lambda _done: None)


def write(folder: Path, files: dict[str, bytes]) -> dict[str, int]:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return {name: len(data) for name, data in files.items()}


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    folder = tmp_path / "s3"
    folder.mkdir()
    async with S3Server(folder) as server:
        yield server


@pytest.fixture
async def bucket(s3: S3Server) -> AsyncIterator[S3Storage]:
    storage = S3Storage(s3.options())
    yield storage
    storage.close()


@pytest.fixture(params=["folder", "s3"])
async def filled(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Filled]:
    if request.param == "folder":
        folder = FolderStorage(tmp_path / "recordings")
        await folder.make_root()
        yield FilledFolder(folder)
        return
    (tmp_path / "s3").mkdir()
    async with S3Server(tmp_path / "s3") as server:
        bucket = S3Storage(server.options())
        yield FilledBucket(bucket, tmp_path / "made")
        bucket.close()


async def read(
    storage: RecordingStorage, recording_id: RecordingId, name: str, start: int, size: int
) -> bytes:
    pieces = [piece async for piece in await storage.read(recording_id, name, ByteRange(start, size))]
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


async def test_any_part_of_a_file_is_read(filled: Filled) -> None:
    data = os.urandom(PIECE_BYTES * 2 + 17)
    await filled.put(ONE, **{MIXED: data, TRACK: b"a track"})
    for start, size in ((0, len(data)), (0, 1), (len(data) - 3, 3), (PIECE_BYTES - 1, PIECE_BYTES + 2)):
        assert await read(filled.storage, ONE, MIXED, start, size) == data[start : start + size]
    assert await read(filled.storage, ONE, TRACK, 2, 5) == b"track"


async def test_a_file_that_is_not_there(filled: Filled) -> None:
    await filled.put(ONE, **{MIXED: b"12345"})
    for recording_id, name in ((ONE, TRACK), (OTHER, MIXED)):
        with pytest.raises(FileNotFoundError):
            await filled.storage.read(recording_id, name, ByteRange(0, 1))


async def test_a_reader_that_leaves_holds_up_nobody(filled: Filled) -> None:
    await filled.put(ONE, **{MIXED: bytes(PIECE_BYTES * 3)})
    for _ in range(20):
        pieces = await filled.storage.read(ONE, MIXED, ByteRange(0, PIECE_BYTES * 3))
        assert await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]  # each is a generator
    assert len(await read(filled.storage, ONE, MIXED, 0, PIECE_BYTES * 3)) == PIECE_BYTES * 3


async def test_deleted_with_all_its_files_and_again(filled: Filled) -> None:
    for recording_id in (ONE, OTHER):
        await filled.put(recording_id, **{MIXED: b"12345", TRACK: b"1"})
    for _ in range(2):
        await filled.storage.delete(ONE)
    with pytest.raises(FileNotFoundError):
        await filled.storage.read(ONE, TRACK, ByteRange(0, 1))
    assert await read(filled.storage, OTHER, MIXED, 0, 5) == b"12345"


async def test_nodes_that_share_a_storage_know_it_by_one_name(filled: Filled, tmp_path: Path) -> None:
    place = await filled.storage.own_place()
    assert place is not None and len(place) < 255
    if isinstance(filled.storage, FolderStorage):
        roots = await asyncio.gather(*(FolderStorage(tmp_path / "recordings").make_root() for _ in range(20)))
        assert set(roots) == {place}
        assert await FolderStorage(tmp_path / "other").make_root() != place
        assert await FolderStorage(tmp_path / "none").own_place() is None


async def test_storages_find_what_they_reach(bucket: S3Storage, tmp_path: Path) -> None:
    folder = FolderStorage(tmp_path / "recordings")
    storages = Storages(folder, bucket)
    assert await storages.places() == {bucket.place}
    place = await folder.make_root()
    assert await storages.places() == {place, bucket.place}
    found: tuple[tuple[Place | None, RecordingStorage], ...] = (
        (None, folder),
        (place, folder),
        (bucket.place, bucket),
    )
    for asked, expected in found:
        assert await storages.holding(asked) is expected
    with pytest.raises(RecordingElsewhere):
        await storages.holding(Place("folder:" + "0" * 32))
    with pytest.raises(RecordingElsewhere):
        await Storages(folder, None).holding(bucket.place)


# ------------------------------------------------------------------------------------------ uploads to S3


async def test_an_upload_goes_on_with_the_parts_that_are_there(
    bucket: S3Storage, s3: S3Server, tmp_path: Path
) -> None:
    """A crash in the middle: another Parlour uploads what is missing, not what is there."""
    data = os.urandom(PART_BYTES * 3 + 5)
    sizes = write(tmp_path / "made", {TRACK: b"1234", MIXED: data})
    heard: list[int] = []
    uploading: asyncio.Task[None] | None = None
    loop = asyncio.get_running_loop()

    def crash_after_a_part(done: int) -> None:
        heard.append(done)
        if done > PART_BYTES:
            assert uploading is not None
            loop.call_soon_threadsafe(uploading.cancel)

    uploading = asyncio.create_task(bucket.store(ONE, tmp_path / "made", sizes, crash_after_a_part))
    with pytest.raises(asyncio.CancelledError):
        await uploading
    bucket.close()
    assert s3.objects() == {f"some/where/{ONE}/{TRACK}": 4}
    there = max(heard)

    again = S3Storage(s3.options())
    more: list[int] = []
    (tmp_path / "made" / TRACK).unlink()  # it is there, so it is not read again
    overwrite(tmp_path / "made" / MIXED, there - 4)
    await again.store(ONE, tmp_path / "made", sizes, more.append)
    assert more[-1] == len(data) + 4 and more == sorted(more)
    assert await read(again, ONE, MIXED, 0, len(data)) == data
    again.close()


def overwrite(file: Path, length: int) -> None:
    """Make the beginning of a file another one, so that uploading it again would show."""
    with file.open("r+b") as opened:
        opened.write(bytes(length))


async def test_an_upload_of_which_the_server_has_forgotten_the_parts_begins_anew(
    bucket: S3Storage, s3: S3Server, tmp_path: Path
) -> None:
    data = os.urandom(PART_BYTES * 2 + 5)
    sizes = write(tmp_path / "made", {MIXED: data})
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop(done: int) -> None:
        if done == PART_BYTES:
            asyncio.run_coroutine_threadsafe(s3.stop(), loop).result()
            loop.call_soon_threadsafe(stopped.set)

    with pytest.raises(StorageUnavailable):
        await bucket.store(ONE, tmp_path / "made", sizes, stop)
    assert stopped.is_set()
    await s3.start()
    await bucket.store(ONE, tmp_path / "made", sizes, lambda _done: None)
    assert await read(bucket, ONE, MIXED, 0, len(data)) == data


async def test_what_was_not_uploaded_to_the_end_is_deleted_too(
    bucket: S3Storage, s3: S3Server, tmp_path: Path
) -> None:
    sizes = write(tmp_path / "made", {MIXED: bytes(PART_BYTES * 2)})
    key = f"some/where/{ONE}/{MIXED}"
    client = bucket._connected()
    client.create_multipart_upload(Bucket=BUCKET, Key=key)
    await bucket.delete(ONE)
    assert client.list_multipart_uploads(Bucket=BUCKET, Prefix=key).get("Uploads", []) == []
    await bucket.store(ONE, tmp_path / "made", sizes, lambda _done: None)
    assert s3.objects() == {key: PART_BYTES * 2}


async def test_a_wrong_secret_and_a_server_that_is_away(s3: S3Server) -> None:
    secret = "not the secret"  # nosec B105
    for options, words in (
        (s3.options(secret=secret), "S3 refuses: SignatureDoesNotMatch"),
        (s3.options(bucket="no-such-bucket"), "S3 refuses: NoSuchBucket"),
    ):
        storage = S3Storage(options)
        with pytest.raises(StorageUnavailable, match=words) as raised:
            await storage.check()
        assert secret not in str(raised.value) and secret not in repr(options)
        storage.close()
    good = S3Storage(s3.options())
    await good.check()
    assert s3.objects() == {}
    await s3.stop()
    with pytest.raises(StorageUnavailable, match="S3 does not answer"):
        await good.read(ONE, MIXED, ByteRange(0, 1))
    good.close()
