"""Systemd hands a service sockets that listen already, and an address at which to say that it is ready.

See sd_listen_fds(3) and sd_notify(3). Nothing happens where the environment names neither.
"""

import os
import socket

import structlog

_FIRST_FILE = 3
_MOST_SOCKETS = 128
"""A socket of IPv4 and one of IPv6 for each of 64 workers."""

log = structlog.get_logger("parlour.service_manager")


class UnusableSocket(Exception):
    """A socket that was handed over is no TCP socket that listens; the sentence says what is wrong."""


def inherited_sockets() -> list[socket.socket]:
    """Return the sockets of a socket-activated service, none without them. Raises UnusableSocket.

    The variables are removed, since programs that Parlour starts are not meant.
    """
    count, process = os.environ.pop("LISTEN_FDS", ""), os.environ.pop("LISTEN_PID", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if process != str(os.getpid()) or not count.isdecimal() or count == "0":
        return []
    if int(count) > _MOST_SOCKETS:
        raise UnusableSocket(f"LISTEN_FDS: at most {_MOST_SOCKETS} sockets can be used, not {count}")
    return [_listening(number) for number in range(_FIRST_FILE, _FIRST_FILE + int(count))]


def _listening(number: int) -> socket.socket:
    try:
        found = socket.socket(fileno=number)
        is_ours = (
            found.family in (socket.AF_INET, socket.AF_INET6)
            and found.type == socket.SOCK_STREAM
            and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        )
    except OSError as error:
        raise UnusableSocket(
            f"LISTEN_FDS: file descriptor {number} is no socket ({error.strerror})"
        ) from error
    if not is_ours:
        raise UnusableSocket(f"LISTEN_FDS: file descriptor {number} is no TCP socket that listens")
    found.setblocking(False)
    found.set_inheritable(False)
    return found


def tell_service_manager(state: str) -> None:
    """Send a state such as `READY=1` to the service manager, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            told.sendall(state.encode())
    except OSError as error:
        log.warning("service_manager.not_told", state=state, error=error.strerror)
