"""HAProxy as docs/turn-on-port-443.md has it: pages and TURN on one port, told apart by SNI."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.checkout import ROOT
from tests.servers.process import free_port
from tests.servers.proxies import running_proxy, with_words

DOCUMENT = ROOT / "docs" / "turn-on-port-443.md"
_READY_WITHIN_SECONDS = 60
_BLOCK = re.compile(r"^```\n(global\n.*?)^```$", re.MULTILINE | re.DOTALL)


@asynccontextmanager
async def shared_port(
    folder: Path, port: int, *, parlour: int, turn: int, turn_host: str, certificate: Path
) -> AsyncIterator[None]:
    """Run it on `port`, before Parlour and the TURN server. `certificate` has the key of the page, too."""
    (documented,) = _BLOCK.findall(DOCUMENT.read_text())
    words = {
        ":443,[::]:443 v6only": f"127.0.0.1:{port}",
        ":80,[::]:80 v6only": f"127.0.0.1:{free_port()}",
        "127.0.0.1:8443": f"127.0.0.1:{free_port()}",
        "127.0.0.1:8000": f"127.0.0.1:{parlour}",
        "127.0.0.1:5349": f"127.0.0.1:{turn}",
        "turn.example.org": turn_host,
        "/etc/haproxy/meet.example.org.pem": str(certificate),
    }
    file = folder / "haproxy.cfg"
    file.write_text(with_words(documented, words, of=DOCUMENT.name))
    command = ("/usr/sbin/haproxy", "-db", "-f", str(file))
    async with running_proxy(folder, port, *command, within=_READY_WITHIN_SECONDS):
        yield
