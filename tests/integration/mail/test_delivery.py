"""Letters over a real SMTP server: every kind of connection, both parts, sound headers."""

import email.utils
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses

import pytest

from parlour.mail.quotation import quotable
from tests.conftest import StartServer, StartSmtpServer, Unique
from tests.people import Person, Visitors, done, token_in
from tests.servers import Mail, ParlourServer, ReceivedMail, SmtpServer
from tests.servers.smtp import Security

pytestmark = pytest.mark.database("sqlite")


async def logged_in(visitors: Visitors, mails: SmtpServer) -> Person:
    """A client whose letter came by mail."""
    ann = await visitors.stranger("ann")
    await ann.registers()
    received = await mails.expect_message(ann.email)
    done(await ann.put("/client/verify", params={"token": token_of(received)}))
    await ann.logs_in()
    return ann


def token_of(received: ReceivedMail) -> str:
    token = token_in(Mail(to="", subject="", text=received.text, html=received.html, sent_at=""))
    assert token
    return token


LOGIN = ("ann@example.org", "p@ss:w/rd?")


@pytest.mark.parametrize(
    ("security", "login"), [("plain", None), ("plain", LOGIN), ("starttls", LOGIN), ("tls", LOGIN)]
)
async def test_every_kind_of_connection(
    fresh_server: StartServer,
    smtp_server: StartSmtpServer,
    security: Security,
    login: tuple[str, str] | None,
) -> None:
    mails = await smtp_server(security, login)
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url, "SSL_CERT_FILE": str(mails.certificate)})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        received = await mails.expect_message(ann.email)
        done(await ann.put("/client/verify", params={"token": token_of(received)}))
        assert (await ann.get("/dev/mail")).status_code == 404, "letters that are sent are not shown"
    assert received.encrypted == (security != "plain")
    assert received.login == (login and login[0])
    assert received.recipients == [ann.email]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_nobody_vouches_for_gets_no_letter(
    fresh_server: StartServer, smtp_server: StartSmtpServer, security: Security
) -> None:
    mails = await smtp_server(security)
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        await server.expect_log("mail.postponed")
    assert not mails.mails


