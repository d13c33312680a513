"""The use cases of rooms at the command line, for the administrator of the server."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from parlour.accounts.identity import ClientIdentity
from parlour.accounts.passwords.hashing import Passwords
from parlour.db.database import AsyncConnection, Database
from parlour.rooms import store
from parlour.rooms.entities import Ban, Invitation, Room
from parlour.rooms.event_mails import Audience, EventMails
from parlour.rooms.facts import RoomRemoved
from parlour.rooms.refusals import CreatorNotFound, GuestsCreateNoRooms, RoomNameTaken, RoomNotFound
from parlour.wire.base import RoomEncryption, RoomTopology


class RoomAdministration:
    """One transaction per use case. Each but `every_room` and `create` raises RoomNotFound.

    A running server hears that a room is gone when it next asks after those in its call (`SignalingService`).
    """

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        event_mails: EventMails,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._event_mails = event_mails
        self._clock = clock

    async def every_room(self) -> list[Room]:
        async with self._database.reading() as connection:
            return await store.all_rooms(connection)

    async def room(self, name: str) -> tuple[Room, list[Invitation], list[Ban]]:
        async with self._database.reading() as connection:
            room = await _called(connection, name)
            invitations = await store.invitations_to(connection, room.room_id)
            return room, invitations, await store.bans_of(connection, room.room_id)

    async def create(
        self,
        *,
        name: str,
        password: str,
        description: str,
        creator: ClientIdentity | None,
        is_listed: bool,
        is_relay_only: bool = False,
        topology: RoomTopology = "auto",
        encryption: RoomEncryption = "auto",
    ) -> None:
        """Also where people may create none. `creator` is None for a guest, who has no rooms.

        Raises GuestsCreateNoRooms, CreatorNotFound or RoomNameTaken.
        """
        if creator is None:
            raise GuestsCreateNoRooms
        password_hash = await self._passwords.hash(password)
        try:
            async with self._database.transaction() as connection:
                if await store.is_name_taken(connection, name):
                    raise RoomNameTaken
                if await store.hold_user(connection, creator.user_id) is None:
                    raise CreatorNotFound
                await store.add_room(
                    connection,
                    name=name,
                    password_hash=password_hash,
                    description=description,
                    creator_id=creator.user_id,
                    creator_name=creator.username,
                    is_listed=is_listed,
                    is_relay_only=is_relay_only,
                    topology=topology,
                    encryption=encryption,
                    now=self._clock(),
                )
        except IntegrityError as error:
            raise RoomNameTaken from error

    async def set_password(self, name: str, password: str) -> Room:
        """Replace the password; people admitted by the old one stay admitted."""
        password_hash = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            room = await _called(connection, name)
            await store.set_password(connection, room.room_id, password_hash)
        return room

    async def remove(self, name: str) -> Room:
        """Remove the room, its chat, its invitations and its attendance.

        The invitees of an event that is yet to take place get a mail.
        """
        async with self._database.transaction() as connection:
            room = await _called(connection, name)
            audience = Audience.of_administrator(room)
            told = await self._event_mails.told(connection, room, None, audience)
            await store.remove_room(connection, room.room_id)
            await self._event_mails.cancelled(connection, room, audience, told)
            connection.after_commit(RoomRemoved(room=room))
        return room


async def _called(connection: AsyncConnection, name: str) -> Room:
    room = await store.room_called(connection, name)
    if room is None:
        raise RoomNotFound
    return room
