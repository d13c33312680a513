"""The messages of a room's chat."""

from dataclasses import dataclass
from datetime import datetime

from parlour.accounts.identity import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A stored message, with its author's names and address of that time."""

    position: int
    message_id: str
    author_id: UserId | None
    author_name: str
    author_email: str
    text: str
    sent_at: datetime
    author_display_name: str | None = None
