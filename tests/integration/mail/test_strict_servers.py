"""Mail servers that are strict, old or rude: no letter is lost by what another one, or a setting, did."""

import asyncio
import sqlite3

import pytest

from tests.conftest import StartServer, StartSmtpServer, Unique
from tests.integration.mail.test_delivery import logged_in
from tests.people import Visitors
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")


async def test_an_international_sender_and_a_server_of_before(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server(smtputf8=False)
    sender = "Bücherstube „Löwe“ <parlour@bücher.example>"
    server = await fresh_server(
        {
            "PARLOUR_SMTP_URL": mails.url,
            "PARLOUR_MAIL_FROM": sender,
            "PARLOUR_PUBLIC_URL": "https://löwe.example/meet",
        }
    )
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        received = await mails.expect_message(ann.email)
        assert received.ehlo == "xn--lwe-sna.example", "and no `localhost`, which strict servers refuse"
        assert received.sender == "parlour@xn--bcher-kva.example"
        (address,) = received.message["From"].addresses
        assert address.display_name == "Bücherstube „Löwe“"
        assert address.addr_spec == "parlour@xn--bcher-kva.example"
        for name in ("From", "To", "Subject", "Message-ID"):
            assert received.raw_header(name).isascii(), name
        # Who cannot be reached there is alone in it.
        await (await visitors.stranger(email="jürgen@example.org")).registers()
        await server.expect_log("mail.refused")
        bob = await visitors.stranger()
        await bob.registers()
        await mails.expect_message(bob.email)


@pytest.mark.parametrize("answer", ["550 No such user here", "421 Go away"])
@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_one_refusal_is_nobody_elses(
    fresh_server: StartServer, smtp_server: StartSmtpServer, unique: Unique, answer: str, at: str
) -> None:
    """All are invited at once, so that they are sent in one session; a server may hang up after a refusal."""
    mails = await smtp_server()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await logged_in(visitors, mails)
        room = await ann.creates_room()
        people = [f"{unique(name)}@example.org" for name in ("bad", "bob", "cyd", "dan")]
        if at == "RCPT":
            mails.refuse(answer, at=at, text=people[0])
        else:
            mails.refuse(answer, times=1, at=at)
        await ann.invites(*people, to=room)
        await asyncio.gather(*(mails.expect_message(someone) for someone in people[1:]))


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ("EHLO", "550 Who are you?"),
        ("MAIL", "553 Not your address"),
        ("MAIL", "530 Authentication required"),
        ("RCPT", "530 Authentication required"),
    ],
)
async def test_a_wrong_setting_loses_no_letter(
    fresh_server: StartServer, smtp_server: StartSmtpServer, at: str, answer: str
) -> None:
    mails = await smtp_server()
    mails.refuse(answer, at=at)
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        await server.expect_log("mail.postponed")
        mails.accept()
        await mails.expect_message(ann.email)


async def test_a_letter_of_a_newer_version_keeps_no_other_back(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    await put_down(server, '{"type":"FromTheFuture"}')
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        await mails.expect_message(ann.email)
    await server.expect_log("mail.unreadable")


async def put_down(server: ParlourServer, content: str) -> None:
    with sqlite3.connect(server.folder / "data" / "parlour.db") as database:
        database.execute(
            "INSERT INTO outbox (recipient, content, created_at, next_attempt_at, attempts)"
            " SELECT 'x@example.org', ?, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 0",
            [content],
        )
