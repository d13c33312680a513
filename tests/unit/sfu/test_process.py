"""A process that outlives a crash: its record, its log, and the program at a port."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from parlour.sfu.listeners import listener_at
from parlour.sfu.process import MOST_LOG_BYTES, Child, Found, end, followed, held_record, note, noted
from tests.servers.process import until_gone

SLEEP = ("/bin/sleep", "600")


@pytest.fixture
async def sleeper(tmp_path: Path) -> AsyncIterator[Child]:
    """A program that has taken the place of the shell that started it."""
    child = await Child.start(SLEEP, folder=tmp_path, log=tmp_path / "log")
    async with asyncio.timeout(60):
        while Path(f"/proc/{child.pid}/exe").readlink() != Path(SLEEP[0]).resolve():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    yield child
    child.send_signal(signal.SIGKILL)
    await child.wait()


async def test_it_is_found_by_its_id_and_its_arguments(sleeper: Child) -> None:
    found = Found.by_command(sleeper.pid, SLEEP[1:])
    assert found is not None and found.is_of(Path(SLEEP[0])) and not found.is_of(Path(sys.executable))
    assert Found.by_command(sleeper.pid, ("601",)) is None
    await end(found)
    assert await sleeper.wait() == 128 + signal.SIGTERM
    assert Found.by_command(sleeper.pid, SLEEP[1:]) is None
    found.send_signal(signal.SIGTERM)
    assert await found.wait() is None
    found.close()


async def test_its_status_and_its_last_words_are_known(tmp_path: Path) -> None:
    heard: list[str] = []
    says = ("/bin/sh", "-c", "echo one; echo two >&2; printf three; exit 3")
    child = await Child.start(says, folder=tmp_path, log=tmp_path / "log")
    assert await child.wait() == 3
    async with followed(tmp_path / "log", heard.append, at_end=False) as said:
        said.read()
    assert (heard, list(said.last)) == (["one", "two"], ["one", "two"])
    async with followed(tmp_path / "log", heard.append, at_end=True):
        pass
    assert heard == ["one", "two"]


async def test_a_crash_of_its_parent_reaches_it_as_one_signal(tmp_path: Path) -> None:
    """It may take its time."""
    script = "trap 'echo told; read _ < go; exit' TERM; echo ready; while :; do sleep 0.02; done"
    program = f"""
import asyncio
from pathlib import Path
from parlour.sfu.process import Child
async def main():
    folder = Path({str(tmp_path)!r})
    child = await Child.start(("/bin/sh", "-c", {script!r}), folder=folder, log=folder / "log")
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    os.mkfifo(tmp_path / "go")
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    await until_said(tmp_path / "log", "ready")
    parent.kill()
    await parent.wait()
    await until_said(tmp_path / "log", "told")
    (tmp_path / "go").write_text("\n")
    await until_gone(pid)
    assert (tmp_path / "log").read_text().count("told") == 1


async def until_said(log: Path, word: str) -> None:
    async with asyncio.timeout(60):
        while word not in log.read_text():  # noqa: ASYNC110 - a file announces nothing
            await asyncio.sleep(0.02)


def test_a_record_is_held_by_one(tmp_path: Path) -> None:
    file = tmp_path / "record"
    with held_record(file) as record:
        assert record is not None and noted(record) is None
        note(record, 17)
        with held_record(file) as other:
            assert other is None
    with held_record(file) as record:
        assert record is not None and noted(record) == 17
    file.write_text("no number")
    with held_record(file) as record:
        assert record is not None and noted(record) is None


async def test_a_log_is_emptied_before_it_grows_too_large(tmp_path: Path) -> None:
    file, heard = tmp_path / "log", list[str]()
    async with followed(file, heard.append, at_end=False) as said:
        with file.open("ab", buffering=0) as writer:
            writer.write(b"x" * MOST_LOG_BYTES + b"\n")
            said.read()
            assert file.stat().st_size == 0
            writer.write(b"after that\n")
            said.read()
    assert heard == ["after that"]


def test_the_program_at_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert str(listener_at(port)).endswith(f"(process {os.getpid()})")
    assert listener_at(port) is None


async def test_one_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    child = await Child.start(("/nowhere/at/all",), folder=tmp_path, log=tmp_path / "log")
    assert await child.wait() == 127
    with pytest.raises(OSError, match="nowhere"):
        await Child.start(SLEEP, folder=tmp_path / "nowhere", log=tmp_path / "nowhere" / "log")
