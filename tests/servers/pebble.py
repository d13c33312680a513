"""pebble, Let's Encrypt's ACME server for tests: it tells its clients nothing that a real one would not.

`python -m tests.servers.pebble FOLDER` builds it there, as `make test-packages` does.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from parlour.go_build import build
from tests.servers.certificate import self_signed
from tests.servers.process import child_environment, free_port, logged, tail

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".tools" / "media" / "pebble"
_PACKAGE = "github.com/letsencrypt/pebble/v2/cmd/pebble"
_READY_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Pebble:
    """A running ACME server: the URL of its directory, what its own https is trusted by, and its root."""

    directory: str
    trust: Path
    root: str


@asynccontextmanager
async def pebble(folder: Path, *, http: int, https: int) -> AsyncIterator[Pebble]:
    """Run pebble, which looks for the proofs of its challenges at these ports."""
    if not PROGRAM.exists():
        raise RuntimeError(f"This test needs {PROGRAM}: 'make test-packages' builds it.")
    folder.mkdir()
    certificate, key = folder / "pebble.pem", folder / "pebble.key"
    self_signed(certificate, key)
    port, management = free_port(), free_port()
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": http,
        "tlsPort": https,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
        "retryAfter": {"authz": -1, "order": -1},  # no header: a date in it is too much for Debian's Caddy
        "profiles": {"default": {"description": "ninety days", "validityPeriod": 7_776_000}},
    }
    file, log = folder / "pebble.json", folder / "pebble.log"
    file.write_text(json.dumps({"pebble": settings}))
    environment = {**child_environment(folder), "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    async with logged(PROGRAM, "-config", str(file), log=log, environment=environment) as process:
        root = await _root(f"https://127.0.0.1:{management}/roots/0", certificate, process, log)
        yield Pebble(f"https://localhost:{port}/dir", certificate, root)


async def _root(url: str, trust: Path, process: asyncio.subprocess.Process, log: Path) -> str:
    """Wait until pebble answers; return the certificate of the authority that it has made."""
    tls = ssl.create_default_context(cafile=trust)
    async with asyncio.timeout(_READY_WITHIN_SECONDS), httpx.AsyncClient(verify=tls) as client:
        while process.returncode is None:
            with suppress(httpx.TransportError):
                return (await client.get(url)).text
            await asyncio.sleep(0.02)  # a port announces no opening
    raise RuntimeError(f"pebble ended at its start:\n{tail(log)}")


if __name__ == "__main__":
    build(Path(__file__).with_name("acme"), Path(sys.argv[1]), package=_PACKAGE, program=PROGRAM.name)
