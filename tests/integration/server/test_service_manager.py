"""Parlour under a service manager: a socket that listens already, and the news that it is ready."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.conftest import Databases
from tests.integration.command.test_wrong_settings import assert_one_sentence
from tests.servers.command import PROGRAM, Ended, accepted
from tests.servers.process import child_environment, dying_with_parent, ended, free_port

ACTIVATE, ANALYZE = "/usr/bin/systemd-socket-activate", "/usr/bin/systemd-analyze"
DEPLOY = Path(__file__).parents[3] / "deploy"
EXPOSURE = 25
"""In tenths, from 0 (safe) to 100, as `systemd-analyze security` counts; a plain service has 96."""


async def test_a_socket_of_systemd(databases: Databases, tmp_path: Path) -> None:
    """The first connection starts Parlour, and is answered by it."""
    await databases.create_migrated("sqlite", tmp_path / "data")
    port = free_port()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, (tmp_path / "log").open("wb") as log:
        manager.setblocking(False)
        manager.bind(str(tmp_path / "notify"))
        variables = {**child_environment(tmp_path), "NOTIFY_SOCKET": str(tmp_path / "notify")}
        process = await asyncio.create_subprocess_exec(
            ACTIVATE,
            f"--listen=127.0.0.1:{port}",
            *(f"--setenv={name}={value}" for name, value in variables.items()),
            PROGRAM,
            "serve",
            env=variables,
            cwd=tmp_path,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
        try:
            await until_listening(port)
            async with httpx.AsyncClient(base_url=f"http://localhost:{port}", timeout=60) as http:
                assert (await http.get("/healthz")).json() == {"status": "ok"}
            assert process.stdout is not None
            assert (
                await process.stdout.readline() == f"Parlour is ready at http://localhost:{port}\n".encode()
            )
            assert await told(manager) == "READY=1"
        finally:
            await ended(process, signal.SIGTERM)
        assert await told(manager) == "STOPPING=1"


async def test_the_unit_is_hardened_and_right(tmp_path: Path) -> None:
    """As systemd itself judges it; only the place of the program is another one here."""
    await accepted(
        ANALYZE, "security", "--offline=true", f"--threshold={EXPOSURE}", DEPLOY / "parlour.service"
    )
    for name in ("parlour.service", "parlour.socket"):
        text = (DEPLOY / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/parlour/bin/parlour", str(PROGRAM)))
    units = (tmp_path / "parlour.service", tmp_path / "parlour.socket")
    assert not await accepted(ANALYZE, "verify", "--man=no", *units), "no warnings either"
    for unit in units:
        folder = tmp_path / f"{unit.name}.d"
        folder.mkdir()
        text = (DEPLOY / folder.name / "workers.conf").read_text()
        (folder / "workers.conf").write_text(text.replace("/opt/parlour/bin/parlour", str(PROGRAM)))
    assert not await accepted(ANALYZE, "verify", "--man=no", *units), "with several workers"


async def until_listening(port: int) -> None:
    """Wait for the socket without a connection, which would start Parlour for nobody."""
    local = f"0100007F:{port:04X}"
    async with asyncio.timeout(60):
        while not any(  # noqa: ASYNC110 - nothing to wait on
            line.split()[1:4:2] == [local, "0A"] for line in Path("/proc/net/tcp").read_text().splitlines()
        ):
            await asyncio.sleep(0.02)  # the kernel announces no listener


async def told(manager: socket.socket) -> str:
    async with asyncio.timeout(60):
        return (await asyncio.get_running_loop().sock_recv(manager, 4096)).decode()


async def test_what_is_no_listening_socket_is_refused(tmp_path: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    one = await started_with(nothing, tmp_path, PROGRAM, "serve")
    os.close(nothing)
    assert_one_sentence(one, "LISTEN_FDS", "file descriptor 3")


@pytest.mark.parametrize("kind", ["datagram", "connected", "listening"])
async def test_which_sockets_are_taken(tmp_path: Path, kind: str) -> None:
    with ExitStack() as opened:
        given = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        if kind == "datagram":
            given = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        elif kind == "connected":
            given = opened.enter_context(socket.create_connection(given.getsockname()))
        one = await started_with(given.fileno(), tmp_path, Path(sys.executable), "-c", _TAKE)
    taken = "" if kind == "listening" else "LISTEN_FDS: file descriptor 3 is no TCP socket that listens"
    assert (one.code, one.err.strip().rpartition("UnusableSocket: ")[2]) == (int(bool(taken)), taken)


_START = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
_TAKE = """
import os
from parlour.service_manager import inherited_sockets
assert len(inherited_sockets()) == 1
assert inherited_sockets() == [] and "LISTEN_PID" not in os.environ
"""


async def started_with(given: int, folder: Path, *command: str | Path) -> Ended:
    """Run a command whose file descriptor 3 is `given`, as systemd starts a service."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _START, str(given), *command),
        cwd=folder,
        env=child_environment(folder),
        pass_fds=(given,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
