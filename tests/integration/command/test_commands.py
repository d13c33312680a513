"""serve, migrate, user create, room list: on both databases."""

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.conftest import Databases, StartServer
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour


@pytest.fixture
async def settings(database: str, databases: Databases) -> dict[str, str]:
    url = await databases.create(database)
    return {"PARLOUR_DATABASE_URL": url} if url else {}


async def test_a_person_made_at_the_command_line_can_log_in(tmp_path: Path, settings: dict[str, str]) -> None:
    async def create(*arguments: str, typed: str = "", **more: str) -> tuple[int, str, str]:
        ended = await run_parlour(
            "user", "create", *arguments, folder=tmp_path, settings=settings | more, typed=typed
        )
        return ended.code, ended.out, ended.err

    # First of all on an empty database: it is migrated on the way.
    code, out, err = await create("anna", "ann@example.org", PARLOUR_USER_PASSWORD="correct horse battery")
    assert (code, out, err) == (0, "Created anna.\n", "")
    password = {"PARLOUR_USER_PASSWORD": "correct horse battery"}
    bobby, silent, same_name, same_email, short, no_rooms = await asyncio.gather(
        create("bobby", "bob@example.org", typed="correct horse battery\n"),
        create("nobody", "nobody@example.org"),
        create("ANNA", "other@example.org", **password),
        create("other", "ANN@example.org", **password),
        create("other", "other@example.org", PARLOUR_USER_PASSWORD="sw0rd"),
        run_parlour("room", "list", folder=tmp_path, settings=settings),
    )
    assert bobby == (0, "Created bobby.\n", "")
    for (code, out, err), status, named in (
        (same_name, 1, "username"),
        (same_email, 1, "email"),
        (short, 2, "password"),
        (silent, 2, "password"),
    ):
        assert (code, out) == (status, "")
        assert len(err.splitlines()) == 1
        assert named in err
        assert "sw0rd" not in err
    assert no_rooms.out == "There are no rooms yet.\n"
    async with ParlourServer(tmp_path, settings.get("PARLOUR_DATABASE_URL"), settings) as server:
        async with Visitors(server) as visitors:
            for username, email in [("anna", "ann@example.org"), ("bobby", "bob@example.org")]:
                person = await visitors.stranger(email=email)
                person.username = username
                await person.logs_in()
                await person.creates_room(f"{username}'s room")
            await person.makes_event("bobby's room")
        # Beside a running server, too.
        listed = await run_parlour("room", "list", folder=tmp_path, settings=settings)
    lines = [line.split("\t") for line in listed.out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["anna's room", "free", "anna"],
        ["bobby's room", "event", "bobby"],
    ]


async def test_migrate(tmp_path: Path, settings: dict[str, str]) -> None:
    first = await run_parlour("migrate", folder=tmp_path, settings=settings)
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("Migrated from nothing to ")
    again = await run_parlour("migrate", folder=tmp_path, settings=settings)
    assert (again.code, again.out, again.err) == (0, "Nothing to do.\n", "")


@pytest.mark.database("sqlite")
async def test_passwords_that_differ_are_asked_for_again(tmp_path: Path, settings: dict[str, str]) -> None:
    ended = await run_parlour(
        "user",
        "create",
        "anna",
        "ann@example.org",
        folder=tmp_path,
        settings=settings,
        typed="correct horse\nwrong horse!\ncorrect horse\ncorrect horse\n",
    )
    assert ended.code == 0
    assert "Created anna." in ended.out
    assert "horse" not in ended.out + ended.err


@pytest.mark.database("sqlite")
async def test_serve_says_where_it_is(server: ParlourServer) -> None:
    said = [line for line in server.log_lines() if line.startswith("Parlour is ready at")]
    assert said == [f"Parlour is ready at {server.url}"]
    assert server.url.startswith("http://localhost:")
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        for path in ("/healthz", "/readyz"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.database("sqlite")
async def test_serve_says_where_it_listens_too_where_that_is_elsewhere(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_PUBLIC_URL": "https://meet.example.org/rooms"})
    said = [line for line in server.log_lines() if line.startswith("Parlour is ready at")]
    assert said == [
        f"Parlour is ready at https://meet.example.org/rooms and listens on {server.address}",
    ]


@pytest.mark.database("sqlite")
async def test_dot_env_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\nPARLOUR_PUBLIC_URL='https://meet.example.org'\nPARLOUR_GUEST_TTL=77\nUNKNOWN=1\n"
    )
    # The server's port is not in what it prints here, so the test names one.
    server = ParlourServer(tmp_path, settings={"PARLOUR_PUBLIC_URL": ""})
    del server.settings["PARLOUR_PUBLIC_URL"]
    async with server:
        assert server.url == "https://meet.example.org"
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            assert (await client.get("/config")).json()["guest_ttl"] == 77
