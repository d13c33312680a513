"""The belongings of one person in rooms. Every function works in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from parlour.accounts.identity import UserId
from parlour.db.database import AsyncConnection
from parlour.db.rows import rows_in_turns
from parlour.db.tables import (
    event_log,
    events,
    invitations,
    messages,
    recording_consents,
    recordings,
    rooms,
    users,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoom:
    """A room that the person created."""

    name: str
    description: str
    created_at: datetime
    is_event: bool
    starts_at: datetime | None
    duration_minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnInvitation:
    """An invitation to the person."""

    room: str
    invited_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMessage:
    """A message that the person wrote."""

    room: str
    message_id: str
    author_name: str
    author_display_name: str | None
    author_email: str
    text: str
    sent_at: datetime
    reply_to: str | None
    edited_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAttendance:
    """A row of the person's attendance."""

    room: str
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConsent:
    """The person's consent to a recording. `room` is None once that is removed."""

    recording: str
    room: str | None
    given_at: datetime


async def rooms_of(connection: AsyncConnection, user_id: UserId) -> list[OwnRoom]:
    query = (
        select(rooms, events.c.id.label("event_id"), events.c.starts_at, events.c.duration_minutes)
        .outerjoin_from(rooms, events, events.c.room_id == rooms.c.id)
        .where(rooms.c.creator_id == user_id)
        .order_by(rooms.c.id)
    )
    return [
        OwnRoom(
            name=row.name,
            description=row.description,
            created_at=row.created_at,
            is_event=row.event_id is not None,
            starts_at=row.starts_at,
            duration_minutes=row.duration_minutes,
        )
        async for row in rows_in_turns(connection, query)
    ]


async def invitations_of(connection: AsyncConnection, user_id: UserId) -> list[OwnInvitation]:
    query = (
        select(rooms.c.name, invitations.c.invited_at)
        .join_from(invitations, rooms, rooms.c.id == invitations.c.room_id)
        .join(users, users.c.email_key == invitations.c.email_key)
        .where(users.c.id == user_id)
        .order_by(invitations.c.id)
    )
    return [
        OwnInvitation(room=row.name, invited_at=row.invited_at)
        async for row in rows_in_turns(connection, query)
    ]


async def messages_of(connection: AsyncConnection, user_id: UserId) -> list[OwnMessage]:
    """Oldest first."""
    query = (
        select(messages, rooms.c.name.label("room"))
        .join_from(messages, rooms, rooms.c.id == messages.c.room_id)
        .where(messages.c.author_id == user_id)
        .order_by(messages.c.id)
    )
    return [
        OwnMessage(
            room=row.room,
            message_id=row.message_id,
            author_name=row.author_name,
            author_display_name=row.author_display_name,
            author_email=row.author_email,
            text=row.text,
            sent_at=row.sent_at,
            reply_to=row.reply_to,
            edited_at=row.edited_at,
            deleted_at=row.deleted_at,
        )
        async for row in rows_in_turns(connection, query)
    ]


async def attendance_of(connection: AsyncConnection, user_id: UserId) -> list[OwnAttendance]:
    query = (
        select(rooms.c.name, event_log.c.joined_at, event_log.c.left_at)
        .join_from(event_log, events, events.c.id == event_log.c.event_id)
        .join(rooms, rooms.c.id == events.c.room_id)
        .where(event_log.c.user_id == user_id)
        .order_by(event_log.c.id)
    )
    return [
        OwnAttendance(room=row.name, joined_at=row.joined_at, left_at=row.left_at)
        async for row in rows_in_turns(connection, query)
    ]


async def consents_of(connection: AsyncConnection, user_id: UserId) -> list[OwnConsent]:
    query = (
        select(recordings.c.recording_id, rooms.c.name.label("room"), recording_consents.c.given_at)
        .join_from(recording_consents, recordings, recordings.c.id == recording_consents.c.recording_row)
        .outerjoin(rooms, rooms.c.id == recordings.c.room_id)
        .where(recording_consents.c.user_id == user_id)
        .order_by(recording_consents.c.id)
    )
    return [
        OwnConsent(recording=row.recording_id, room=row.room, given_at=row.given_at)
        async for row in rows_in_turns(connection, query)
    ]
