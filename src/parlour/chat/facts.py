"""Facts about a room's chat, for the bus."""

from dataclasses import dataclass

from parlour.chat.entities import Message
from parlour.rooms.entities import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStored:
    """A new message is in the room's chat.

    `sent_by` names the connection through which it came, whose author has it already; None where it came
    another way.
    """

    room: Room
    message: Message
    sent_by: str | None

    @property
    def number(self) -> int | None:
        """Return the place in the order of the room's chat."""
        return self.message.number


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEdited:
    """A message has another text. `sent_by` as in MessageStored."""

    room: Room
    message: Message
    sent_by: str | None

    @property
    def number(self) -> int | None:
        """Return the place in the order of the room's chat."""
        return self.message.change_number


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDeleted:
    """A message has no text any more: its author deleted it, or the room's creator removed it."""

    room: Room
    message: Message
    sent_by: str | None

    @property
    def number(self) -> int | None:
        """Return the place in the order of the room's chat."""
        return self.message.change_number


ChatFact = MessageStored | MessageEdited | MessageDeleted
