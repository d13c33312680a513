"""Checks of recordings: the recorder is installed, its folder can be used, and the bucket takes files."""

import asyncio
import os
from pathlib import Path

from parlour.db.private_files import NotPrivate, make_private_folder
from parlour.doctor.findings import Finding, Report
from parlour.doctor.machine import space_of
from parlour.recordings.assembly import RecordingOptions
from parlour.recordings.installed import has_s3
from parlour.recordings.refusals import RecorderNotInstalled
from parlour.recordings.s3_options import S3Options


class RecordingsCheck:
    """A server that can record can write what it records, and keep it. One without an SFU records nothing."""

    name = "recordings"

    def __init__(self, options: RecordingOptions) -> None:
        self._options = options

    async def run(self) -> list[Finding]:
        report, options = Report(self.name), self._options
        if options.limits.refused is RecorderNotInstalled:
            report.warn(
                "calls cannot be recorded, since the packages for it are not installed.",
                "Run pip install 'parlour[recording]', or set PARLOUR_RECORDINGS_AT_ONCE=0.",
            )
        if options.runs:
            await asyncio.to_thread(_check_folder, report, options.folder)
        if options.bucket is not None:
            await _check_bucket(report, options.bucket)
        return report.findings


def _check_folder(report: Report, folder: Path) -> None:
    try:
        make_private_folder(folder)
    except (OSError, NotPrivate) as error:
        report.fail(
            f"{folder} cannot be used ({type(error).__name__}).",
            "Set PARLOUR_RECORDING_DIR to a folder that belongs to the user who runs Parlour.",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        report.fail(
            f"{folder} cannot be written to.",
            f"Give the folder to the user who runs Parlour: chown -R … {folder}.",
        )
        return
    space_of(report, folder)


async def _check_bucket(report: Report, bucket: S3Options) -> None:
    """Have an object written, read and deleted."""
    if not has_s3():
        report.fail(
            "recordings are to go to S3, and the package for it is not installed.",
            "Run pip install 'parlour[s3]', or leave out PARLOUR_S3_BUCKET.",
        )
        return
    from parlour.recordings.s3_storage import S3Storage
    from parlour.recordings.storage import StorageUnavailable

    where = f"{bucket.bucket} at {bucket.endpoint or 'AWS'}"
    storage = S3Storage(bucket)
    try:
        await storage.check()
    except StorageUnavailable as error:
        report.fail(
            f"the bucket {where} cannot be used ({error}).",
            "See whether PARLOUR_S3_ENDPOINT, _BUCKET, _REGION, _KEY and _SECRET fit, and whether the key "
            "may write, read and delete there.",
        )
    else:
        report.ok(f"the bucket {where} takes files.")
    finally:
        storage.close()