async def test_a_wrong_password_is_said_in_the_log_without_it(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    mails = await smtp_server("plain", ("parlour", "right"))
    wrong = mails.url.replace("right", "sw0rdfish")
    server = await fresh_server({"PARLOUR_SMTP_URL": wrong})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        await server.expect_log("SMTPAuthenticationError")
    assert "sw0rdfish" not in server.log.read_text()
    assert ann.email not in server.log.read_text()
    assert not mails.mails


async def test_headers_and_parts(fresh_server: StartServer, smtp_server: StartSmtpServer) -> None:
    mails = await smtp_server()
    settings = {
        "PARLOUR_SMTP_URL": mails.url,
        "PARLOUR_MAIL_FROM": "Gesprächsraum <parlour@meet.example.org>",
        "PARLOUR_PUBLIC_URL": "https://meet.example.org/calls",
    }
    server = await fresh_server(settings)
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        # A link is made from the settings, whatever a request claims about its host.
        lies = {
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "host=evil.example",
            "Origin": "https://evil.example",
        }
        body = {"email": ann.email, "username": ann.username, "password": ann.password}
        done(await ann.post("/client", body, headers=lies))
        received = await mails.expect_message(ann.email)
        message = received.message
        assert received.sender == "parlour@meet.example.org"
        assert getaddresses([str(message["From"])]) == [("Gesprächsraum", "parlour@meet.example.org")]
        assert str(message["To"]) == ann.email
        assert message["Auto-Submitted"] == "auto-generated"
        assert str(message["Message-ID"]).endswith("@meet.example.org>")
        sent = email.utils.parsedate_to_datetime(str(message["Date"]))
        assert abs(datetime.now(UTC) - sent) < timedelta(minutes=1)
        assert message.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        link = f"https://meet.example.org/calls/verifyclient/{token_of(received)}"
        assert link in received.text
        assert f'href="{link}"' in received.html
        assert "evil.example" not in message.as_string() + received.text + received.html
        # Every mail has an id of its own.
        done(await ann.post("/verification", {"email": ann.email}))
        again = await mails.expect_message(ann.email)
        assert again.message["Message-ID"] != message["Message-ID"]


async def test_an_event_comes_with_its_calendar(
    fresh_server: StartServer, smtp_server: StartSmtpServer
) -> None:
    """Whoever takes its file over has the event, then at its new time, and no more once it is cancelled."""
    mails = await smtp_server()
    server = await fresh_server({"PARLOUR_SMTP_URL": mails.url})
    async with Visitors(server) as visitors:
        ann = await logged_in(visitors, mails)
        room = await ann.creates_room("Gärten; Höfe, Wälder")
        done(await ann.post("/event", {"room": room, "starts_at": "2026-12-01T15:00:00+01:00"}))
        await ann.invites("bob@example.org", to=room)
        received = await mails.expect_message("bob@example.org")
        lines = calendar_lines(received, method="REQUEST")
        assert "DTSTART:20261201T140000Z" in lines
        assert "SUMMARY:Gärten\\; Höfe\\, Wälder" in lines
        assert f'ORGANIZER;CN="{ann.username}":mailto:{received.sender}' in lines
        assert "2026-12-01 15:00 (UTC+01:00)" in received.text
        assert "2026-12-01 15:00 (UTC+01:00)" in received.html
        done(await ann.post("/room/change", {"room": room, "starts_at": "2090-12-02T15:00:00Z"}))
        moved = calendar_lines(await mails.expect_message("bob@example.org"), method="REQUEST")
        assert "DTSTART:20901202T150000Z" in moved
        done(await ann.post("/room/remove", {"room": room}))
        cancelled = calendar_lines(await mails.expect_message("bob@example.org"), method="CANCEL")
        assert "STATUS:CANCELLED" in cancelled
    uids = [[one for one in mail if one.startswith("UID:")] for mail in (lines, moved, cancelled)]
    assert len(uids[0]) == 1 and uids == [uids[0]] * 3
    sequences = [
        int(one.removeprefix("SEQUENCE:"))
        for calendar in (lines, moved, cancelled)
        for one in calendar
        if one.startswith("SEQUENCE:")
    ]
    assert sequences == [1, 2, 3]


def calendar_lines(received: ReceivedMail, *, method: str) -> list[str]:
    """Return the lines of the attached calendar, whose method its headers name too (RFC 6047)."""
    (calendar,) = received.message.iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar["Content-Type"].params["method"] == method
    assert calendar.get_filename() == "event.ics"
    lines: list[str] = calendar.get_content().replace("\r\n", "\n").replace("\n ", "").splitlines()
    assert f"METHOD:{method}" in lines
    return lines


ODD_NAMES = [
    "Garden <b>x</b>",
    'quote " and \\ back',
    "=?utf-8?q?Bcc=3A_eve=40example=2Eorg?=",
    "=?utf-8?q?a=0D=0ABcc=3A_eve=40example=2Eorg?=",
    "Bcc: eve@example.org",
    "☃ 🐎 ünïcödé " * 4,
    "a" * 64,
    "../../%2e%2e?#&=+",
    "...",
]


async def test_odd_room_names_stay_where_they_belong(
    server_with_mail: tuple[ParlourServer, SmtpServer], unique: Unique
) -> None:
    server, mails = server_with_mail
    async with Visitors(server) as visitors:
        ann = await logged_in(visitors, mails)
        for odd in ODD_NAMES:
            room = await ann.creates_room(odd.strip())
            bob = f"{unique('bob')}@example.org"
            await ann.invites(bob, to=room)
            assert_in_order(await mails.expect_message(bob), to=bob, inviter=ann.username, room=room)


def assert_in_order(received: ReceivedMail, *, to: str, inviter: str | None, room: str) -> None:
    message = received.message
    assert received.recipients == [to]
    assert message["Bcc"] is None
    assert sorted({name.lower() for name in message.keys()}) == [  # noqa: SIM118 - one name may come twice
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]
    assert received.subject == f"{inviter} has invited you to a room on localhost"
    assert f"“{quotable(room)}”" in received.text
    assert "<b>" not in received.html


async def test_a_room_name_is_one_line(server_with_mail: tuple[ParlourServer, SmtpServer]) -> None:
    server, mails = server_with_mail
    async with Visitors(server) as visitors:
        ann = await logged_in(visitors, mails)
        for breaking in ("\r\nBcc: eve@example.org", "\n", "\u2028", "\u0085", "\0", "\x1b"):
            body = {"name": f"a{breaking}b", "password": "secret", "description": "", "creator": ann.username}
            assert (await ann.post("/room", body)).status_code == 422, breaking


async def test_an_odd_address_holds_nothing_up(
    server_with_mail: tuple[ParlourServer, SmtpServer], unique: Unique
) -> None:
    """What looks like an encoded header is an address all the same (RFC 5322 allows its characters)."""
    server, mails = server_with_mail
    odd = f"=?utf-8?q?{unique('x')}=0D=0ABcc=3Aeve=40example=2Eorg?=@example.org"
    async with Visitors(server) as visitors:
        eve = await visitors.stranger("eve", email=odd)
        await eve.registers()
        ann = await visitors.stranger()
        await ann.registers()
        await mails.expect_message(ann.email)
    # aiosmtpd reads into the address what Parlour does not write into it.
    (received,) = [mail for mail in mails.mails if "eve@example.org" in mail.recipients[0]]
    assert len(received.recipients) == 1
    assert received.message["Bcc"] is None
    assert received.subject == "Confirm your Parlour account"


async def test_international_addresses(
    server_with_mail: tuple[ParlourServer, SmtpServer], unique: Unique
) -> None:
    server, mails = server_with_mail
    async with Visitors(server) as visitors:
        ann = await logged_in(visitors, mails)
        room = await ann.creates_room()
        jürgen, domain = f"jürgen.{unique('x')}@example.org", f"{unique('bob')}@bücher.example"
        await ann.invites(jürgen, domain, to=room)
        assert (await mails.expect_message(jürgen)).recipients == [jürgen]
        arrived = await mails.expect_message(domain.replace("bücher", "xn--bcher-kva"))
        assert str(arrived.message["Auto-Submitted"]) == "auto-generated"
