"""Recordings in a bucket of S3, or of a server that speaks it (MinIO, Ceph, Garage, Cloudflare R2, …).

The library (boto3) blocks, so its work is done by a few threads of this storage's own: a slow bucket delays
what waits for it, and nothing else of Parlour.
"""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from parlour.recordings.byte_ranges import ByteRange
from parlour.recordings.entities import Place, RecordingId
from parlour.recordings.folder_storage import PIECE_BYTES
from parlour.recordings.s3_options import S3Options
from parlour.recordings.storage import StorageUnavailable

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef, ObjectIdentifierTypeDef

PART_BYTES = 8 << 20
"""The parts of a large file. S3 takes 10,000 of them, so twice what a recording may have."""
MOST_CALLS = 8
"""The calls, and reads of a piece, that are under way at once; others wait."""
_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 5, 20, 3
_MOST_DELETED = 1000
_ABSENT = frozenset({"404", "NoSuchKey"})

_Result = TypeVar("_Result")


class UploadStopped(BaseException):
    """Nobody wants the upload any more. No Exception, since boto3 would try again after one."""


class S3Storage:
    """Implements RecordingStorage, and takes files to it. Raises StorageUnavailable where S3 fails."""

    def __init__(self, options: S3Options) -> None:
        self.place = Place(f"s3://{options.bucket}/{options.prefix}")
        self._options = options
        self._threads = ThreadPoolExecutor(MOST_CALLS, "s3")
        self._connecting = threading.Lock()
        self._client: S3Client | None = None

    async def own_place(self) -> Place:
        return self.place

    async def check(self) -> None:
        """Write, read and delete an object. Raises StorageUnavailable."""
        await self._call(
            partial(_check, bucket=self._options.bucket, key=f"{self._options.prefix}parlour-doctor")
        )

    async def read(self, recording_id: RecordingId, name: str, part: ByteRange) -> AsyncIterator[bytes]:
        bucket, key = self._options.bucket, self._key(recording_id, name)
        body = await self._call(partial(_opened, bucket=bucket, key=key, part=part))
        return self._pieces(body)

    async def _pieces(self, body: "StreamingBody") -> AsyncIterator[bytes]:
        try:
            while piece := await self._call(lambda _client: body.read(PIECE_BYTES)):
                yield piece
        finally:
            body.close()

    async def delete(self, recording_id: RecordingId) -> None:
        """Delete the files, and the parts of those that were not uploaded to the end."""
        await self._call(partial(_delete, bucket=self._options.bucket, prefix=self._key(recording_id, "")))

    async def store(
        self,
        recording_id: RecordingId,
        folder: Path,
        sizes: Mapping[str, int],
        told: Callable[[int], None],
    ) -> None:
        """Upload files by their names in a folder. `told` hears in a thread how many bytes are there.

        What an earlier try has uploaded, whole files or parts of one, is not uploaded again. Raises
        StorageUnavailable, or OSError if a file cannot be read.
        """
        stopped = threading.Event()
        bucket, prefix = self._options.bucket, self._key(recording_id, "")
        try:
            there = await self._call(partial(_sizes_of, bucket=bucket, prefix=prefix))
            done = 0
            for name, size in sizes.items():
                if there.get(prefix + name) != size:
                    upload = _Upload(
                        bucket=bucket,
                        key=prefix + name,
                        path=folder / name,
                        size=size,
                        stopped=stopped,
                        told=partial(_told_above, told, done),
                    )
                    await self._call(upload.run)
                done += size
                told(done)
        finally:
            stopped.set()

    def close(self) -> None:
        """Begin nothing more. What a thread waits for ends within a minute."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _key(self, recording_id: RecordingId, name: str) -> str:
        return f"{self._options.prefix}{recording_id}/{name}"

    async def _call(self, work: "Callable[[S3Client], _Result]") -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, work)

    def _work(self, work: "Callable[[S3Client], _Result]") -> _Result:
        try:
            return work(self._connected())
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            if code in _ABSENT:
                raise FileNotFoundError(code) from error
            raise StorageUnavailable(f"S3 refuses: {code}") from error
        except (BotoCoreError, HTTPError) as error:
            raise StorageUnavailable(f"S3 does not answer: {type(error).__name__}") from error

    def _connected(self) -> "S3Client":
        """Return the client, which all threads share. The first one makes it, which takes half a second."""
        with self._connecting:
            if self._client is None:
                self._client = _client(self._options)
            return self._client


def _client(options: S3Options) -> "S3Client":
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=options.key,
        aws_secret_access_key=options.secret,
        region_name=options.region,
    )
    client: S3Client = session.client(
        "s3",
        endpoint_url=options.endpoint,
        config=Config(
            s3={"addressing_style": "path" if options.is_path_style else "virtual"},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _TRIES, "mode": "standard"},
            max_pool_connections=MOST_CALLS,
            # Other servers than AWS's know no checksums that follow the body.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return client


def _check(client: "S3Client", *, bucket: str, key: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=b"parlour doctor")
    with client.get_object(Bucket=bucket, Key=key)["Body"] as body:
        body.read()
    client.delete_object(Bucket=bucket, Key=key)


def _opened(client: "S3Client", *, bucket: str, key: str, part: ByteRange) -> "StreamingBody":
    last = part.start + part.length - 1
    return client.get_object(Bucket=bucket, Key=key, Range=f"bytes={part.start}-{last}")["Body"]


def _sizes_of(client: "S3Client", *, bucket: str, prefix: str) -> dict[str, int]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", ())}


def _delete(client: "S3Client", *, bucket: str, prefix: str) -> None:
    for key, upload_id in _unfinished(client, bucket=bucket, prefix=prefix):
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    keys = list(_sizes_of(client, bucket=bucket, prefix=prefix))
    for start in range(0, len(keys), _MOST_DELETED):
        some: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in keys[start : start + _MOST_DELETED]]
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        for failed in answer.get("Errors", ()):
            raise StorageUnavailable(f"S3 does not delete: {failed.get('Code', 'unknown')}")


def _unfinished(client: "S3Client", *, bucket: str, prefix: str) -> list[tuple[str, str]]:
    """Return key and id of each upload in parts that was begun, the newest last.

    A bucket that never had one is answered with an error by rclone, and by what is built on the same library.
    """
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    try:
        found = [upload for page in pages for upload in page.get("Uploads", ())]
    except client.exceptions.NoSuchUpload:
        return []
    return [(upload["Key"], upload["UploadId"]) for upload in sorted(found, key=lambda one: one["Initiated"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    """A file to be uploaded, a large one in parts. `told` hears the bytes of it that are there."""

    bucket: str
    key: str
    path: Path
    size: int
    stopped: threading.Event
    told: Callable[[int], None]

    def run(self, client: "S3Client") -> None:
        with self.path.open("rb") as file:
            if self.size <= PART_BYTES:
                client.put_object(Bucket=self.bucket, Key=self.key, Body=self._part(file, 0, self.size))
            else:
                self._in_parts(client, file)

    def _in_parts(self, client: "S3Client", file: BinaryIO) -> None:
        upload_id, there = self._begun(client)
        parts: list[CompletedPartTypeDef] = []
        for number, start in enumerate(range(0, self.size, PART_BYTES), 1):
            length = min(PART_BYTES, self.size - start)
            tag = there.get((number, length))
            if tag is None:
                uploaded = client.upload_part(
                    Bucket=self.bucket,
                    Key=self.key,
                    UploadId=upload_id,
                    PartNumber=number,
                    Body=self._part(file, start, length),
                )
                tag = uploaded["ETag"]
            parts.append({"PartNumber": number, "ETag": tag})
            self.told(start + length)
        client.complete_multipart_upload(
            Bucket=self.bucket, Key=self.key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )

    def _begun(self, client: "S3Client") -> tuple[str, dict[tuple[int, int], str]]:
        """Return the id of the newest upload of this file, and the tags of its parts by number and size."""
        found = _unfinished(client, bucket=self.bucket, prefix=self.key)
        upload_ids = [upload_id for key, upload_id in found if key == self.key]
        if not upload_ids:
            return client.create_multipart_upload(Bucket=self.bucket, Key=self.key)["UploadId"], {}
        pages = client.get_paginator("list_parts").paginate(
            Bucket=self.bucket, Key=self.key, UploadId=upload_ids[-1]
        )
        parts = [part for page in pages for part in page.get("Parts", ())]
        return upload_ids[-1], {(part["PartNumber"], part["Size"]): part["ETag"] for part in parts}

    def _part(self, file: BinaryIO, start: int, length: int) -> BinaryIO:
        return io.BufferedReader(_FilePart(file, start, length, self.stopped))


class _FilePart(io.RawIOBase):
    """A part of an open file as a file of its own, so that no part is held in memory. Raises UploadStopped
    when that is wanted.
    """

    def __init__(self, file: BinaryIO, start: int, length: int, stopped: threading.Event) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._length = length
        self._stopped = stopped
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # its type has a private name
        if self._stopped.is_set():
            raise UploadStopped
        self._file.seek(self._start + self._position)
        wanted = max(0, min(len(buffer), self._length - self._position))
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _told_above(told: Callable[[int], None], done: int, more: int) -> None:
    told(done + more)
