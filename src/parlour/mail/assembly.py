"""Assemble the mail feature: the renderer, and the sending task where a mail server is configured."""

from dataclasses import dataclass
from email.headerregistry import Address

from fastapi import APIRouter

from parlour.mail.contents import SignLink
from parlour.mail.outbox import Outbox
from parlour.mail.rendering import MailRenderer
from parlour.mail.sender import MailSender
from parlour.mail.smtp import SmtpServer
from parlour.tasks import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOptions:
    """Options of outgoing mail; `server` None means no SMTP server, so mails stay in the outbox."""

    public_url: str
    sender: Address
    server: SmtpServer | None


class MailFeature:
    """Renders and sends the outbox; `sign` makes the tokens of links, which the outbox does not store."""

    def __init__(self, outbox: Outbox, tasks: Supervisor, sign: SignLink, options: MailOptions) -> None:
        self.renderer = MailRenderer(
            public_url=options.public_url, sender=options.sender.addr_spec, sign=sign
        )
        if options.server is not None:
            sender = MailSender(outbox, self.renderer, options.server, options.sender)
            tasks.repeat("mail", sender.step)

    def routers(self) -> list[APIRouter]:
        return []

    async def close(self) -> None:
        """Nothing to release: a mail whose sending is interrupted is claimed again when its lease ends."""
