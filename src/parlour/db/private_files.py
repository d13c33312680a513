"""Files and folders for their owner alone: modes 0600 and 0700, from the first byte on.

Whoever reads the database has everybody's addresses and messages, and whoever reads the secret signs tokens,
so other users of the machine get neither.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

OWNER_ONLY_FILE = 0o600
OWNER_ONLY_FOLDER = 0o700
UMASK = 0o077
"""Of a process that serves: what any library creates is its owner's alone."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NotPrivate(Exception):
    """A file or folder that others can read or change, and whose mode cannot be put right."""


def make_private_folder(folder: Path) -> bool:
    """Makes it where there is none, and puts its mode right where there is one.

    False where others can still look into it, as the owner is somebody else: what is in it is protected by
    modes of its own. Raises NotPrivate where any user may put files there, such as /tmp (and /tmp is left as
    it is): a secret could be somebody else's. Raises OSError where it cannot be made.
    """
    folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    is_sticky = bool(folder.stat().st_mode & stat.S_ISVTX)
    if not is_sticky and _is_made_private(folder, OWNER_ONLY_FOLDER):
        return True
    if folder.stat().st_mode & stat.S_IWOTH:
        raise NotPrivate(f"any user of this machine can put files into {folder}")
    return False


def make_private_file(file: Path) -> None:
    """Makes an empty one where there is none, and puts its mode right. Raises NotPrivate or OSError."""
    os.close(os.open(file, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, OWNER_ONLY_FILE))
    require_private(file)


def require_private(file: Path) -> None:
    """Puts the mode of a file right, where there is one. Raises NotPrivate or OSError."""
    with suppress(FileNotFoundError):
        if not _is_made_private(file, OWNER_ONLY_FILE):
            raise NotPrivate(f"other users of this machine can read {file}")


def _is_made_private(path: Path, mode: int) -> bool:
    """Some file systems know no modes: they say so, or take the change and forget it."""
    if not path.stat().st_mode & _OTHERS:
        return True
    with suppress(PermissionError):
        path.chmod(mode)
    return not path.stat().st_mode & _OTHERS
