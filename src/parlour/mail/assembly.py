"""Puts mail together: how it is written out, and the task that sends it where a mail server is set."""

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
    """`server` is None where no mail server is set: mails then stay in the outbox."""

    public_url: str
    sender: Address
    server: SmtpServer | None


class MailFeature:
    """`sign` makes the tokens of links, which no outbox holds."""

    def __init__(self, outbox: Outbox, tasks: Supervisor, sign: SignLink, options: MailOptions) -> None:
        self.renderer = MailRenderer(public_url=options.public_url, sign=sign)
        if options.server is not None:
            sender = MailSender(outbox, self.renderer, options.server, options.sender)
            tasks.repeat("mail", sender.step)

    def routers(self) -> list[APIRouter]:
        return []

    async def close(self) -> None:
        """A mail under way is sent again after its lease."""
