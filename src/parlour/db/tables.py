"""All tables, without the partial indexes, which are in `partial_indexes`.

`*_key` columns hold the normalised form of a name; the database keeps them unique.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""The type of primary keys: SQLite assigns row ids to INTEGER columns alone."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite, which has no time zones, stores it without."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable, index=index)


def _owned_by(column: str, target: str, *, primary_key: bool = False) -> Column[Any]:
    """Declare a reference whose row is deleted with the referenced row."""
    key = ForeignKey(target, ondelete="CASCADE")
    return Column(column, Id, key, primary_key=primary_key, nullable=False, index=not primary_key)


def _outlives(column: str, target: str) -> Column[Any]:
    """Declare a reference that becomes null when the referenced row is deleted."""
    return Column(column, Id, ForeignKey(target, ondelete="SET NULL"), nullable=True, index=True)


users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, unique=True),
    _moment("created_at"),
    _moment("verified_at", nullable=True),
    Column("language", String(8), nullable=True),  # of mails; null: none that we speak was asked for
    sqlite_autoincrement=True,  # ids are never reused: a token may outlive its user
)

clients = Table(
    "clients",
    metadata,
    _owned_by("user_id", "users.id", primary_key=True),
    Column("username", String(24), nullable=False),
    Column("username_key", String(24), nullable=False, unique=True),
    Column("display_name", String(64), nullable=True),  # null shows the username
    Column("display_name_key", Text, nullable=True),
    Column("password_hash", Text, nullable=False),
    _moment("verified_at", nullable=True),
    _moment("last_login_at", nullable=True),
    _moment("disabled_at", nullable=True),
)

registrations = Table(
    "registrations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("email", String(254), nullable=False),
    Column(
        "email_key", String(254), nullable=False, index=True
    ),  # not unique: several registrations of an address may be pending
    Column("username", String(24), nullable=False),
    Column("username_key", String(24), nullable=False, unique=True),
    Column("display_name", String(64), nullable=True),
    Column("password_hash", Text, nullable=False),
    Column("browser_hash", String(64), nullable=False),  # hash of the registering browser's cookie
    Column("letters", Integer, nullable=False),  # the number of mails sent
    _moment("registered_at"),
    _moment("expires_at", index=True),
    _moment("address_proven_at", nullable=True),  # set if the address's logged-in guest registered
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("language", String(8), nullable=True),
)

retired_usernames = Table(
    "retired_usernames",
    metadata,
    Column("username_key", String(24), primary_key=True),
    _moment("retired_at"),
)

guests = Table(
    "guests",
    metadata,
    _owned_by("user_id", "users.id", primary_key=True),
    Column("display_name", String(64), nullable=True),
    _moment("expires_at", nullable=True, index=True),
)

refresh_sessions = Table(
    "refresh_sessions",
    metadata,
    Column("family", String(36), primary_key=True),
    _owned_by("user_id", "users.id"),
    Column("generation", Integer, nullable=False),
    Column("token_hash", String(64), nullable=False),
    _moment("issued_at"),
    _moment("replaced_at", nullable=True),
    _moment("expires_at", index=True),
    _moment("revoked_at", nullable=True, index=True),
    _moment("started_at"),
    Column("device", String(64), nullable=False),
    Column("remembered", Boolean, nullable=False),  # false: the cookie ends with the browser
)

deleted_sessions = Table(
    "deleted_sessions",
    metadata,
    Column("family", String(36), primary_key=True),
    Column("user_id", Id, nullable=False),  # no foreign key: the user is deleted
    _moment("deleted_at", index=True),
)

email_verifications = Table(
    "email_verifications",
    metadata,
    Column("id", String(36), primary_key=True),
    _owned_by("user_id", "users.id"),
    Column("purpose", String(16), nullable=False),
    _moment("sent_at"),
    _moment("expires_at"),
    _moment("used_at", nullable=True),
    Column("new_email", String(254), nullable=True),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("name_key", String(192), nullable=False, unique=True),
    Column("name_skeleton", String(192), nullable=True),  # null where an older room has a confusable name
    Column("password_hash", Text, nullable=False),
    Column("description", Text, nullable=False),
    _outlives("creator_id", "users.id"),
    Column("creator_name", String(24), nullable=False),
    Column("description_key", Text, nullable=True),  # null where a version before has written the row
    Column("is_listed", Boolean, nullable=False, server_default=true()),
    Column("is_relay_only", Boolean, nullable=False, server_default=false()),
    Column("topology", String(8), nullable=False, server_default="auto"),
    Column("encryption", String(8), nullable=False, server_default="auto"),
    _moment("created_at"),
)
Index("uq_rooms_name_skeleton", rooms.c.name_skeleton, unique=True)

admissions = Table(
    "admissions",
    metadata,
    _owned_by("room_id", "rooms.id", primary_key=True),
    _owned_by("user_id", "users.id", primary_key=True),
    _moment("admitted_at"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    _owned_by("room_id", "rooms.id"),
    _outlives("user_id", "users.id"),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, index=True),
    _moment("invited_at"),
    UniqueConstraint("room_id", "email_key"),
)

bans = Table(
    "bans",
    metadata,
    _owned_by("room_id", "rooms.id", primary_key=True),
    Column("email_key", String(254), primary_key=True),
    Column("email", String(254), nullable=False),  # the address that the room's creator banned
    _outlives("user_id", "users.id"),
    _moment("banned_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", String(64), nullable=False),
    _outlives("author_id", "users.id"),
    Column("author_name", String(24), nullable=False),
    Column("author_display_name", String(64), nullable=True),
    Column("author_email", String(254), nullable=False),
    Column("text", Text, nullable=False),  # empty once the message is deleted
    _moment("sent_at"),
    Column("reply_to", String(64), nullable=True),  # the message_id of the answered message, of the same room
    _moment("edited_at", nullable=True),
    _moment("deleted_at", nullable=True),
    Column(
        "number", BigInteger, nullable=True
    ),  # in the order of the chat; null if a version before wrote it
    Column("change_number", BigInteger, nullable=True),  # of its latest change, in the same order
    UniqueConstraint("room_id", "message_id"),
    Index("ix_messages_room_id_id", "room_id", "id"),
)

chats = Table(
    "chats",
    metadata,
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("last_number", BigInteger, nullable=False),
    _moment("last_at"),
)
"""The latest number of each room's chat, which counting locks: `rooms` would be locked for other changes."""

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", Id, ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False, unique=True),
    _moment("created_at"),
    _moment("starts_at", nullable=True),
    Column("starts_offset", Integer, nullable=True),  # minutes east of UTC, as its creator said it
    Column("duration_minutes", Integer, nullable=True),
    Column("sequence", Integer, nullable=False, server_default="0"),  # how often its time was changed
)

