"""Partial indexes of the tables, read by nothing but a comparison with the migrations.

They are not in `tables` because SQLAlchemy imports each dialect that a condition names: 20 ms of a start.
"""

from sqlalchemy import Index

from parlour.db.tables import event_log, messages, recordings

Index(
    "uq_event_log_open",
    event_log.c.event_id,
    event_log.c.user_id,
    unique=True,
    sqlite_where=event_log.c.left_at.is_(None),
    postgresql_where=event_log.c.left_at.is_(None),
)

Index(
    "ix_messages_room_id_change_number",
    messages.c.room_id,
    messages.c.change_number,
    sqlite_where=messages.c.change_number.is_not(None),
    postgresql_where=messages.c.change_number.is_not(None),
)

Index(
    "uq_recordings_live",
    recordings.c.room_id,
    unique=True,
    sqlite_where=recordings.c.ended_at.is_(None),
    postgresql_where=recordings.c.ended_at.is_(None),
)
