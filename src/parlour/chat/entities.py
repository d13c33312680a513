"""What a room's chat consists of."""

from dataclasses import dataclass
from datetime import datetime

from parlour.accounts.identity import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    position: int
    message_id: str
    author_id: UserId | None
    author_name: str
    author_email: str
    text: str
    sent_at: datetime
    author_display_name: str | None = None
