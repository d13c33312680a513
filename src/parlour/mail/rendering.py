"""Writes letters out as mails, at the moment at which they are sent or shown."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from parlour.mail.contents import Mail, SignLink, Written, text_of

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """With its links' tokens: it is handed to the mail server or the browser, and stored nowhere."""

    recipient: str
    subject: str
    text: str
    html: str


class MailRenderer:
    def __init__(self, *, public_url: str, sign: SignLink) -> None:
        self._public_url = public_url.rstrip("/")
        self._sign = sign

    @cached_property
    def _templates(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, select_autoescape  # at the first letter, not at start

        loader = PackageLoader("parlour.mail", "templates")
        return Environment(loader=loader, autoescape=select_autoescape(["html"]), trim_blocks=True)

    def render(self, mail: Mail) -> RenderedMail:
        content = mail.content
        if isinstance(content, Written):
            return RenderedMail(mail.recipient, content.subject, content.text, content.html)
        said = text_of(content, recipient=mail.recipient, public_url=self._public_url, sign=self._sign)
        text = self._templates.get_template("mail.txt").render(mail=said)
        html = self._templates.get_template("mail.html").render(mail=said)
        return RenderedMail(mail.recipient, said.subject, text, html)
