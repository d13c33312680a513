"""Convert a stored chat message to the event that members of a call receive."""

from msgspec import UNSET

from parlour.chat.entities import Message
from parlour.rooms.entities import Room
from parlour.wire.base import iso
from parlour.wire.signaling import ChatFromPeer


def chat_message(room: Room, message: Message) -> ChatFromPeer:
    return ChatFromPeer(
        message_id=message.message_id,
        room=room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=iso(message.sent_at),
        display_name=message.author_display_name or UNSET,
    )
