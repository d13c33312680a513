"""A server that speaks S3: rclone, which keeps a bucket's objects as files, and checks signatures."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Self

from parlour.recordings.s3_options import S3Options
from tests.servers.checkout import ROOT
from tests.servers.process import dying_with_parent, ended, free_port, tail

PROGRAM = ROOT / ".tools" / "rclone" / "bin" / "rclone"
BUCKET, KEY, SECRET = "recordings", "parlour", "a south wind on a tin roof"
_WITHIN_SECONDS = 60
_PART_OF_ONE = ".rclone_temp"


class S3Server:
    """Holds one bucket in a folder of its own. After `stop()`, `start()` brings it back where it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "rclone.log"
        self._process: asyncio.subprocess.Process | None = None
        (folder / "objects" / BUCKET).mkdir(parents=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str | int]:
        """The settings of a Parlour that keeps its recordings here."""
        return {
            "PARLOUR_S3_BUCKET": BUCKET,
            "PARLOUR_S3_ENDPOINT": self.endpoint,
            "PARLOUR_S3_KEY": KEY,
            "PARLOUR_S3_SECRET": SECRET,
        }

    def options(self, *, secret: str = SECRET, bucket: str = BUCKET) -> S3Options:
        return S3Options(
            bucket=bucket,
            prefix="some/where/",
            endpoint=self.endpoint,
            region="us-east-1",
            key=KEY,
            secret=secret,
            is_path_style=True,
        )

    def objects(self) -> dict[str, int]:
        """Return the sizes of all objects that are whole, by their keys."""
        root = self.folder / "objects" / BUCKET
        return {
            path.relative_to(root).as_posix(): path.stat().st_size
            for path in sorted(root.rglob("*"))
            if path.is_file() and not path.name.startswith(_PART_OF_ONE)
        }

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                PROGRAM,
                *("serve", "s3", "--config", os.devnull, "--addr", f"127.0.0.1:{self.port}"),
                *("--auth-key", f"{KEY},{SECRET}", self.folder / "objects"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=dying_with_parent(signal.SIGKILL),
            )
        async with asyncio.timeout(_WITHIN_SECONDS):
            while not await _accepts(self.port):
                assert self._process.returncode is None, tail(self.log)
                await asyncio.sleep(0.02)  # a port announces nothing

    async def stop(self) -> None:
        """End it, and with it what was uploaded of files that are not whole."""
        process, self._process = self._process, None
        if process is not None:
            await ended(process, signal.SIGKILL)


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
