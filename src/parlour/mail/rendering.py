"""Render queued mails as text and HTML at the moment of sending or showing them."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from parlour.mail.calendar import Calendar, event_calendar
from parlour.mail.contents import Mail, PreRenderedMail, SignLink, text_of

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail with signed links, for the mail server or /dev/mail; never stored, since tokens are secret."""

    recipient: str
    subject: str
    text: str
    html: str
    calendar: Calendar | None = None
    """An iCalendar object that is attached."""


class MailRenderer:
    """Signs the links of a mail and fills the templates. `sender` is the address that mails come from."""

    def __init__(self, *, public_url: str, sender: str, sign: SignLink) -> None:
        self._public_url = public_url.rstrip("/")
        self._sender = sender
        self._sign = sign

    def load(self) -> None:
        """Load the templates, which takes 0.1 seconds. The first mail does so otherwise; any thread may."""
        for name in ("mail.txt", "mail.html"):
            self._templates.get_template(name)

    @cached_property
    def _templates(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, select_autoescape

        loader = PackageLoader("parlour.mail", "templates")
        return Environment(loader=loader, autoescape=select_autoescape(["html"]), trim_blocks=True)

    def render(self, mail: Mail) -> RenderedMail:
        content = mail.content
        if isinstance(content, PreRenderedMail):
            return RenderedMail(mail.recipient, content.subject, content.text, content.html)
        mail_text = text_of(content, recipient=mail.recipient, public_url=self._public_url, sign=self._sign)
        text = self._templates.get_template("mail.txt").render(mail=mail_text)
        html = self._templates.get_template("mail.html").render(mail=mail_text)
        calendar = event_calendar(
            content, recipient=mail.recipient, organizer=self._sender, public_url=self._public_url
        )
        return RenderedMail(mail.recipient, mail_text.subject, text, html, calendar)
