"""Send mails over SMTP (RFC 5321), with TLS and login as configured by the URL."""

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
_SETTING_REFUSED = (
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
)
"""Refusals of our EHLO name, login or sender: a wrong setting, so the mail is kept for a later attempt."""
_SETTING_REFUSED_CODES = frozenset({500, 502, 503, 530, 534, 535, 538})
"""Replies to unknown or untimely commands, and demands for a login or TLS (RFC 4954)."""


class InvalidSmtpUrl(ValueError):
    """The URL is not smtp://user:password@host:port or smtps://…"""


class InvalidSender(ValueError):
    """The sender is not `Name <address>`."""


class MailRefused(Exception):
    """The mail server will never take this mail (a permanent reply, 5xx)."""


class MailDeferred(Exception):
    """The mail server does not take this mail now (a transient reply, 4xx)."""


class MailServerUnavailable(Exception):
    """The mail server cannot be reached, or takes no mail at all from this server."""


class SessionBroken(Exception):
    """The SMTP session ended during a mail; the mail may or may not be the reason."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The address, TLS mode and login of the mail server."""

    host: str
    port: int
    implicit_tls: bool
    username: str | None
    password: str | None
    ehlo: str | None = None
    """The name in our EHLO; None takes the system's host name, which is the id in a container."""

    @classmethod
    def from_url(cls, url: str, *, ehlo: str | None = None) -> "SmtpServer":
        """Parse a URL: `smtp://` upgrades by STARTTLS where offered, `smtps://` is TLS from the start.

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
    """Write a host for EHLO: an address as a literal, an international name in ASCII (RFC 5321, 4.1.3).

    Raises ValueError.
    """
    literal = host[1:-1].removeprefix("IPv6:") if host.startswith("[") and host.endswith("]") else host
    try:
        address = ip_address(literal)
    except ValueError:
        return ascii_domain(host)
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def parsed_sender(mail_from: str) -> Address:
    """Parse `Parlour <parlour@localhost>`, with the domain in ASCII (RFC 5891), which every server takes.

    Raises InvalidSender, also for non-ASCII before the `@`, which has no ASCII form.
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
    """A connection to the mail server, for any number of mails."""

    def __init__(self, client: aiosmtplib.SMTP, sender: Address) -> None:
        self._client = client
        self._sender = sender

    async def send(self, mail: RenderedMail) -> None:
        """Send a mail. Raises MailRefused, MailDeferred, SessionBroken or MailServerUnavailable."""
        try:
            recipient = deliverable_email(mail.recipient)
            await self._client.send_message(
                self._message(mail, recipient), sender=self._sender.addr_spec, recipients=[recipient]
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(error.recipients[0].code) from error
        except (ValueError, MessageError) as error:  # an address that no header can hold
            raise MailRefused(type(error).__name__) from error
        except _CONNECTION_LOST as error:
            raise SessionBroken(type(error).__name__) from error
        except _SETTING_REFUSED as error:
            raise MailServerUnavailable(f"{type(error).__name__} {error.code}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from error
        except aiosmtplib.SMTPException as error:  # such as an address in Unicode, without SMTPUTF8
            raise MailRefused(type(error).__name__) from error

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
        if mail.calendar is not None:
            message.add_attachment(
                mail.calendar.text,
                subtype="calendar",
                filename="event.ics",
                params={"method": mail.calendar.method},  # RFC 6047, section 2.4
            )
        return message


class _Literal(str):
    """A header value that the email library does not parse: prevents header injection.

    The library decodes encoded words (RFC 2047) in a value, line breaks included: a room or an address named
    like an encoded word would add headers of its own, or break the mail.
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
        """Return the header's lines (the email library's interface)."""
        value = str(self)
        if self._encoded and (not value.isascii() or "=?" in value or len(value) > _LONGEST_LINE):
            value = Header(value, "utf-8", header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {value}{policy.linesep}"


@asynccontextmanager
async def smtp_session(server: SmtpServer, sender: Address) -> AsyncIterator[SmtpSession]:
    """Connect, with TLS and login. Raises MailServerUnavailable."""
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


def _failure(code: int) -> MailRefused | MailDeferred | MailServerUnavailable:
    if code in _SETTING_REFUSED_CODES:
        return MailServerUnavailable(str(code))
    permanent = 500 <= code < 600
    return MailRefused(str(code)) if permanent else MailDeferred(str(code))
