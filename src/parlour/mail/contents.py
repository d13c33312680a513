"""The content of each kind of mail, as a type of its own, and its text. No type holds a secret.

The outbox stores these values as JSON. A link is stored as a reference to its verification row; its token is
signed when the mail is rendered, so that no copy of the database holds a token that still works.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never
from urllib.parse import urlsplit

import msgspec

from parlour.languages import DEFAULT_LANGUAGE, Direction
from parlour.mail.catalogue import MailTexts, mail_texts
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
    """The base of all mail contents; the class name is the tag `kind` in the outbox's JSON.

    `language` is the code of the language in which the mail is written; mails that older versions queued are
    English. Lifetimes are texts in that language.
    """

    language: str = DEFAULT_LANGUAGE


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

    `link` is None in mails that versions without invitation tokens queued. `starts_at` has the offset from
    UTC that its creator gave it.
    """

    inviter: str
    inviter_name: str = ""
    room: str
    path: str
    is_event: bool
    link: InvitationLink | None = None
    starts_at: datetime | None = None
    duration_minutes: int | None = None
    sequence: int = 0
    """The number of times that the event has got another time (RFC 5545, SEQUENCE)."""
    room_created_at: datetime | None = None


class _EventNews(_Kind, frozen=True, kw_only=True):
    """The base of mails to the invitees of an event; `inviter` is who has changed it.

    `sequence` grows with each change, so that calendars take the last one, in whichever order mails arrive.
    """

    inviter: str
    inviter_name: str = ""
    room: str
    path: str
    sequence: int
    duration_minutes: int | None = None
    room_created_at: datetime | None = None
    """Tells the room from an earlier one of the same id; None in mails that an older version queued."""


class EventMoved(_EventNews, frozen=True, kw_only=True, tag=True):
    """Tells an invitee when an event takes place now; `starts_at` is None while that is not known."""

    link: InvitationLink
    starts_at: datetime | None = None


