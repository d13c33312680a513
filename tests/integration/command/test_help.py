"""--help helps."""

import asyncio
import re
from pathlib import Path

from tests.servers.command import run_parlour

HELP: list[tuple[list[str], list[str]]] = [
    ([], ["serve", "migrate", "user", "room", "PARLOUR_", ".env", "docs/settings.md"]),
    (["serve"], ["--host", "127.0.0.1", "--port", "8000", "API, signaling and web client"]),
    (["migrate"], ["database"]),
    (["nodes"], ["PARLOUR_REDIS_URL", "--json"]),
    (["user"], ["create", "list", "show", "password", "name", "disable", "enable", "delete", "logout"]),
    (["user", "create"], ["USERNAME", "EMAIL", "--password", "PARLOUR_USER_PASSWORD"]),
    (["user", "logout"], ["HANDLE", "session"]),
    (["room"], ["create", "list", "show", "password", "remove"]),
    (["room", "password"], ["NAME", "--password", "PARLOUR_ROOM_PASSWORD", "--json"]),
    (["room", "list"], ["name", "creator"]),
]


async def test_help(tmp_path: Path) -> None:
    """A wrong setting keeps nobody from reading how to set it, and reading leaves nothing behind."""
    wrong = {"PARLOUR_GUEST_TTL": "soon"}
    answers = await asyncio.gather(
        *(run_parlour(*arguments, "--help", folder=tmp_path, settings=wrong) for arguments, _ in HELP)
    )
    for (arguments, words), ended in zip(HELP, answers, strict=True):
        assert (ended.code, ended.err) == (0, ""), arguments
        told = " ".join(ended.out.split())
        assert [word for word in words if word not in told] == []
    assert not list(tmp_path.iterdir())


async def test_version(tmp_path: Path) -> None:
    ended = await run_parlour("--version", folder=tmp_path)
    assert re.fullmatch(r"parlour, version \d+\.\d+\.\d+\n", ended.out)


async def test_a_wrong_command_says_what_is_right(tmp_path: Path) -> None:
    wrong = (["sing"], ["serve", "--sing"], ["serve", "--port", "many"], ["user", "create"])
    for ended in await asyncio.gather(*(run_parlour(*arguments, folder=tmp_path) for arguments in wrong)):
        assert ended.code == 2
        assert "Usage: parlour" in ended.err
        assert "--help" in ended.err
        assert "Traceback" not in ended.err
