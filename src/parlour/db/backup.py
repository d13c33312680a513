"""Back up an SQLite database while a server uses it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path


class BackupFailed(Exception):
    """The backup failed, for the reason that the sentence gives."""


def back_up(source: Path, target: Path) -> int:
    """Copy a snapshot of the database, check the copy, and return its size in bytes. Raises BackupFailed.

    SQLite's backup API reads in one transaction, which blocks no writer in WAL mode. The target appears
    complete or not at all, has mode 0600, and never replaces an existing file.
    """
    if not source.is_file():
        raise BackupFailed(f"there is no database at {source}")
    if target.exists():
        raise BackupFailed(f"{target} already exists")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _copy(source, draft)
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return target.stat().st_size
    except FileExistsError as error:
        raise BackupFailed(f"{target} already exists") from error
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written ({error.strerror})") from error
    except sqlite3.Error as error:
        raise BackupFailed(f"{source} cannot be backed up ({error})") from error


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.execute("PRAGMA query_only=ON")
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        findings = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        if findings != ["ok"] or copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise BackupFailed(f"{source} is damaged: {findings[0]}")
    with target.open("rb") as file:
        os.fsync(file.fileno())
