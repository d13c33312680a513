"""Files and folders with modes 0600 and 0700 from the first byte on.

The database holds the addresses and messages of all users, and the secret signs tokens: other users of the
machine must read neither.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

OWNER_ONLY_FILE = 0o600
OWNER_ONLY_FOLDER = 0o700
UMASK = 0o077
"""The umask of a serving process: files that a library creates are private too."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NotPrivate(Exception):
    """Other users can read or change the file or folder, and its mode cannot be corrected."""


def make_private_folder(folder: Path) -> bool:
    """Create a folder, or correct the mode of an existing one.

    Returns False if other users can still list the folder because another user owns it: the files in it have
    private modes of their own. Raises NotPrivate if any user may create files there, as in /tmp (which is
    left unchanged): another user could plant a secret. Raises OSError if the folder cannot be created.
    """
    folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    is_sticky = bool(folder.stat().st_mode & stat.S_ISVTX)
    if not is_sticky and _is_made_private(folder, OWNER_ONLY_FOLDER):
        return True
    if folder.stat().st_mode & stat.S_IWOTH:
        raise NotPrivate(f"any user of this machine can put files into {folder}")
    return False


def make_private_file(file: Path) -> None:
    """Create an empty file if missing, and correct its mode. Raises NotPrivate or OSError."""
    os.close(os.open(file, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, OWNER_ONLY_FILE))
    require_private(file)


def require_private(file: Path) -> None:
    """Correct the mode of a file, if the file exists. Raises NotPrivate or OSError."""
    with suppress(FileNotFoundError):
        if not _is_made_private(file, OWNER_ONLY_FILE):
            raise NotPrivate(f"other users of this machine can read {file}")


def _is_made_private(path: Path, mode: int) -> bool:
    """Correct a mode; False on file systems without modes, which refuse the change or silently drop it."""
    if not path.stat().st_mode & _OTHERS:
        return True
    with suppress(PermissionError):
        path.chmod(mode)
    return not path.stat().st_mode & _OTHERS
