"""Forks `parlour` for `forked.Forks`, whose orders come through the socket that the argument names."""

import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from importlib import import_module
from typing import Any

_LONGEST_MESSAGE = 1 << 16
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def import_parlour() -> None:
    """Import all that `serve` does, also what it imports after its start."""
    gc.disable()
    import_module("parlour.__main__")
    lean = import_module("parlour.lean_imports")
    with lean.lean_imports():
        lean.import_fastapi()
        for name in ("parlour.serve", "parlour.settings"):
            import_module(name)
    import_module("parlour.wire.email_syntax")
    gc.enable()


def obey(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for each order. Returns in the fork, with the order; and None once nobody orders any more."""
    waking, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    while True:
        ready, _, _ = select.select([channel.fileno(), waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            tell_who_ended(channel)
        if channel.fileno() not in ready:
            continue
        message, files, _, _ = socket.recv_fds(channel, _LONGEST_MESSAGE, 3)
        if not message:
            return None
        order: dict[str, Any] = json.loads(message)
        parent = os.getpid()
        if pid := os.fork():
            channel.send(json.dumps({"pid": pid}).encode())
        else:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become(order, files, parent=parent)
            for file in (waking, woken, *files):
                os.close(file)
            channel.close()
            return order
        for file in files:
            os.close(file)


def tell_who_ended(channel: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        news = {"pid": pid, "code": os.waitstatus_to_exitcode(status)}
        channel.send(json.dumps(news).encode())


def become(order: dict[str, Any], files: list[int], *, parent: int) -> None:
    """Arrange this process like the start of a program does."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died in between
        os._exit(1)
    for standard, file in enumerate(files):
        os.dup2(file, standard)
    os.chdir(order["folder"])
    if order["open_files"] is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (order["open_files"], order["open_files"]))
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["parlour", *order["arguments"]]


if __name__ == "__main__":
    import_parlour()
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        done = obey(orders)
    if done is not None:
        import_module("parlour.__main__").main(prog_name="parlour")
