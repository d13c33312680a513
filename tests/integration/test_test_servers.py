"""The tests' own servers do what the other tests rely on."""

import asyncio
import ssl

import aiosmtplib
import psycopg
import pytest

from tests.conftest import StartSmtpServer
from tests.servers import PostgresServer, SmtpServer
from tests.servers.browser import People
from tests.servers.smtp import Security


async def send(server: SmtpServer, *, to: str, login: tuple[str, str] | None = None) -> None:
    trust = ssl.create_default_context(cafile=str(server.certificate)) if server.security != "plain" else None
    username, password = login or server.login or (None, None)
    client = aiosmtplib.SMTP(
        hostname="localhost",
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=trust,
        username=username,
        password=password,
    )
    async with client:
        await client.sendmail("parlour@example.org", [to], "Subject: hello\r\n\r\nGood morning.\r\n")


@pytest.mark.parametrize("security", ["plain", "starttls", "tls"])
@pytest.mark.parametrize("login", [None, ("ann", "p@ss:word")])
async def test_mail_server_takes_mail(
    smtp_server: StartSmtpServer, security: Security, login: tuple[str, str] | None
) -> None:
    server = await smtp_server(security, login)
    await asyncio.gather(send(server, to="ann@example.org"), send(server, to="bob@example.org"))
    mail = await server.expect_message(to="bob@example.org")
    assert (mail.subject, mail.text.strip(), mail.sender) == ("hello", "Good morning.", "parlour@example.org")
    assert mail.encrypted == (security != "plain")
    assert mail.login == (login and "ann")


async def test_mail_server_refuses_on_demand(smtp_server: StartSmtpServer) -> None:
    server = await smtp_server()
    server.refuse("451 later", times=1)
    with pytest.raises(aiosmtplib.SMTPDataError):
        await send(server, to="ann@example.org")
    await send(server, to="ann@example.org")
    assert (server.refused, len(server.mails)) == (1, 1)


async def test_mail_server_refuses_a_wrong_password(smtp_server: StartSmtpServer) -> None:
    server = await smtp_server("tls", ("ann", "right"))
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await send(server, to="ann@example.org", login=("ann", "wrong"))
    assert not server.mails


async def test_mail_server_comes_back(smtp_server: StartSmtpServer) -> None:
    server = await smtp_server()
    port = server.port
    await server.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(server, to="ann@example.org")
    await server.start()
    await send(server, to="ann@example.org")
    assert server.port == port


async def test_postgres_comes_back_with_its_data(postgres: PostgresServer) -> None:
    url = await postgres.create_database()
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("CREATE TABLE kept (word text)")
    await postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(url)
    await postgres.start()
    async with await psycopg.AsyncConnection.connect(url) as connection:
        assert await (await connection.execute("SELECT count(*) FROM kept")).fetchone() == (0,)


async def test_people_see_through_a_fake_camera(person: People) -> None:
    ann = await person("ann", at="http://127.0.0.1")
    # A page of its own origin and no more: the camera is given to secure contexts alone.
    await ann.route("**/*", lambda route: route.fulfill(body="<title>here</title>", content_type="text/html"))
    await ann.goto("/")
    size = await ann.evaluate("""async () => {
        const video = document.createElement("video")
        video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true, audio: true })
        await video.play()
        return [video.videoWidth, video.videoHeight]
    }""")
    assert min(size) > 0
