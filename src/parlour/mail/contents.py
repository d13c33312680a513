"""The content of each kind of mail, as a type of its own, and its English text. No type holds a secret.

The outbox stores these values as JSON. A link is stored as a reference to its verification row; its token is
signed when the mail is rendered, so that no copy of the database holds a token that still works.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlsplit

import msgspec

from parlour.mail.quotation import quotable


class VerificationLink(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a verification token, unsigned: only the server's secret turns them into a token.

    `issued_at` and `expires_at` are seconds of Unix time.
    """

    verification_id: str
    user_id: int
    purpose: str
    issued_at: int
    expires_at: int


class RegistrationLink(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of the token that confirms a pending registration, unsigned; times are Unix seconds."""

    registration_id: str
    issued_at: int
    expires_at: int


class InvitationLink(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of an invitation's token, unsigned: presenting the token proves access to the mailbox."""

    room_id: int
    email: str
    issued_at: int
    expires_at: int


SignLink = Callable[[VerificationLink | RegistrationLink | InvitationLink], str]
"""Returns the signed token of a link."""


class _Kind(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """The base of all mail contents; the class name is the tag `kind` in the outbox's JSON."""


class _ToAccount(_Kind, frozen=True, kw_only=True):
    """The base of mails to a client account: the greeting uses the display name, else the username."""

    username: str
    display_name: str | None = None


class ClientVerification(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Asks the owner of an address to confirm a registration."""

    lifetime: str
    link: RegistrationLink


class GuestVerification(_Kind, frozen=True, kw_only=True, tag=True):
    """Lets a guest in; `guest_lifetime` is the length of the visit as text."""

    display_name: str | None = None
    lifetime: str
    guest_lifetime: str
    link: VerificationLink


class PasswordReset(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Answers a request for a forgotten password."""

    lifetime: str
    link: VerificationLink


class PasswordWasChanged(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Tells the owner of an account that its password was changed or reset."""


class EmailChangeConfirmation(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Goes to the new address: opening the link proves that the mailbox is the account owner's."""

    lifetime: str
    link: VerificationLink


class EmailChangeNotice(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Goes to the old address as soon as a change is asked for; its link stops the change."""

    new_email: str
    lifetime: str
    link: VerificationLink


class EmailWasChanged(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Tells the old address that the account has moved to the new one."""

    new_email: str


class AccountWasDeleted(_ToAccount, frozen=True, kw_only=True, tag=True):
    """Confirms the deletion to the address of the deleted account."""


class RoomInvitation(_Kind, frozen=True, kw_only=True, tag=True):
    """Invites an address to a room; `path` is the room's page, `inviter_name` the inviter's display name.

    `link` is None in mails that versions without invitation tokens queued.
    """

    inviter: str
    inviter_name: str = ""
    room: str
    path: str
    is_event: bool
    link: InvitationLink | None = None


class PreRenderedMail(_Kind, frozen=True, kw_only=True, tag="Written"):
    """A mail that an older version of Parlour left in the outbox: subject and bodies are already text."""

    subject: str
    text: str
    html: str


Content = (
    ClientVerification
    | GuestVerification
    | PasswordReset
    | PasswordWasChanged
    | EmailChangeConfirmation
    | EmailChangeNotice
    | EmailWasChanged
    | AccountWasDeleted
    | RoomInvitation
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the outbox stores it."""

    recipient: str
    content: Content | PreRenderedMail


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """The sentences of a mail, from which its text and HTML parts are rendered."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    action: str
    link: str
    footnote: str


def text_of(
    content: Content,
    *,
    recipient: str,
    public_url: str,
    sign: SignLink,
) -> MailText:
    """Write a mail. Links start with the public URL, never with a request's Host header.

    A token is the fragment of its link (`/reset#<token>`): browsers do not send fragments, so no proxy logs
    it. The paths in the mails of registration are fixed by the protocol and hold the token in the path.
    """
    match content:
        case ClientVerification():
            return MailText(
                subject="Confirm your Parlour account",
                greeting=_hello(content.display_name, content.username),
                paragraphs=("Please confirm that this address is yours to finish setting up your account.",),
                action="Confirm my account",
                link=f"{public_url}/verifyclient/{sign(content.link)}",
                footnote=f"The link works once, for {content.lifetime}. If you didn't sign up, you can "
                "ignore this email.",
            )
        case GuestVerification():
            return MailText(
                subject="Join Parlour as a guest",
                greeting=_hello(content.display_name),
                paragraphs=(
                    "This link lets you join as a guest. "
                    f"Your {content.guest_lifetime} start when you use it.",
                ),
                action="Join as a guest",
                link=f"{public_url}/verifyguest/{sign(content.link)}",
                footnote=f"The link works once, for {content.lifetime}. If you didn't ask for it, "
                "you can ignore this email.",
            )
        case PasswordReset():
            return MailText(
                subject="Reset your Parlour password",
                greeting=_hello(content.display_name, content.username),
                paragraphs=(
                    "Use this link to choose a new password. You will then be logged out everywhere.",
                ),
                action="Choose a new password",
                link=f"{public_url}/reset#{sign(content.link)}",
                footnote=f"The link works once, for {content.lifetime}. If you didn't ask for it, "
                "you can ignore this email: your password stays the same.",
            )
        case PasswordWasChanged():
            return MailText(
                subject="Your Parlour password was changed",
                greeting=_hello(content.display_name, content.username),
                paragraphs=(
                    "Your password was changed, and you were logged out on your other devices.",
                    "If this wasn't you, choose a new password right away.",
                ),
                action="This wasn't me",
                link=f"{public_url}/forgot",
                footnote="If it was you, there is nothing you need to do.",
            )
        case EmailChangeConfirmation():
            return MailText(
                subject="Confirm your new email address",
                greeting=_hello(content.display_name, content.username),
                paragraphs=(
                    "Please confirm that you want to use this address for your Parlour account from now on.",
                ),
                action="Confirm my new address",
                link=f"{public_url}/verifyemail#{sign(content.link)}",
                footnote=f"The link works once, for {content.lifetime}. If you didn't ask for it, "
                "you can ignore this email.",
            )
        case EmailChangeNotice():
            return MailText(
                subject="Someone asked to change your Parlour email address",
                greeting=_hello(content.display_name, content.username),
                paragraphs=(
                    "Someone who knows your password has asked to change your account's email address to "
                    f"{content.new_email}. The change takes effect when the link in the email sent to that "
                    "address is opened.",
                    "If this wasn't you, stop the change and choose a new password right away.",
                ),
                action="This wasn't me: stop the change",
                link=f"{public_url}/stopemail#{sign(content.link)}",
                footnote=f"This link works for {content.lifetime}. If it was you, there is nothing to do.",
            )
        case EmailWasChanged():
            return MailText(
                subject="Your Parlour email address was changed",
                greeting=_hello(content.display_name, content.username),
                paragraphs=(
                    f"Your account's email address is now {content.new_email}. Emails go there from now on.",
                ),
                action="Open Parlour",
                link=f"{public_url}/",
                footnote="If this wasn't you, contact this server's administrator.",
            )
        case AccountWasDeleted():
            return MailText(
                subject="Your Parlour account was deleted",
                greeting=_hello(content.display_name, content.username),
                paragraphs=(
                    "Your account was deleted. Your chat messages and the times you attended events are kept "
                    "under your name and email address.",
                ),
                action="Open Parlour",
                link=f"{public_url}/",
                footnote="If this wasn't you, contact this server's administrator.",
            )
        case RoomInvitation():
            # The inviter chose the room's name: it appears quoted in the text and never in the subject.
            a, what = ("an", "event") if content.is_event else ("a", "room")
            host = urlsplit(public_url).hostname or "Parlour"
            return MailText(
                subject=f"{content.inviter} has invited you to {a} {what} on {host}",
                greeting="Hello,",
                paragraphs=(
                    f"{_inviter(content)} has invited you to the {what} "
                    f"“{quotable(content.room)}” on Parlour.",
                    f"Log in or join as a guest with this address ({recipient}). You won't need a password.",
                ),
                action=f"Open the {what}",
                link=f"{public_url}{content.path}{_fragment(content.link, sign)}",
                footnote="If you don't know the sender, you can ignore this email.",
            )
        case _:
            assert_never(content)


def _hello(display_name: str | None, username: str = "") -> str:
    """Greet by name. A stranger may register any mailbox, so the display name is quoted as untrusted."""
    name = quotable(display_name) if display_name else username
    return f"Hello {name}," if name else "Hello,"


def _inviter(content: RoomInvitation) -> str:
    """Name the inviter; a display name is always followed by the unique username."""
    if not content.inviter_name:
        return content.inviter
    return f"{quotable(content.inviter_name)} ({content.inviter})"


def _fragment(link: InvitationLink | None, sign: SignLink) -> str:
    return "" if link is None else f"#invitation={sign(link)}"
