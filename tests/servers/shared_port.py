"""HAProxy as docs/turn-on-port-443.md has it: pages and TURN on one port, told apart by SNI."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.servers.checkout import ROOT
from tests.servers.process import dying_with_parent, ended, free_port, tail

DOCUMENT = ROOT / "docs" / "turn-on-port-443.md"
_BLOCK = re.compile(r"^```\n(global\n.*?)^```$", re.MULTILINE | re.DOTALL)


@asynccontextmanager
async def shared_port(
    folder: Path, port: int, *, parlour: int, turn: int, turn_host: str, certificate: Path
) -> AsyncIterator[None]:
    """Run it on `port`, before Parlour and the TURN server. `certificate` has the key of the page, too."""
    (text,) = _BLOCK.findall(DOCUMENT.read_text())
    for word, other in {
        ":443,[::]:443 v6only": f"127.0.0.1:{port}",
        ":80,[::]:80 v6only": f"127.0.0.1:{free_port()}",
        "127.0.0.1:8443": f"127.0.0.1:{free_port()}",
        "127.0.0.1:8000": f"127.0.0.1:{parlour}",
        "127.0.0.1:5349": f"127.0.0.1:{turn}",
        "turn.example.org": turn_host,
        "/etc/haproxy/meet.example.org.pem": str(certificate),
    }.items():
        assert word in text, word
        text = text.replace(word, other)
    file, log = folder / "haproxy.cfg", folder / "haproxy.log"
    file.write_text(text)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *("/usr/sbin/haproxy", "-db", "-f", str(file)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
    try:
        await _answers(port, process, log)
        yield
    finally:
        await ended(process, signal.SIGKILL)


async def _answers(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)  # a port announces no opening
    raise RuntimeError(f"HAProxy ended at its start:\n{tail(log)}")