event_log = Table(
    "event_log",
    metadata,
    Column("id", Id, primary_key=True),
    _owned_by("event_id", "events.id"),
    _outlives("user_id", "users.id"),
    Column("username", String(24), nullable=False),
    Column("display_name", String(64), nullable=True),
    Column("email", String(254), nullable=False),
    _moment("joined_at"),
    _moment("left_at", nullable=True),
    _moment("seen_at", nullable=True),  # the last proof of presence
    Column("visit", String(64), nullable=True, index=True),  # null in rows that clients reported
    Column("server_id", String(32), nullable=True),  # the row of `servers` that updates this open row
)
Index("ix_event_log_person", event_log.c.event_id, event_log.c.user_id, event_log.c.joined_at)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("recording_id", String(36), nullable=False, unique=True),  # its public name, and its folder's
    _outlives("room_id", "rooms.id"),  # null: its files are yet to be deleted
    _outlives("started_by", "users.id"),
    Column("username", String(24), nullable=False),
    Column("display_name", String(64), nullable=True),
    Column("state", String(16), nullable=False),
    _moment("started_at"),
    _moment("ended_at", nullable=True),
    _moment("seen_at", index=True),  # when a server has last worked on it
    _moment("removed_at", nullable=True),
    Column("seconds", Integer, nullable=True),
    Column("end_reason", String(16), nullable=True),
    Column("place", String(255), nullable=True),  # where its files are; null: nowhere, or as before 0028
    Column("progress", Float, nullable=True),  # how much of its mixed file is made, 0 to 1; null: unknown
)

recording_files = Table(
    "recording_files",
    metadata,
    _owned_by("recording_row", "recordings.id", primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("person", String(255), nullable=True),
)

recording_consents = Table(
    "recording_consents",
    metadata,
    Column("id", Id, primary_key=True),
    _owned_by("recording_row", "recordings.id"),
    _outlives("user_id", "users.id"),
    Column("username", String(24), nullable=False),
    Column("display_name", String(64), nullable=True),
    _moment("given_at"),
    UniqueConstraint("recording_row", "user_id"),
)

servers = Table(
    "servers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("process", String(255), nullable=False),
    _moment("seen_at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Id, primary_key=True),
    _moment("at", index=True),
    Column("kind", String(32), nullable=False),
    Column("code", String(64), nullable=False),
    Column("actor", String(320), nullable=False),
    Column("subject", String(320), nullable=False),
    Column("address", String(64), nullable=False),
)

audit_counts = Table(
    "audit_counts",
    metadata,
    Column("id", Id, primary_key=True),
    _moment("at"),  # the start of an hour
    Column("kind", String(32), nullable=False),
    Column("code", String(64), nullable=False),
    Column("subject", String(320), nullable=False),
    Column("network", String(64), nullable=False),
    Column("times", BigInteger, nullable=False),
    UniqueConstraint(
        "at", "kind", "code", "subject", "network", name="uq_audit_counts_at_kind_code_subject_network"
    ),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("recipient", String(254), nullable=False),
    Column("content", Text, nullable=False),  # JSON, without any token
    _moment("created_at"),
    Column("attempts", Integer, nullable=False, default=0),
    _moment("next_attempt_at", nullable=True, index=True),
)
