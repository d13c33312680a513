"""Facts about mails that the bus publishes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailQueued:
    """The outbox has mails that are due."""
