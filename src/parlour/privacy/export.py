"""All that Parlour keeps of a person (GDPR, article 20)."""

from dataclasses import dataclass

from parlour.accounts.identity import Identity
from parlour.db.database import Database
from parlour.privacy import store
from parlour.privacy.store import OwnAttendance, OwnConsent, OwnInvitation, OwnMessage, OwnRoom


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """The belongings of a person in rooms."""

    rooms: list[OwnRoom]
    invitations: list[OwnInvitation]
    messages: list[OwnMessage]
    attendance: list[OwnAttendance]
    consents: list[OwnConsent]


class Export:
    """Reads the belongings of a person, list by list."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def belongings(self, identity: Identity) -> Belongings:
        """Read each list in a transaction of its own: all of them together may take longer than one may."""
        person = identity.user_id
        async with self._database.reading() as connection:
            rooms = await store.rooms_of(connection, person)
        async with self._database.reading() as connection:
            invitations = await store.invitations_of(connection, person)
        async with self._database.reading() as connection:
            messages = await store.messages_of(connection, person)
        async with self._database.reading() as connection:
            attendance = await store.attendance_of(connection, person)
        async with self._database.reading() as connection:
            consents = await store.consents_of(connection, person)
        return Belongings(
            rooms=rooms,
            invitations=invitations,
            messages=messages,
            attendance=attendance,
            consents=consents,
        )
