"""What the letters say; the text and HTML parts come from one set of paragraphs."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parlour.mail.quotation import quotable

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Letter:
    recipient: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    action: str
    link: str
    footnote: str


class Letters:
    """Writes letters whose links start with the public URL, never with a request's Host header."""

    def __init__(self, *, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._host = urlsplit(public_url).hostname or "Parlour"

    @cached_property
    def _templates(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, select_autoescape  # at the first letter, not at start

        loader = PackageLoader("parlour.mail", "templates")
        return Environment(loader=loader, autoescape=select_autoescape(["html"]), trim_blocks=True)

    def client_verification(self, *, email: str, username: str, token: str, lifetime: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="Confirm your Parlour account",
                greeting=f"Hello {username},",
                paragraphs=("please confirm that this address is yours, and your account is ready.",),
                action="Confirm my account",
                link=f"{self._public_url}/verifyclient/{token}",
                footnote=f"The link works once, for {lifetime}. If you did not register, ignore this letter.",
            ),
        )

    def guest_verification(self, *, email: str, token: str, lifetime: str, guest_lifetime: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="Your guest entry to Parlour",
                greeting="Hello,",
                paragraphs=(
                    f"this link lets you in as a guest. Your {guest_lifetime} start when you open it.",
                ),
                action="Enter as a guest",
                link=f"{self._public_url}/verifyguest/{token}",
                footnote=f"The link works once, for {lifetime}. If you did not ask, ignore this letter.",
            ),
        )

    def password_reset(self, *, email: str, username: str, token: str, lifetime: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="A new password for Parlour",
                greeting=f"Hello {username},",
                paragraphs=("this link lets you choose a new password. You are then logged out everywhere.",),
                action="Choose a new password",
                link=f"{self._public_url}/reset/{token}",
                footnote=f"The link works once, for {lifetime}. If you did not ask, ignore this letter: "
                "your password stays as it is.",
            ),
        )

    def password_changed(self, *, email: str, username: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="Your Parlour password was changed",
                greeting=f"Hello {username},",
                paragraphs=(
                    "your password was changed, and you were logged out on your other devices.",
                    "If it was not you, choose a new one at once.",
                ),
                action="It was not me",
                link=f"{self._public_url}/forgot",
                footnote="If it was you, there is nothing to do.",
            ),
        )

    def email_change(self, *, email: str, username: str, token: str, lifetime: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="Confirm your new email address",
                greeting=f"Hello {username},",
                paragraphs=("please confirm that your Parlour account shall have this address from now on.",),
                action="Confirm my new address",
                link=f"{self._public_url}/verifyemail/{token}",
                footnote=f"The link works once, for {lifetime}. If you did not ask, ignore this letter.",
            ),
        )

    def email_changed(self, *, email: str, username: str, new_email: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="Your Parlour account has another email address",
                greeting=f"Hello {username},",
                paragraphs=(f"your account now belongs to {new_email}. Letters go there from now on.",),
                action="Open Parlour",
                link=f"{self._public_url}/",
                footnote="If it was not you, tell whoever runs this server.",
            ),
        )

    def account_deleted(self, *, email: str, username: str) -> Letter:
        return self._write(
            email,
            _Content(
                subject="Your Parlour account was deleted",
                greeting=f"Hello {username},",
                paragraphs=(
                    "your account was deleted. What you wrote in rooms, and when you took part in events, "
                    "stays there under your name and address.",
                ),
                action="Open Parlour",
                link=f"{self._public_url}/",
                footnote="If it was not you, tell whoever runs this server.",
            ),
        )

    def invitation(self, *, email: str, inviter: str, room: str, path: str, is_event: bool) -> Letter:
        """Whoever invites has chosen the room's name: it stands in the text alone, quoted."""
        a, what = ("an", "event") if is_event else ("a", "room")
        return self._write(
            email,
            _Content(
                subject=f"{inviter} invites you to {a} {what} on {self._host}",
                greeting="Hello,",
                paragraphs=(
                    f"{inviter} invites you to the {what} “{quotable(room)}” on Parlour.",
                    f"Log in or come as a guest with this address ({email}): you need no room password.",
                ),
                action=f"Open the {what}",
                link=f"{self._public_url}{path}",
                footnote="If you do not know the sender, ignore this letter.",
            ),
        )

    def _write(self, recipient: str, content: _Content) -> Letter:
        text = self._templates.get_template("letter.txt").render(letter=content)
        html = self._templates.get_template("letter.html").render(letter=content)
        return Letter(recipient=recipient, subject=content.subject, text=text, html=html)
