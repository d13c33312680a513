"""Letters survive what happens to the mail server and to Parlour."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, Row, insert, select, update

from parlour.db.database import Database
from parlour.db.tables import outbox, registrations, users
from parlour.mail.outbox import Outbox
from tests.conftest import Databases, StartServer, StartSmtpServer
from tests.people import Visitors, done
from tests.servers import ParlourServer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def execute(server: ParlourServer, statement: Executable) -> Sequence[Row[Any]]:
    """In the server's own database, beside it."""
    database = Database(server.database_url)
    try:
        async with database.transaction() as connection:
            result = await connection.execute(statement)
            return result.all() if result.returns_rows else []
    finally:
        await database.close()


def written(*, recipient: str = "ann@example.org", subject: str = "Hello") -> dict[str, str]:
    """A row's letter, as an older version left it."""
    content = {"kind": "Written", "subject": subject, "text": "Hello", "html": "<p>Hello"}
    return {"recipient": recipient, "content": json.dumps(content)}


async def expect_emptied(server: ParlourServer) -> None:
    """A letter leaves the outbox a moment after the mail server has taken it."""
    async with asyncio.timeout(60):
        while await execute(server, select(outbox)):  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.02)


async def test_a_refusal_for_now_is_tried_again(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann, bob = await visitors.stranger("ann"), await visitors.stranger("bob")
        mails.refuse("451 4.3.0 later", at="RCPT", text=ann.email)
        await ann.registers()
        await mails.expect_refusals(1)
        await bob.registers()
        await mails.expect_message(bob.email)
        assert not mails.mails, "one letter's pause is no other letter's"
        mails.accept()
        await mails.expect_message(ann.email)
    await expect_emptied(server)
    postponed = await server.expect_log("mail.postponed")
    assert '"reason": "451"' in postponed
    assert '"seconds": 5.0' in postponed


@pytest.mark.database("sqlite")
async def test_a_refusal_for_good_holds_up_nobody(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server()
    mails.refuse("550 5.1.1 no such mailbox", times=1)
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann, *others = [await visitors.stranger("ann") for _ in range(4)]
        await ann.registers()
        for other in others:
            await other.registers()
        for other in others:
            await mails.expect_message(other.email)
    assert mails.refused == 1
    assert "550" in await server.expect_log("mail.refused")
    await expect_emptied(server)


@pytest.mark.database("sqlite")
async def test_a_mail_server_that_is_down_is_waited_for(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    """And the power fails between the request and the delivery."""
    mails = await smtp_server()
    await mails.stop()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        done(await ann.http.get("/healthz"))
        await ann.registers()
        await server.expect_log("mail.postponed")
        await server.kill()
        await mails.start()
        await server.start()
        await mails.expect_message(ann.email)
    assert len(mails.mails) == 0, "once"


async def test_a_letter_in_hand_at_a_power_cut_is_sent_again(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    """The sender had claimed it; its lease ends some minutes later."""
    mails = await smtp_server()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    await server.kill()
    over = datetime.now(UTC) + timedelta(seconds=5)
    claimed = {"created_at": NOW, "attempts": 1, "next_attempt_at": over}
    await execute(server, insert(outbox).values(written() | claimed))
    await server.start()
    await mails.expect_message("ann@example.org")
    assert datetime.now(UTC) >= over, "not before"


@pytest.mark.database("sqlite")
async def test_gives_up_after_a_day_and_says_so(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server()
    mails.refuse("451 4.3.0 later")
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        await server.expect_log("mail.postponed")
    await server.kill()
    almost = {"created_at": datetime.now(UTC) - timedelta(hours=23, minutes=59), "next_attempt_at": NOW}
    await execute(server, update(outbox).values(almost))
    await server.start()
    await mails.expect_refusals(2)
    await server.expect_log('"seconds": 10.0')  # the second pause: it still hopes
    assert len(await execute(server, select(outbox))) == 1
    await server.kill()
    over = {"created_at": datetime.now(UTC) - timedelta(hours=24, seconds=1), "next_attempt_at": NOW}
    await execute(server, update(outbox).values(over))
    await server.start()
    given_up = await server.expect_log("mail.given_up")
    assert '"level": "error"' in given_up
    assert '"attempts": 3' in given_up
    assert ann.email not in given_up
    await expect_emptied(server)


@pytest.mark.database("sqlite")
async def test_a_letter_that_cannot_be_written_holds_up_nobody(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    await server.kill()
    due = {"created_at": datetime.now(UTC), "attempts": 0, "next_attempt_at": NOW}
    odd = [
        written(subject="a\r\nBcc: eve@example.org"),
        written(recipient="no address"),
        written(recipient="a@b.c\nd"),
    ]
    await execute(server, insert(outbox).values([letter | due for letter in [*odd, written()]]))
    await server.start()
    received = await mails.expect_message("ann@example.org")
    assert received.subject == "Hello"
    assert mails.mails == []
    await expect_emptied(server)
    assert server.log.read_text().count("mail.refused") == len(odd)


async def test_a_letter_and_what_it_tells_of_are_one(fresh_server: StartServer) -> None:
    """Where one of them cannot be stored, neither is."""
    server = await fresh_server()
    database = Database(server.database_url)
    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_away")
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        body = {"email": ann.email, "username": ann.username, "password": ann.password}
        assert (await ann.post("/client", body)).status_code in (500, 503)
        assert (await ann.post("/guest", {"email": ann.email})).status_code in (500, 503)
        assert await execute(server, select(users)) == await execute(server, select(registrations)) == []
        async with database.transaction() as connection:
            await connection.exec_driver_sql("ALTER TABLE outbox_away RENAME TO outbox")
        await ann.registers()
        assert len(await execute(server, select(registrations))) == 1
        await ann.confirms()
    await database.close()


async def test_a_sender_that_was_slow_sends_nothing_that_another_has_claimed(
    database: str, databases: Databases, tmp_path: Path
) -> None:
    """Two nodes send the letters of one database; a claim that is over is the other's."""
    now = [NOW]
    url = await databases.create_migrated(database, tmp_path / "data")
    storage = Database(url or f"sqlite:///{tmp_path / 'data' / 'parlour.db'}")
    one, other = (Outbox(storage, clock=lambda: now[0], delivers=True) for _ in range(2))
    try:
        async with storage.transaction() as connection:
            for name in ("ann", "bob", "cy"):
                letter = written(recipient=f"{name}@example.org")
                values = {**letter, "created_at": NOW, "attempts": 0, "next_attempt_at": NOW}
                await connection.execute(insert(outbox).values(values))
        ann, bob, cy = await one.claim(at_most=3)
        assert await other.claim(at_most=3) == []
        now[0] += timedelta(minutes=4)
        assert await one.still_claims(ann), "it is renewed before it ends"
        now[0] += timedelta(minutes=2)
        taken = {queued.id: queued for queued in await other.claim(at_most=3)}
        assert taken.keys() == {bob.id, cy.id}
        assert not await one.still_claims(bob)
        await one.remove(bob)
        await one.postpone(cy, timedelta(0))
        assert await other.claim(at_most=3) == []
        assert await other.still_claims(taken[bob.id])
        for queued in (ann, taken[bob.id], taken[cy.id]):
            await other.remove(queued)
        async with storage.reading() as connection:
            assert (await connection.execute(select(outbox))).all() == []
    finally:
        await storage.close()
