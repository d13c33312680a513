"""Sends letters over SMTP (RFC 5321), with TLS and login as the URL says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import Policy
from email.utils import formatdate, make_msgid, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiosmtplib

from parlour.mail.rendering import RenderedMail
from parlour.wire.addresses import ascii_domain, deliverable_email

TIMEOUT_SECONDS = 30
_LONGEST_LINE = 60


_CONNECTION_LOST = (
    aiosmtplib.SMTPServerDisconnected,
    aiosmtplib.SMTPTimeoutError,
    aiosmtplib.SMTPConnectError,
    OSError,
)
_OF_US = (
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
)
"""Refusals of our name, our login or our sender: a wrong setting, which no letter is to be lost by."""
_CODES_OF_US = frozenset({500, 502, 503, 530, 534, 535, 538})
"""Commands that the server does not know or not now, and a login or TLS that it asks for (RFC 4954)."""


class InvalidSmtpUrl(ValueError):
    """A URL that is not smtp://user:password@host:port or smtps://…"""


class InvalidSender(ValueError):
    """A sender that is not `Name <address>`."""


class LetterRefused(Exception):
    """The mail server will never take this letter (a permanent answer, 5xx)."""


class LetterDeferred(Exception):
    """The mail server does not take this letter now (a transient answer, 4xx)."""


class MailServerUnavailable(Exception):
    """The mail server cannot be reached, or takes nothing from us, whatever the letter."""


class SessionBroken(Exception):
    """The session with the mail server ended during a letter, which may be the reason or not."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    implicit_tls: bool
    username: str | None
    password: str | None
    ehlo: str | None = None
    """How this machine names itself to it; None is the name that the system has, in a container its id."""

    @classmethod
    def from_url(cls, url: str, *, ehlo: str | None = None) -> "SmtpServer":
        """`smtp://` upgrades by STARTTLS where the server offers it, `smtps://` is TLS from the start.

        Raises InvalidSmtpUrl.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidSmtpUrl("is no URL") from error
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise InvalidSmtpUrl("is not smtp://user:password@host:port or smtps://…")
        implicit_tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=port or (465 if implicit_tls else 587 if parts.username else 25),
            implicit_tls=implicit_tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            ehlo=ehlo,
        )


def ehlo_name(host: str) -> str:
    """A host as EHLO names it: an address as a literal, an international name in ASCII (RFC 5321, 4.1.3).

    Raises ValueError.
    """
    literal = host[1:-1].removeprefix("IPv6:") if host.startswith("[") and host.endswith("]") else host
    try:
        address = ip_address(literal)
    except ValueError:
        return ascii_domain(host)
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def parsed_sender(mail_from: str) -> Address:
    """`Parlour <parlour@localhost>` as an address that every mail server takes: its domain is in ASCII
    (RFC 5891). Before the `@` nothing else than ASCII has such a form. Raises InvalidSender.
    """
    name, address = parseaddr(mail_from)
    user, at, domain = address.rpartition("@")
    if not at or not user or not domain or not mail_from.isprintable():
        raise InvalidSender("is not `Name <address>`")
    if not user.isascii():
        raise InvalidSender("has letters before the @ that not every mail server takes; use ASCII there")
    try:
        return Address(display_name=name, username=user, domain=ascii_domain(domain))
    except (ValueError, MessageError) as error:
        raise InvalidSender("is not `Name <address>`") from error


class SmtpSession:
    """One connection to the mail server."""

    def __init__(self, client: aiosmtplib.SMTP, sender: Address) -> None:
        self._client = client
        self._sender = sender

    async def send(self, mail: RenderedMail) -> None:
        """Raises LetterRefused, LetterDeferred, SessionBroken or MailServerUnavailable."""
        try:
            recipient = deliverable_email(mail.recipient)
            await self._client.send_message(
                self._message(mail, recipient), sender=self._sender.addr_spec, recipients=[recipient]
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(error.recipients[0].code) from error
        except (ValueError, MessageError) as error:  # an address that no header can hold
            raise LetterRefused(type(error).__name__) from error
        except _CONNECTION_LOST as error:
            raise SessionBroken(type(error).__name__) from error
        except _OF_US as error:
            raise MailServerUnavailable(f"{type(error).__name__} {error.code}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from error
        except aiosmtplib.SMTPException as error:  # such as an address in Unicode, without SMTPUTF8
            raise LetterRefused(type(error).__name__) from error

    def _message(self, mail: RenderedMail, recipient: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = _Literal("To", recipient)
        message["Subject"] = _Literal("Subject", mail.subject, encoded=True)
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = make_msgid(domain=self._sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


class _Literal(str):
    """A header whose value is what it says, and nothing read into it.

    The library decodes what looks like an encoded word (RFC 2047) in a value, line breaks included: a
    room or an address of such a name would write headers of its own, or spoil the letter.
    """

    name: str
    _encoded: bool

    def __new__(cls, name: str, value: str, *, encoded: bool = False) -> "_Literal":
        if len(value.splitlines()) > 1:
            raise ValueError("a header is one line")
        literal = super().__new__(cls, value)
        literal.name, literal._encoded = name, encoded
        return literal

    def fold(self, *, policy: Policy) -> str:
        """How the library asks a header for its lines."""
        value = str(self)
        if self._encoded and (not value.isascii() or "=?" in value or len(value) > _LONGEST_LINE):
            value = Header(value, "utf-8", header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {value}{policy.linesep}"


@asynccontextmanager
async def smtp_session(server: SmtpServer, sender: Address) -> AsyncIterator[SmtpSession]:
    """Raises MailServerUnavailable where no session comes about."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        local_hostname=server.ehlo,
        port=server.port,
        use_tls=server.implicit_tls,
        start_tls=False if server.implicit_tls else None,
        username=server.username,
        password=server.password,
        timeout=TIMEOUT_SECONDS,
    )
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise MailServerUnavailable(type(error).__name__) from error
    try:
        yield SmtpSession(client, sender)
    finally:
        client.close()


def _failure(code: int) -> LetterRefused | LetterDeferred | MailServerUnavailable:
    if code in _CODES_OF_US:
        return MailServerUnavailable(str(code))
    permanent = 500 <= code < 600
    return LetterRefused(str(code)) if permanent else LetterDeferred(str(code))
