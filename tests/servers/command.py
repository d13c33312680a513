"""The `parlour` command as a person runs it."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import child_environment, dying_with_parent

PROGRAM = Path(sys.executable).parent / "parlour"


@dataclass(frozen=True)
class Ended:
    """The outcome of a `parlour` command that has ended."""

    code: int
    out: str
    err: str


async def run_parlour(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None, typed: str = ""
) -> Ended:
    """Run the command in `folder` with only these settings; `typed` is its input. Raises TimeoutError."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        cwd=folder,
        env={**child_environment(folder), **(settings or {})},
        stdin=asyncio.subprocess.PIPE if typed else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(120):  # some tests start a dozen commands at once
            out, err = await process.communicate(typed.encode() or None)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
