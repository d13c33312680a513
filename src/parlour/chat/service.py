"""The use cases of a room's chat: write, read, edit, delete."""

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from parlour.accounts.identity import Identity
from parlour.chat import store
from parlour.chat.entities import ChatEnd, Message
from parlour.chat.facts import ChatFact, MessageDeleted, MessageEdited, MessageStored
from parlour.db.database import Database, Transaction
from parlour.errors import Unavailable
from parlour.limits.quotas import Quota
from parlour.rooms.authorization import permitted, permitted_to_write
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.policy import Action
from parlour.rooms.refusals import MessageIdTaken, MessageNotFound, NotTheAuthor
from parlour.wire.base import message_cost
from parlour.wire.names import name_key

LONGEST_WAIT_SECONDS = 4
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `more`: older ones exist."""

    room: Room
    messages: list[Message]
    more: bool


class Chat:
    """A room's messages are written one after the other: their order in the database is the order in which
    they are written, and so published (MessageStored). So are their changes.
    """

    def __init__(
        self, *, database: Database, messages: Quota, clock: Callable[[], datetime], is_numbered: bool = False
    ) -> None:
        """`is_numbered`: other nodes write to the same chats; numbers tell them what they have missed."""
        self._database = database
        self._is_numbered = is_numbered
        self._messages = messages
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._unsure: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def write(
        self,
        identity: Identity,
        *,
        room: str,
        text: str,
        message_id: str | None,
        reply_to: str | None = None,
        sent_by: str | None = None,
    ) -> Message:
        """Store a message; the same id again stores nothing new. `sent_by` names the author's connection,
        `reply_to` the message of the same room that this one answers.

        Raises RateLimited, RoomNotFound, what policy says, Unavailable, MessageIdTaken where the id is
        another author's, or MessageNotFound where there is no message to answer.
        """
        await self._messages.take(str(identity.user_id), cost=message_cost(text))
        key = name_key(room), message_id or str(uuid.uuid4())
        async with self._turn(key[0]):
            try:
                message = await self._write(
                    identity,
                    room=room,
                    text=text,
                    chosen_id=key[1],
                    reply_to=reply_to,
                    sent_by=sent_by,
                    is_unsure=key in self._unsure,
                )
            except SQLAlchemyError:
                self._doubt(key)
                raise
            self._unsure.pop(key, None)
            return message

    @asynccontextmanager
    async def _turn(self, room: str) -> AsyncIterator[None]:
        lock = self._turns.setdefault(room, asyncio.Lock())
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError as error:
            raise Unavailable from error
        try:
            yield
        finally:
            lock.release()

    def _doubt(self, key: tuple[str, str]) -> None:
        """A commit that failed may have happened: MessageStored is published when it comes again."""
        self._unsure[key] = None
        if len(self._unsure) > REMEMBERED:
            self._unsure.popitem(last=False)

    async def _write(
        self,
        identity: Identity,
        *,
        room: str,
        text: str,
        chosen_id: str,
        reply_to: str | None,
        sent_by: str | None,
        is_unsure: bool,
    ) -> Message:
        """`is_unsure`: a commit that failed may have stored the message, and nobody was told of it."""

        async def write(connection: Transaction) -> Message:
            known = await permitted_to_write(connection, Action.WRITE, room=room, identity=identity)
            answered = None if reply_to is None else await _existing(connection, known, reply_to)
            new = await store.add_message(
                connection,
                known.room_id,
                message_id=chosen_id,
                author_id=identity.user_id,
                author_name=identity.name,
                author_display_name=identity.display_name,
                author_email=identity.email,
                text=text,
                now=self._clock(),
                answered=answered,
                is_numbered=self._is_numbered,
            )
            stored = new or await store.message(connection, known.room_id, chosen_id)
            if stored is None or stored.author_id != identity.user_id:
                raise MessageIdTaken
            if new is not None or is_unsure:
                connection.after_commit(MessageStored(room=known, message=stored, sent_by=sent_by))
            return stored

        return await self._database.transact(write)

    async def edit(
        self, identity: Identity, message_id: str, *, room: str, text: str, sent_by: str | None = None
    ) -> Message:
        """Replace the text of a message of one's own. Raises as `delete` does."""
        await self._messages.take(str(identity.user_id), cost=message_cost(text))

        async def edit(connection: Transaction) -> Message:
            known = await permitted_to_write(connection, Action.WRITE, room=room, identity=identity)
            message = await _own(connection, known, message_id, identity)
            counted = await self._count(connection, known)
            if not await store.edit_message(
                connection, known.room_id, message_id, text=text, counted=counted
            ):
                raise MessageNotFound
            edited = replace(message, text=text, edited_at=counted.at, change_number=counted.number)
            connection.after_commit(MessageEdited(room=known, message=edited, sent_by=sent_by))
            return edited

        async with self._turn(name_key(room)):
            return await self._database.transact(edit)

    async def delete(
        self, identity: Identity, message_id: str, *, room: str, sent_by: str | None = None
    ) -> Message:
        """Delete a message of one's own; again is harmless.

        Raises RateLimited, RoomNotFound, what policy says, Unavailable, MessageNotFound, or NotTheAuthor.
        """

        async def delete(connection: Transaction) -> Message:
            known = await permitted_to_write(connection, Action.WRITE, room=room, identity=identity)
            message = await _own(connection, known, message_id, identity)
            return await self._delete(connection, known, message, sent_by)

        return await self._take_away(delete, identity, room)

    async def remove(
        self, identity: Identity, message_id: str, *, room: str, sent_by: str | None = None
    ) -> Message:
        """Delete anybody's message, as the room's creator; again is harmless. Raises as `delete` does."""

        async def remove(connection: Transaction) -> Message:
            known = await permitted_to_write(connection, Action.REMOVE_MESSAGE, room=room, identity=identity)
            message = await _existing(connection, known, message_id)
            return await self._delete(connection, known, message, sent_by)

        return await self._take_away(remove, identity, room)

    async def _take_away(
        self, work: Callable[[Transaction], Coroutine[Any, Any, Message]], identity: Identity, room: str
    ) -> Message:
        await self._messages.take(str(identity.user_id), cost=1)
        async with self._turn(name_key(room)):
            return await self._database.transact(work)

    async def _delete(
        self, connection: Transaction, room: Room, message: Message, sent_by: str | None
    ) -> Message:
        """Publish it also if it was deleted before: the commit of then may have failed to be answered."""
        if message.deleted_at is None:
            counted = await self._count(connection, room)
            if await store.delete_message(connection, room.room_id, message.message_id, counted=counted):
                message = replace(message, deleted_at=counted.at, change_number=counted.number)
            else:  # another process has just deleted it
                message = await _existing(connection, room, message.message_id)
        deleted = replace(message, text="")
        connection.after_commit(MessageDeleted(room=room, message=deleted, sent_by=sent_by))
        return deleted

    async def _count(self, connection: Transaction, room: Room) -> store.Counted:
        if not self._is_numbered:
            return store.Counted(None, self._clock())
        return await store.count(connection, room.room_id, self._clock())

    async def history(
        self, identity: Identity, *, room: str, before: str | None, limit: int, with_deleted: bool = False
    ) -> Page:
        """Raises RoomNotFound or what policy says; an unknown `before` starts at the newest."""
        async with self._database.reading() as connection:
            known = await permitted(connection, Action.READ_HISTORY, room=room, identity=identity)
            last = None if before is None else await store.message(connection, known.room_id, before)
            found = await store.messages_before(
                connection,
                known.room_id,
                position=None if last is None else last.position,
                limit=limit + 1,
                with_deleted=with_deleted,
            )
        return Page(room=known, messages=found[:limit], more=len(found) > limit)

    async def end(self, room_id: RoomId) -> ChatEnd:
        """Return where the room's chat ends now."""
        async with self._database.point_lookup() as connection:
            return await store.chat_end(connection, room_id)

    async def last_numbers(self, room_ids: Iterable[RoomId]) -> dict[RoomId, int]:
        """Return the latest number of each chat that has one."""
        async with self._database.reading(snapshot=False) as connection:
            return await store.last_numbers(connection, room_ids)

    async def facts_between(self, room: Room, first: int, last: int, *, after: int) -> list[ChatFact]:
        """Return what has these numbers, as it would have been published: messages whose position is greater
        than `after`, and changes that no later change has replaced.

        A number without a fact has been replaced, or belongs to nothing.
        """
        async with self._database.reading() as connection:
            stored = await store.stored_between(connection, room.room_id, first, last, after=after)
            changed = await store.changed_between(connection, room.room_id, first, last)
        new = [MessageStored(room=room, message=one, sent_by=None) for one in stored if not one.deleted_at]
        return [*new, *(_changed(room, message) for message in changed)]


def _changed(room: Room, message: Message) -> ChatFact:
    kind = MessageEdited if message.deleted_at is None else MessageDeleted
    return kind(room=room, message=message, sent_by=None)


async def _existing(connection: Transaction, room: Room, message_id: str) -> Message:
    """Find a message of the room, a deleted one too. Raises MessageNotFound."""
    message = await store.message(connection, room.room_id, message_id)
    if message is None:
        raise MessageNotFound
    return message


async def _own(connection: Transaction, room: Room, message_id: str, identity: Identity) -> Message:
    """Find a message of the room that this person wrote. Raises MessageNotFound or NotTheAuthor."""
    message = await _existing(connection, room, message_id)
    if message.author_id != identity.user_id:
        raise NotTheAuthor
    return message
