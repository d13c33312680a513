"""--help helps."""

import re
from pathlib import Path

import pytest

from tests.servers.command import run_parlour


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["serve", "migrate", "user", "room", "PARLOUR_", ".env", "docs/settings.md"]),
        (["serve"], ["--host", "127.0.0.1", "--port", "8000", "API, signaling and web client"]),
        (["migrate"], ["database"]),
        (["user"], ["create"]),
        (["user", "create"], ["USERNAME", "EMAIL", "--password", "PARLOUR_USER_PASSWORD"]),
        (["room"], ["list"]),
        (["room", "list"], ["name", "creator"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_help(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    # A wrong setting must not keep anybody from reading how to set it.
    ended = await run_parlour(*arguments, "--help", folder=tmp_path, settings={"PARLOUR_GUEST_TTL": "soon"})
    assert (ended.code, ended.err) == (0, "")
    told = " ".join(ended.out.split())
    for word in words:
        assert word in told
    assert not list(tmp_path.iterdir()), "reading help leaves nothing behind"


async def test_version(tmp_path: Path) -> None:
    ended = await run_parlour("--version", folder=tmp_path)
    assert re.fullmatch(r"parlour, version \d+\.\d+\.\d+\n", ended.out)


@pytest.mark.parametrize(
    "arguments", [["sing"], ["serve", "--sing"], ["serve", "--port", "many"], ["user", "create"]]
)
async def test_a_wrong_command_says_what_is_right(tmp_path: Path, arguments: list[str]) -> None:
    ended = await run_parlour(*arguments, folder=tmp_path)
    assert ended.code == 2
    assert "Usage: parlour" in ended.err
    assert "--help" in ended.err
    assert "Traceback" not in ended.err
