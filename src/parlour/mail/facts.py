"""What can happen to mails, as facts for the bus."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailQueued:
    """The outbox has mails that are due."""
