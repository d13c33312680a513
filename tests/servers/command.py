"""The `parlour` command as a person runs it."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.forked import Forks
from tests.servers.process import child_environment, dying_with_parent

PROGRAM = Path(sys.executable).parent / "parlour"
_PATIENCE_SECONDS = 120
_JUDGED_WITHIN_SECONDS = 60
"""Some tests start a dozen commands at once."""


@dataclass(frozen=True)
class Ended:
    """The outcome of a `parlour` command that has ended."""

    code: int
    out: str
    err: str


async def run_parlour(
    *arguments: str,
    folder: Path,
    settings: Mapping[str, str] | None = None,
    typed: str = "",
    program: Path = PROGRAM,
) -> Ended:
    """Run the command in `folder` with only these settings; `typed` is its input. Raises TimeoutError."""
    environment = {**child_environment(folder), **(settings or {})}
    forks = Forks.of(environment) if program == PROGRAM else None
    if forks is not None:
        return await _forked(forks, arguments, folder, environment, typed)
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE if typed else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            out, err = await process.communicate(typed.encode() or None)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def accepted(*command: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program that judges something; return what it says. It has to end well. Raises TimeoutError."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(_JUDGED_WITHIN_SECONDS):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def _forked(
    forks: Forks, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], typed: str
) -> Ended:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(typed.encode())
        given.seek(0)
        files = (given.fileno(), out.fileno(), err.fileno())
        process = await forks.start(*arguments, folder=folder, environment=environment, files=files)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            raise
        for file in (out, err):
            file.seek(0)
        return Ended(code, out.read().decode(), err.read().decode())
