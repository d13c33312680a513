"""A real SMTP server that keeps the mails that it receives."""

import asyncio
import email
import email.policy
import ssl
import warnings
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificate import self_signed
from tests.servers.process import free_port

Security = Literal["plain", "starttls", "tls"]


@dataclass(frozen=True)
class ReceivedMail:
    """A mail as received, with the facts of its SMTP session."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    login: str | None
    """The username of the login, if the server requires a login."""
    encrypted: bool
    ehlo: str
    """The name in the client's EHLO."""

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def raw_header(self, name: str) -> str:
        """Return the header as sent, with encoded words undecoded."""
        found = [value for key, value in self.message.raw_items() if key.lower() == name.lower()]
        return str(found[0])

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())


@dataclass
class _Refusal:
    answer: str
    times: int | None
    at: str
    text: str


class SmtpServer:
    """An SMTP server on a port of 127.0.0.1, in the event loop of the tests.

    `refuse("451 later")` refuses all mails until `accept()`; `times=1` only the next mail, `at="RCPT"` at
    another command than DATA, `text` only commands whose argument contains it. After an answer that begins
    with 421 the server hangs up. Without `smtputf8` it accepts only ASCII addresses.
    After `stop()`, `start()` brings the server back at the same address.
    Clients trust it by `certificate` (`SSL_CERT_FILE` for a child process).
    """

    def __init__(
        self,
        folder: Path,
        security: Security = "plain",
        login: tuple[str, str] | None = None,
        *,
        smtputf8: bool = True,
    ) -> None:
        self.smtputf8 = smtputf8
        self.security = security
        self.login = login
        self.port = free_port()
        self.mails: list[ReceivedMail] = []
        self.refused = 0
        self.certificate = folder / "smtp-certificate.pem"
        self._tls = _tls_context(folder, self.certificate) if security != "plain" else None
        self._refusal: _Refusal | None = None
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        user = ":".join(quote(part, safe="") for part in self.login) + "@" if self.login else ""
        # The certificate is for localhost and 127.0.0.1 alike.
        return f"smtp{'s' if self.security == 'tls' else ''}://{user}localhost:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, "127.0.0.1", self.port, ssl=self._tls if self.security == "tls" else None
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.abort()
            await self._server.wait_closed()
            self._server = None

    def refuse(self, answer: str, times: int | None = None, *, at: str = "DATA", text: str = "") -> None:
        """Answer mails with `answer` (a 4xx or 5xx line): all mails, or the next `times`."""
        self._refusal = _Refusal(answer, times, at, text)

    def accept(self) -> None:
        self._refusal = None

    async def expect_message(self, to: str, timeout: float = 60) -> ReceivedMail:  # noqa: ASYNC109 - reads better
        """Return the oldest mail to `to` that no earlier call has returned; wait for it."""
        async with asyncio.timeout(timeout), self._changed:
            while True:
                for index, mail in enumerate(self.mails):
                    if to in mail.recipients:
                        return self.mails.pop(index)
                await self._changed.wait()

    async def expect_refusals(self, count: int, timeout: float = 60) -> None:  # noqa: ASYNC109 - reads better
        """Wait until `count` mails in all have been refused."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: self.refused >= count)

    def _connection(self) -> SMTP:
        with warnings.catch_warnings():
            # aiosmtpd warns of logins without TLS, which some tests need.
            warnings.simplefilter("ignore")
            return _Connection(
                self,
                hostname="localhost",
                tls_context=self._tls if self.security == "starttls" else None,
                require_starttls=self.security == "starttls",
                auth_required=self.login is not None,
                auth_require_tls=self.security == "starttls",
                authenticator=self._authenticate,
                decode_data=False,
                enable_SMTPUTF8=self.smtputf8,
            )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.login, handled=given == self.login, auth_data=data)

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        if (refused := await self._refused("DATA", "")) is not None:
            return refused
        async with self._changed:
            self._changed.notify_all()
            content = envelope.content
            assert isinstance(content, bytes)
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.mails.append(
                ReceivedMail(
                    sender=envelope.mail_from or "",
                    recipients=list(envelope.rcpt_tos),
                    message=message,
                    login=self.login[0] if self.login and session.authenticated else None,
                    encrypted=session.ssl is not None or self.security == "tls",
                    ehlo=str(session.host_name),
                )
            )
            return "250 OK"

    async def handle_EHLO(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        if (refused := await self._refused("EHLO", hostname)) is not None:
            return [refused]
        session.host_name = hostname
        return answers

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:  # noqa: N802 - the same
        (answer,) = await self.handle_EHLO(server, session, envelope, hostname, [f"250 {server.hostname}"])
        return answer

    async def handle_MAIL(  # noqa: N802 - the same
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if (refused := await self._refused("MAIL", address)) is not None:
            return refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the same
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if (refused := await self._refused("RCPT", address)) is not None:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def _refused(self, command: str, argument: str) -> str | None:
        refusal = self._refusal
        if refusal is None or refusal.at != command or refusal.text not in argument or refusal.times == 0:
            return None
        if refusal.times is not None:
            refusal.times -= 1
        async with self._changed:
            self.refused += 1
            self._changed.notify_all()
        if refusal.answer.startswith("421"):
            for connection in list(self._connections):
                connection.abort()
        return refusal.answer


class _Connection(SMTP):
    """A connection that registers with its server, so that `stop` can close it."""

    def __init__(self, server: SmtpServer, **options: Any) -> None:
        super().__init__(server, **options)
        self._of = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._of._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._of._connections.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


def _tls_context(folder: Path, certificate: Path) -> ssl.SSLContext:
    key = folder / "smtp-key.pem"
    self_signed(certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
