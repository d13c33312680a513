"""The programs that listen at ports of this machine, as far as Linux tells (proc(5))."""

from contextlib import suppress
from pathlib import Path

_LISTENS = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_PORT, _STATE, _INODE = 1, 3, 9


def listener_at(port: int) -> str | None:
    """Name the program that listens at a TCP port of IPv4: its name and id, or what is known of it.

    Return None if there is none. It may take some milliseconds.
    """
    socket = _socket_at(port)
    if socket is None:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if any(_links_to(file, socket) for file in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return "a program of another user"


def _socket_at(port: int) -> str | None:
    with suppress(OSError):
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            columns = line.split()
            at = columns[_PORT].rpartition(":")[2]
            if columns[_STATE] == _LISTENS and int(at, 16) == port:
                return f"socket:[{columns[_INODE]}]"
    return None


def _links_to(file: Path, socket: str) -> bool:
    with suppress(OSError):
        return str(file.readlink()) == socket
    return False
