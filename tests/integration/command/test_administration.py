"""What whoever runs the server does with people and rooms, beside a running server."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Databases, Unique
from tests.people import ROOM_PASSWORD, Visitors, done
from tests.servers import ParlourServer
from tests.servers.command import PROGRAM, Ended, run_parlour

NEW_PASSWORD = "another good phrase"


def commands(server: ParlourServer) -> Callable[..., Any]:
    async def run(*arguments: str, code: int = 0, **settings: str) -> Ended:
        ended = await run_parlour(*arguments, folder=server.folder, settings={**server.settings, **settings})
        assert ended.code == code, ended.err
        assert len(ended.err.splitlines()) == (code != 0)
        return ended

    return run


@pytest.mark.database("sqlite")
async def test_people(server: ParlourServer) -> None:
    run = commands(server)
    async with Visitors(server) as visitors:
        ann, gus = await visitors.client("ann"), await visitors.guest("gus")
        assert ann.username is not None
        listed, as_json, shown = await asyncio.gather(
            run("user", "list"), run("user", "list", "--json"), run("user", "show", ann.username, "--json")
        )
        lines = [line.split("\t")[:4] for line in listed.out.splitlines()]
        assert [ann.username, ann.email, "client", "active"] in lines
        assert ["-", gus.email, "guest", "active"] in lines
        everybody = {one["email"]: one for one in json.loads(as_json.out)}
        assert everybody[ann.email].items() <= json.loads(shown.out).items()
        assert json.loads(shown.out)["sessions"] == 1
        assert "password" not in shown.out

        changed = await run("user", "password", ann.email, "--json", PARLOUR_USER_PASSWORD=NEW_PASSWORD)
        assert json.loads(changed.out) == {"user": ann.email, "sessions_ended": 1}
        assert (await ann.http.get("/refresh")).status_code == 403
        ann.password = NEW_PASSWORD
        await ann.logs_in()

        assert (await run("user", "name", ann.email, " José ")).out == f"{ann.email} is now José.\n"
        assert json.loads((await run("user", "show", ann.email, "--json")).out)["display_name"] == "José"
        own_line = next(one for one in (await run("user", "list")).out.splitlines() if ann.email in one)
        assert own_line.endswith("\tJosé")
        assert (await run("user", "name", ann.email, "\u202e", code=2)).err.startswith("parlour: name: ")
        assert (await run("user", "name", ann.email, "")).out == f"Removed the display name of {ann.email}.\n"
        assert (await run("user", "disable", ann.email)).out == f"Disabled {ann.email} and ended 1 session.\n"
        assert json.loads((await run("user", "show", ann.email, "--json")).out)["state"] == "disabled"
        assert (await run("user", "enable", ann.email)).out == f"Enabled {ann.email}.\n"
        await ann.logs_in()
        await run("user", "delete", ann.email)
        gone = await asyncio.gather(
            *(
                run("user", command, ann.email, code=1, PARLOUR_USER_PASSWORD=NEW_PASSWORD)
                for command in ("show", "password", "disable", "enable", "delete", "logout")
            )
        )
        assert {ended.err for ended in gone} == {"parlour: There is no such user.\n"}
        await run("user", "disable", gus.email, code=1)
        audit = json.loads((await run("audit", "--json", "--limit", "1000")).out)
    done = [one["code"] for one in audit if one["actor"] == "command line" and one["subject"] == ann.email]
    renamed = ["display_name_set", "account_shown", "display_name_set"]
    wanted = [
        "account_shown",
        "password_set",
        *renamed,
        "account_disabled",
        "account_shown",
        "account_enabled",
    ]
    assert done == [*wanted, "account_deleted"]


@pytest.mark.database("sqlite")
async def test_rooms(server: ParlourServer, unique: Unique) -> None:
    run = commands(server)
    async with Visitors(server) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        room = await ann.creates_room()
        await ann.invites(bob, to=room)
        shown = json.loads((await run("room", "show", room, "--json")).out)
        assert (shown["name"], shown["kind"], shown["creator"]) == (room, "free", ann.username)
        assert (shown["invited"], shown["banned"]) == ([bob.email], [])
        assert shown in [{**one, "invited": [bob.email], "banned": []} for one in await listed_rooms(run)]
        await run("room", "password", room, PARLOUR_ROOM_PASSWORD="a new word")
        cyd = await visitors.client("cyd")
        for password, status in ((ROOM_PASSWORD, 401), ("a new word", 200)):
            answer = await cyd.post("/room/access", {"name": room, "password": password})
            assert answer.status_code == status
        assert (await run("room", "remove", room)).out == f"Removed {room}.\n"
        await asyncio.gather(
            *(
                run("room", command, room, code=1, PARLOUR_ROOM_PASSWORD="a new word")
                for command in ("show", "password", "remove")
            )
        )
        too_long = await run("room", "password", room, code=2, PARLOUR_ROOM_PASSWORD="a" * 129)
        assert too_long.err == "parlour: password: has to have 1 to 128 characters.\n"
        audit = await run("audit", "--limit", "1000")
    lines = [line.split("\t")[1:5] for line in audit.out.splitlines()]
    for code in ("room_shown", "room_password_set", "room_removed"):
        assert ["room", code, "command line", room] in lines


@pytest.mark.database("sqlite")
async def test_the_invitees_of_a_removed_event_get_a_mail(server: ParlourServer) -> None:
    async with Visitors(server) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        room = await ann.creates_event()
        done(await ann.post("/event", {"room": room, "starts_at": "2090-01-02T08:30:00Z"}))
        await ann.invites(bob, to=room)
        await server.expect_mail(bob.email)
        await commands(server)("room", "remove", room)
        mail = await server.expect_mail(bob.email)
        assert "It was planned for 2090-01-02 08:30 UTC." in mail.text
        assert ann.username is not None and ann.username in mail.text


@pytest.mark.database("sqlite")
async def test_a_room_is_created(server: ParlourServer, unique: Unique) -> None:
    run = commands(server)
    name, key = unique("Café"), {"PARLOUR_ROOM_PASSWORD": ROOM_PASSWORD}
    async with Visitors(server) as visitors:
        ann, bob, gus = await visitors.client("ann"), await visitors.client("bob"), await visitors.guest()
        assert ann.username is not None
        made = await run("room", "create", name, ann.email, "--unlisted", "--json", **key)
        assert json.loads(made.out) == {"room": name, "creator": ann.username}
        assert name in await ann.sees()
        assert name not in await bob.sees()
        await bob.enters(name)
        refused = {
            "A room with this name already exists.": ("create", name.upper(), ann.username),
            "There is no such user.": ("create", unique("room"), "nobody-at-all"),
            "Guests can't create rooms. Create an account to have rooms of your own.": (
                "create",
                unique("room"),
                gus.email,
            ),
        }
        for sentence, arguments in refused.items():
            assert (await run("room", *arguments, code=1, **key)).err == f"parlour: {sentence}\n"
        for wrong in ("..", "\u200b", "a" * 65):
            ended = await run("room", "create", wrong, ann.username, code=2, **key)
            assert ended.err.startswith("parlour: name: ")
        audit = await run("audit", "--limit", "1000")
    assert ["room", "room_created", "command line", name] in [
        line.split("\t")[1:5] for line in audit.out.splitlines()
    ]


async def listed_rooms(run: Callable[..., Any]) -> list[dict[str, Any]]:
    rooms: list[dict[str, Any]] = json.loads((await run("room", "list", "--json")).out)
    return rooms


@pytest.mark.database("sqlite")
async def test_a_reader_that_goes_ends_a_command_without_a_word(tmp_path: Path) -> None:
    """The pipe's end is closed before the command writes, as that of `head -1` may be."""
    for arguments in (["user", "list"], ["room", "list"], ["--help"], ["migrate"]):
        process = await asyncio.create_subprocess_shell(
            f"{{ {PROGRAM} {' '.join(arguments)}; echo $? >code; }} | true; cat code",
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert (out, err) == (b"141\n", b""), arguments


@pytest.mark.database("sqlite")
async def test_a_database_that_another_program_locks(tmp_path: Path, databases: Databases) -> None:
    await databases.create_migrated("sqlite", tmp_path / "data")
    with sqlite3.connect(tmp_path / "data" / "parlour.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        ended = await asyncio.gather(
            run_parlour("serve", "--port", "0", folder=tmp_path),
            run_parlour("user", "logout", "nobody", folder=tmp_path),
            run_parlour("room", "remove", "nothing", folder=tmp_path),
            run_parlour("room", "show", "nothing", folder=tmp_path),
        )
    locked = "parlour: PARLOUR_DATABASE_URL: another program keeps the database locked; try again later.\n"
    assert [(one.code, one.err.splitlines()[-1] + "\n") for one in ended[:1]] == [(3, locked)]
    assert "Traceback" not in ended[0].err
    for one in ended[1:]:
        assert one.code in (1, 3)
        assert len(one.err.splitlines()) == 1


@pytest.mark.database("sqlite")
async def test_what_is_no_text_and_no_database(tmp_path: Path) -> None:
    """Each failure is one sentence, whatever bytes the system hands over or keeps."""
    (tmp_path / "notes").write_text("no database, but long enough to be looked at as one\n" * 40)
    (tmp_path / "folder").mkdir()

    async def said(command: str, **settings: str) -> tuple[str, int | None]:
        process = await asyncio.create_subprocess_shell(
            f"{PROGRAM} {command}",
            executable="/bin/bash",
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **settings},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await process.communicate()
        return err.decode(), process.returncode

    notes = {"PARLOUR_DATABASE_URL": f"sqlite:///{tmp_path}/notes"}
    folder = {"PARLOUR_DATABASE_URL": f"sqlite:///{tmp_path}/folder"}
    no_database = (
        f"parlour: PARLOUR_DATABASE_URL: {tmp_path}/notes cannot be used as an SQLite database "
        "(file is not a database).\n"
    )
    no_file = f"parlour: PARLOUR_DATABASE_URL: {tmp_path}/folder cannot be used (Is a directory).\n"
    await said("migrate")
    assert await asyncio.gather(
        said("room show $'\\xff'"),
        said("user delete $'ann\\xed\\xa0\\x80'"),
        said("user list >/dev/full"),
        said("user list >&-"),
        said("room list", **notes),
        said("serve --port 0", **notes),
        said("room list", **folder),
        said("serve --port 0", **folder),
    ) == [
        ("parlour: name: has to be text in UTF-8.\n", 2),
        ("parlour: handle: has to be text in UTF-8.\n", 2),
        ("parlour: done, but the answer cannot be written (No space left on device).\n", 2),
        ("", 0),
        (no_database, 2),
        (no_database, 2),
        (no_file, 2),
        (no_file, 2),
    ]
    (tmp_path / ".env").write_bytes(b"PARLOUR_MAIL_FROM=\xff\n")
    assert await said("user list") == ("parlour: The file .env is not text in UTF-8.\n", 2)


@pytest.mark.database("sqlite")
async def test_no_words_of_the_library(tmp_path: Path) -> None:
    async def said(*arguments: str, **settings: str) -> str:
        settings = {"PARLOUR_USER_PASSWORD": "correct horse battery", **settings}
        ended = await run_parlour(*arguments, folder=tmp_path, settings=settings)
        assert ended.code == 2
        return ended.err

    assert await asyncio.gather(
        said("room", "list", PARLOUR_GUEST_TTL="soon"),
        said("room", "list", PARLOUR_GUEST_TTL="0"),
        said("room", "list", PARLOUR_COMPRESSION="perhaps"),
        said("room", "list", PARLOUR_LOG_LEVEL="loud"),
        said("user", "create", "anna", "no-address"),
        said("user", "create", "anna", "ann@example.org", PARLOUR_USER_PASSWORD="short"),
        said("user", "create", "a b", "ann@example.org"),
    ) == [
        "parlour: PARLOUR_GUEST_TTL has to be a whole number.\n",
        "parlour: PARLOUR_GUEST_TTL has to be 1 or more.\n",
        "parlour: PARLOUR_COMPRESSION has to be true or false.\n",
        "parlour: PARLOUR_LOG_LEVEL has to be debug, info, warning or error.\n",
        "parlour: email: this is not a valid email address.\n",
        "parlour: password: has to have at least 8 characters.\n",
        "parlour: username: has to be 4 to 24 letters, digits, - or _, and can't start with a digit or -.\n",
    ]
