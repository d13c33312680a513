"""The messages of a room's chat."""

from dataclasses import dataclass
from datetime import datetime

from parlour.accounts.identity import UserId

QUOTED_LENGTH = 200
"""Code points of an answered message that its answers show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The beginning of an answered message, as it is now: empty where it was deleted."""

    author_name: str
    author_display_name: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A stored message, with its author's names and address of that time.

    `reply_to` is the id of the message that this one answers. A deleted message has no text any more.
    Messages and changes of a room's chat are numbered in one order: `number` is the message's own,
    `change_number` that of its latest change; None if a version of Parlour without numbers has written it.
    """

    position: int
    message_id: str
    author_id: UserId | None
    author_name: str
    author_email: str
    text: str
    sent_at: datetime
    reply_to: str | None = None
    quote: Quote | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    author_display_name: str | None = None
    number: int | None = None
    change_number: int | None = None


@dataclass(frozen=True, slots=True)
class ChatEnd:
    """The latest number of a room's chat, and the latest position of its messages; 0 where there is none."""

    number: int
    position: int
