"""Attacks by whoever reads the server's files: another user of the machine, or a copy of the database."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy import table as sa_table

from parlour.db.database import Database
from tests.conftest import Databases, StartServer, StartSmtpServer
from tests.people import Visitors, done, unique
from tests.servers import ParlourServer
from tests.servers.command import run_parlour

_JWT = re.compile(rb"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def asks_for_every_link(visitors: Visitors) -> None:
    """A client's, a guest's, a reset, a change of email and its stop, and an invitation."""
    ann = await visitors.client("ann")
    done(await ann.post("/password/forgotten", {"email": ann.email}))
    await ann.reads_link()
    body = {"email": f"{unique('new')}@example.org", "password": ann.password}
    done(await ann.put("/client/email", json=body))
    await ann.invites(f"{unique('bob')}@example.org", to=await ann.creates_room())
    await (await visitors.stranger("gus", client=False)).registers()


@pytest.mark.database("sqlite")
async def test_files_are_the_servers_own(fresh_server: StartServer) -> None:
    """Whatever the mode mask of who starts it: the tests' own lets everybody read."""
    server = await fresh_server()
    data = server.folder / "data"
    async with Visitors(server) as visitors:
        await visitors.client()
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        found = modes(data)
        assert {"parlour.db", "parlour.db-wal", "parlour.db-shm", "secret_key"} <= found.keys()
        assert set(found.values()) == {0o600}
    status = Path(f"/proc/{server.pid}/status").read_text()
    assert "Umask:\t0077" in status.splitlines(), "what any library writes"


@pytest.mark.database("sqlite")
async def test_files_that_were_open_to_all_are_put_right(fresh_server: StartServer) -> None:
    """As a version before left them; the log of a server that was killed among them."""
    server = await fresh_server()
    data = server.folder / "data"
    async with Visitors(server) as visitors:
        await visitors.client()
    await server.kill()
    for path in data.iterdir():
        path.chmod(0o644)
    data.chmod(0o755)
    assert "parlour.db-wal" in modes(data)
    await server.start()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert set(modes(data).values()) == {0o600}


@pytest.mark.database("sqlite")
async def test_a_folder_that_is_everybodys_holds_no_secret(tmp_path: Path) -> None:
    """Somebody else could put a secret of their choice into it."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    settings = {"PARLOUR_DATA_DIR": str(shared)}
    ended = await run_parlour("serve", "--port", "0", folder=tmp_path, settings=settings)
    assert ended.code == 2
    sentence = "parlour: PARLOUR_DATA_DIR: any user of this machine can put files into"
    assert ended.err.splitlines()[-1].startswith(sentence)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777, "left as it was"
    assert list(shared.iterdir()) == []


async def test_no_living_token_in_a_copy_of_the_database(
    fresh_server: StartServer, databases: Databases
) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        await asks_for_every_link(visitors)
        shown = "".join(mail.text for mail in await server.mails()).encode()
        assert len(_JWT.findall(shown)) >= 5, "they are living where they are shown"
        assert _JWT.findall(await everything_stored(server)) == []


@pytest.mark.database("sqlite")
async def test_no_living_token_in_the_files_before_and_after_a_mail_is_sent(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server()
    await mails.stop()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger("ann")
        await ann.registers()
        await server.expect_log("mail.postponed")
        assert _JWT.findall(files_of(server)) == []
        await mails.start()
        received = await mails.expect_message(ann.email)
        token = received.text.split("/verifyclient/")[1].split()[0]
        assert _JWT.findall(files_of(server)) == []
        done(await ann.http.put("/client/verify", params={"token": token}))


async def everything_stored(server: ParlourServer) -> bytes:
    if not server.database_url.startswith("postgresql"):
        return files_of(server)
    database = Database(server.database_url)
    try:
        async with database.reading() as connection:
            tables = await connection.execute(
                text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            )
            stored: list[Any] = []
            for (table,) in tables.all():
                stored += (await connection.execute(select(text("*")).select_from(sa_table(table)))).all()
    finally:
        await database.close()
    return repr(stored).encode()


def files_of(server: ParlourServer) -> bytes:
    """The write-ahead log, which keeps what was deleted, is one of them."""
    return b"".join(
        path.read_bytes() for path in (server.folder / "data").iterdir() if path.name != "secret_key"
    )
