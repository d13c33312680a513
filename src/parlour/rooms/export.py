"""All that Parlour keeps of a person (GDPR, article 20)."""

from dataclasses import dataclass
from datetime import datetime

from parlour.accounts.identity import Identity
from parlour.db.database import Database
from parlour.rooms import store
from parlour.rooms.entities import Message, Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What one has in rooms; messages and the rest with the name of their room."""

    rooms: list[Room]
    invitations: list[tuple[str, datetime]]
    messages: list[tuple[str, Message]]
    visits: list[tuple[str, datetime, datetime | None]]


class Export:
    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def belongings(self, identity: Identity) -> Belongings:
        """Each list in a transaction of its own: all of them together may take longer than one may."""
        person = identity.user_id
        async with self._database.reading() as connection:
            rooms = await store.rooms_of(connection, person)
        async with self._database.reading() as connection:
            invitations = await store.invitations_of(connection, person)
        async with self._database.reading() as connection:
            messages = await store.messages_of(connection, person)
        async with self._database.reading() as connection:
            visits = await store.visits_of(connection, person)
        return Belongings(rooms=rooms, invitations=invitations, messages=messages, visits=visits)