class EventCancelled(_EventNews, frozen=True, kw_only=True, tag=True):
    """Tells an invitee that an event was removed before its end; `cancelled_at` is in Unix seconds."""

    room_id: int
    starts_at: datetime
    cancelled_at: int


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
    | EventMoved
    | EventCancelled
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the outbox stores it."""

    recipient: str
    content: Content | PreRenderedMail


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """The sentences of a mail, from which its text and HTML parts are rendered."""

    language: str
    direction: Direction
    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    action: str
    copy_link: str
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
    t = mail_texts(content.language)
    match content:
        case ClientVerification():
            return _mail_text(
                t,
                "client",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(t("client.text"),),
                link=f"{public_url}/verifyclient/{sign(content.link)}",
                footnote=t("client.footnote", lifetime=content.lifetime),
            )
        case GuestVerification():
            return _mail_text(
                t,
                "guest",
                greeting=_hello(t, content.display_name),
                paragraphs=(t("guest.text", guest_lifetime=content.guest_lifetime),),
                link=f"{public_url}/verifyguest/{sign(content.link)}",
                footnote=t("guest.footnote", lifetime=content.lifetime),
            )
        case PasswordReset():
            return _mail_text(
                t,
                "password",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(t("password.text"),),
                link=f"{public_url}/reset#{sign(content.link)}",
                footnote=t("password.footnote", lifetime=content.lifetime),
            )
        case PasswordWasChanged():
            return _mail_text(
                t,
                "password_changed",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(t("password_changed.text"), t("password_changed.warning")),
                link=f"{public_url}/forgot",
                footnote=t("password_changed.footnote"),
            )
        case EmailChangeConfirmation():
            return _mail_text(
                t,
                "email",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(t("email.text"),),
                link=f"{public_url}/verifyemail#{sign(content.link)}",
                footnote=t("email.footnote", lifetime=content.lifetime),
            )
        case EmailChangeNotice():
            return _mail_text(
                t,
                "email_notice",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(
                    t("email_notice.text", new_email=content.new_email),
                    t("email_notice.warning"),
                ),
                link=f"{public_url}/stopemail#{sign(content.link)}",
                footnote=t("email_notice.footnote", lifetime=content.lifetime),
            )
        case EmailWasChanged():
            return _mail_text(
                t,
                "email_changed",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(t("email_changed.text", new_email=content.new_email),),
                link=f"{public_url}/",
                footnote=t("email_changed.footnote"),
            )
        case AccountWasDeleted():
            return _mail_text(
                t,
                "deleted",
                greeting=_hello(t, content.display_name, content.username),
                paragraphs=(t("deleted.text"),),
                link=f"{public_url}/",
                footnote=t("deleted.footnote"),
            )
        case RoomInvitation() | EventMoved() | EventCancelled():
            return _text_to_invitee(t, content, recipient=recipient, public_url=public_url, sign=sign)
        case _:
            assert_never(content)


def _text_to_invitee(
    t: MailTexts,
    content: RoomInvitation | EventMoved | EventCancelled,
    *,
    recipient: str,
    public_url: str,
    sign: SignLink,
) -> MailText:
    """Write an invitation, or that its event takes place at another time or not at all.

    The inviter chose the room's name: it appears quoted in the text and never in the subject.
    """
    if isinstance(content, EventCancelled):
        return _cancelled_text(t, content, public_url=public_url)
    times = _times(t, content)
    if isinstance(content, EventMoved):
        kind = "event_moved"
        times = times or (t("event_moved.no_time"),)
    else:
        kind = "event" if content.is_event else "room"
    return _mail_text(
        t,
        kind,
        subject=t(f"{kind}.subject", inviter=content.inviter, host=_host(public_url)),
        greeting=t("greeting.plain"),
        paragraphs=(
            t(f"{kind}.text", inviter=_inviter(content), room=quotable(content.room)),
            *times,
            t("invitation.how", recipient=recipient),
        ),
        link=f"{public_url}{content.path}{_fragment(content.link, sign)}",
        footnote=t("invitation.footnote"),
    )


def _cancelled_text(t: MailTexts, content: EventCancelled, *, public_url: str) -> MailText:
    return _mail_text(
        t,
        "event_cancelled",
        subject=t("event_cancelled.subject", inviter=content.inviter, host=_host(public_url)),
        greeting=t("greeting.plain"),
        paragraphs=(
            t("event_cancelled.text", inviter=_inviter(content), room=quotable(content.room)),
            t("event_cancelled.was", time=_there(content.starts_at)),
        ),
        link=f"{public_url}/",
        footnote=t("event_cancelled.footnote"),
    )


def _mail_text(
    t: MailTexts,
    kind: str,
    *,
    greeting: str,
    paragraphs: tuple[str, ...],
    link: str,
    footnote: str,
    subject: str = "",
) -> MailText:
    """Put a mail together from its kind's subject and action, and from what is its own."""
    return MailText(
        language=t.language,
        direction=t.direction,
        subject=subject or t(f"{kind}.subject"),
        greeting=greeting,
        paragraphs=paragraphs,
        action=t(f"{kind}.action"),
        copy_link=t("copy_link"),
        link=link,
        footnote=footnote,
    )


def _hello(t: MailTexts, display_name: str | None, username: str = "") -> str:
    """Greet by name. A stranger may register any mailbox, so the display name is quoted as untrusted."""
    name = quotable(display_name) if display_name else username
    return t("greeting.named", name=name) if name else t("greeting.plain")


def _host(public_url: str) -> str:
    return urlsplit(public_url).hostname or "Parlour"


def _inviter(content: RoomInvitation | EventMoved | EventCancelled) -> str:
    """Name the inviter; a display name is always followed by the unique username."""
    if not content.inviter_name:
        return content.inviter
    return f"{quotable(content.inviter_name)} ({content.inviter})"


def _times(t: MailTexts, content: RoomInvitation | EventMoved) -> tuple[str, ...]:
    """Say when an event starts, on the clock of its creator and in UTC: the reader's zone is not known."""
    starts_at = content.starts_at
    if starts_at is None or (isinstance(content, RoomInvitation) and not content.is_event):
        return ()
    in_utc = _there(starts_at.astimezone(UTC))
    starts = (
        t("event.starts", time=in_utc)
        if not starts_at.utcoffset()
        else t("event.starts_there", there=_there(starts_at), time=in_utc)
    )
    if content.duration_minutes is None:
        return (starts,)
    lasts = t("event.lasts", duration=t.duration(timedelta(minutes=content.duration_minutes)))
    return (f"{starts} {lasts}",)


def _there(moment: datetime) -> str:
    """Write a moment on the clock of its offset."""
    zone = "UTC" if not moment.utcoffset() else f"({moment.tzname()})"
    return f"{moment:%Y-%m-%d %H:%M} {zone}"


def _fragment(link: InvitationLink | None, sign: SignLink) -> str:
    return "" if link is None else f"#invitation={sign(link)}"
