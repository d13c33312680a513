"""Convert chat messages and their changes to the events that members of a call receive."""

from msgspec import UNSET

from parlour.chat.entities import Message, Quote
from parlour.chat.facts import MessageDeleted, MessageEdited
from parlour.rooms.entities import Room
from parlour.wire import signaling
from parlour.wire.base import iso
from parlour.wire.signaling import ChatFromPeer, ChatQuote


def chat_message(room: Room, message: Message) -> ChatFromPeer:
    return ChatFromPeer(
        message_id=message.message_id,
        room=room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=iso(message.sent_at),
        display_name=message.author_display_name or UNSET,
        reply_to=message.reply_to or UNSET,
        quote=UNSET if message.quote is None else _quote(message.quote),
        edited_at=UNSET if message.edited_at is None else iso(message.edited_at),
        deleted_at=UNSET if message.deleted_at is None else iso(message.deleted_at),
    )


def _quote(quote: Quote) -> ChatQuote:
    return ChatQuote(quote.author_name, quote.text, quote.author_display_name or UNSET)


def message_edited(fact: MessageEdited) -> signaling.MessageEdited:
    message = fact.message
    return signaling.MessageEdited(
        message_id=message.message_id,
        room=fact.room.name,
        message=message.text,
        edited_at=iso(message.edited_at or message.sent_at),
    )


def message_deleted(fact: MessageDeleted) -> signaling.MessageDeleted:
    message = fact.message
    return signaling.MessageDeleted(
        message_id=message.message_id,
        room=fact.room.name,
        deleted_at=iso(message.deleted_at or message.sent_at),
    )
