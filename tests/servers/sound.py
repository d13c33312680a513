"""A sound system without a loudspeaker: PulseAudio, whose only output nobody hears.

Firefox has no sound at all on a machine without a device for it: its `AudioContext` never runs.
"""

import asyncio
import signal
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.process import child_environment, dying_with_parent, ended

PROGRAM = Path("/usr/bin/pulseaudio")
_READY = b"Daemon startup complete"
_READY_WITHIN_SECONDS = 60
_LAST_LINES = 20


@asynccontextmanager
async def sound_system(folder: Path) -> AsyncIterator[str]:
    """Run it in `folder`, which is empty; yields what `PULSE_SERVER` is for programs that use it."""
    if not PROGRAM.exists():
        raise RuntimeError(
            f"This test needs {PROGRAM}: 'make test-packages' installs the package 'pulseaudio'."
        )
    socket = folder / "native"
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=info"),
        *("-L", "module-null-sink"),
        *("-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"),
        env={**child_environment(folder), "XDG_RUNTIME_DIR": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )
    is_ready = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(process, is_ready))
    try:
        async with asyncio.timeout(_READY_WITHIN_SECONDS):
            await is_ready
        yield f"unix:{socket}"
    finally:
        await ended(process, signal.SIGTERM)
        await reading


async def _read(process: asyncio.subprocess.Process, is_ready: asyncio.Future[None]) -> None:
    """Read what it says, so that it never waits for a reader; `is_ready` is done when it has started."""
    said: deque[bytes] = deque(maxlen=_LAST_LINES)
    assert process.stderr is not None
    async for line in process.stderr:
        said.append(line)
        if _READY in line and not is_ready.done():
            is_ready.set_result(None)
    if not is_ready.done():
        is_ready.set_exception(RuntimeError(b"".join(said).decode(errors="replace")))
