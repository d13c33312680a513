"""The check of the mail server: it connects, with TLS and login, and takes a mail where one is to be sent."""

import ssl

import aiosmtplib

from parlour.doctor.findings import Finding, Report
from parlour.mail.rendering import RenderedMail
from parlour.mail.smtp import (
    MailDeferred,
    MailRefused,
    MailServerUnavailable,
    SessionBroken,
    SmtpServer,
    parsed_sender,
    smtp_session,
)
from parlour.settings import Settings
from parlour.wire.base import is_loopback

_HINT = (
    "Open the mail's source: Authentication-Results has to say spf=pass or dkim=pass, otherwise ask who runs "
    "the mail server for SPF and DKIM records of {domain}."
)


class MailCheck:
    """Mails can be sent. With `send_to`, one is."""

    name = "mail"

    def __init__(self, settings: Settings, *, port: int, send_to: str | None) -> None:
        self._settings = settings
        self._port = port
        self._send_to = send_to

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        server = self._settings.smtp_server(port=self._port)
        if server is None:
            self._say_none(report)
            return report.findings
        sender = parsed_sender(self._settings.mail_from)
        if sender.domain in ("localhost", ""):
            report.warn(
                f"mails come from {sender.addr_spec}, which most mail servers refuse.",
                "Set PARLOUR_MAIL_FROM to an address of your domain.",
            )
        try:
            async with smtp_session(server, sender) as session:
                report.ok(
                    f"{server.host}:{server.port} answers{' and takes the login' if server.username else ''}."
                )
                if self._send_to is not None:
                    await session.send(_trial(self._send_to))
                    report.ok(f"it has taken a mail to {self._send_to}. {_HINT.format(domain=sender.domain)}")
        except MailServerUnavailable as error:
            _say_unavailable(report, server, error)
        except (MailRefused, MailDeferred, SessionBroken) as error:
            report.fail(
                f"it does not take a mail to {self._send_to} ({error}).",
                "See the mail server's log: it may relay no mails of this sender, or not know the recipient.",
            )
        if server.username and not server.implicit_tls and not is_loopback(server.host):
            await self._check_encryption(report, server)
        return report.findings

    def _say_none(self, report: Report) -> None:
        if self._settings.shows_mail(port=self._port):
            report.warn(
                "none is set: mails are shown at /dev/mail, to this machine alone.",
                "Set PARLOUR_SMTP_URL before others are to register.",
            )
        else:
            report.fail(
                "none is set, so nobody can confirm an account.",
                "Set PARLOUR_SMTP_URL, such as smtp://user:password@mail.example.org:587.",
            )

    async def _check_encryption(self, report: Report, server: SmtpServer) -> None:
        client = aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False, timeout=10)
        try:
            async with client:
                await client.ehlo()
                is_encrypted = client.supports_extension("starttls")
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return  # it has been said already that it does not answer
        if not is_encrypted:
            report.warn(
                "it offers no encryption (STARTTLS), so the password is sent in the clear.",
                "Use smtps:// if the mail server has that, or another mail server.",
            )


def _say_unavailable(report: Report, server: SmtpServer, error: MailServerUnavailable) -> None:
    reason = error.__cause__
    where = f"{server.host}:{server.port}"
    if isinstance(reason, aiosmtplib.SMTPAuthenticationError):
        report.fail(
            f"{where} refuses the login.", "Correct user and password in PARLOUR_SMTP_URL (with %40 for @)."
        )
    elif _is_tls(reason):
        report.fail(
            f"{where} and this server cannot agree on TLS, or its certificate is not valid for that name.",
            "Use smtps:// for TLS from the start (465) and smtp:// for STARTTLS (587), and the name in the "
            "certificate.",
        )
    elif str(error).partition(" ")[0] in ("SMTPSenderRefused", "SMTPHeloError"):
        report.fail(
            f"{where} refuses how this server names itself, or the sender ({error}).",
            "Set PARLOUR_SMTP_EHLO to this server's host name, and PARLOUR_MAIL_FROM to an address that it "
            "may send from.",
        )
    else:
        report.fail(
            f"{where} cannot be reached ({error}).",
            "See whether the host and port are right, and whether a firewall or the provider blocks outgoing "
            "mail (port 25 often is; 587 or 465 rarely).",
        )


def _is_tls(error: BaseException | None) -> bool:
    """True if TLS is anywhere among the reasons."""
    while error is not None:
        if isinstance(error, ssl.SSLError) or "certificate" in str(error).lower():
            return True
        error = error.__cause__ or error.__context__
    return False


def _trial(recipient: str) -> RenderedMail:
    text = "This is a trial of Parlour's mails (parlour doctor). Nothing has to be done."
    return RenderedMail(recipient, "A trial of Parlour's mails", text, f"<p>{text}</p>")
