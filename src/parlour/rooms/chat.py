"""The use cases of a room's chat: write, read."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from parlour.accounts.identity import Identity
from parlour.db.database import Database
from parlour.rooms import store
from parlour.rooms.entities import Message, Room
from parlour.rooms.policy import Action
from parlour.rooms.refusals import MessageIdTaken
from parlour.rooms.service import permitted


@dataclass(frozen=True, slots=True)
class Written:
    """`is_new` is false where the client had sent this message before."""

    room: Room
    message: Message
    is_new: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `more`: older ones exist."""

    room: Room
    messages: list[Message]
    more: bool


class Chat:
    def __init__(self, *, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def write(self, identity: Identity, *, room: str, text: str, message_id: str | None) -> Written:
        """Stores a message; the same id again stores nothing new.

        Raises RoomNotFound, what policy says, or MessageIdTaken where the id is somebody
        else's.
        """
        chosen_id = message_id or str(uuid.uuid4())
        async with self._database.transaction() as connection:
            known = await permitted(connection, Action.WRITE, room=room, identity=identity)
            is_new = await store.add_message(
                connection,
                known.room_id,
                message_id=chosen_id,
                author_id=identity.user_id,
                author_name=identity.name,
                author_email=identity.email,
                text=text,
                now=self._clock(),
            )
            stored = await store.message(connection, known.room_id, chosen_id)
        if stored is None or stored.author_id != identity.user_id:
            raise MessageIdTaken
        return Written(room=known, message=stored, is_new=is_new)

    async def history(self, identity: Identity, *, room: str, before: str | None, limit: int) -> Page:
        """Raises RoomNotFound or what policy says; an unknown `before` starts at the newest."""
        async with self._database.reading() as connection:
            known = await permitted(connection, Action.READ_HISTORY, room=room, identity=identity)
            last = None if before is None else await store.message(connection, known.room_id, before)
            found = await store.messages_before(
                connection,
                known.room_id,
                position=None if last is None else last.position,
                limit=limit + 1,
            )
        return Page(room=known, messages=found[:limit], more=len(found) > limit)
