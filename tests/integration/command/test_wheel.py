"""The wheel that `make wheel` builds, in an environment that has nothing else."""

import asyncio
import os
from pathlib import Path

import httpx

from tests.servers import ParlourServer

ROOT = Path(__file__).parents[3]
UV = ROOT / ".tools" / "uv" / "bin"
LOCK = ROOT / "requirements.lock"
PATIENCE_SECONDS = 240


async def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """What it prints; fails unless the command succeeds."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "UV_NO_PROGRESS": "1", **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, _ = await process.communicate()
    assert process.returncode == 0, f"{command}: {out.decode()}"
    return out.decode()


async def test_a_wheel_serves_wherever_it_is_installed(tmp_path: Path) -> None:
    built = await run(ROOT / "tools" / "build-wheel", tmp_path, folder=ROOT)
    wheel = built.splitlines()[-1]

    environment = tmp_path / "environment"
    await run(UV / "uv", "venv", "--no-config", environment, folder=tmp_path)
    await run(
        *(UV / "uv", "pip", "install", "--no-config", "--constraint", LOCK, "--verify-hashes", wheel),
        folder=tmp_path,
        VIRTUAL_ENV=str(environment),
    )
    assert list(environment.glob("lib/python*/site-packages/parlour/py.typed"))

    folder = tmp_path / "empty"
    folder.mkdir()
    async with (
        ParlourServer(folder, program=environment / "bin" / "parlour") as server,
        httpx.AsyncClient(base_url=server.address, timeout=PATIENCE_SECONDS) as somebody,
    ):
        page = await somebody.get("/")
        assert page.is_success
        assert '<div id="root">' in page.text
        assert (await somebody.post("/room/check", json={})).json() == []


async def test_uvx_runs_the_wheel(tmp_path: Path) -> None:
    built = await run(ROOT / "tools" / "build-wheel", tmp_path, folder=ROOT)
    wheel = built.splitlines()[-1]
    said = await run(
        *(UV / "uvx", "--no-config", "--constraints", LOCK, "--from", wheel, "parlour", "--version"),
        folder=tmp_path,
    )
    assert "parlour, version " in said
