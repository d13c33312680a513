"""recordings of calls by the server, their files, and who has consented to them"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import Id, UtcDateTime

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", Id, nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("room_id", Id, nullable=True),
        sa.Column("started_by", Id, nullable=True),
        sa.Column("username", sa.String(length=24), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("removed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("end_reason", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_recordings_room_id_rooms"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["started_by"], ["users.id"], name=op.f("fk_recordings_started_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
        sa.UniqueConstraint("recording_id", name=op.f("uq_recordings_recording_id")),
    )
    for name in ["room_id", "started_by", "seen_at"]:
        op.create_index(op.f(f"ix_recordings_{name}"), "recordings", [name])
    is_live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_recordings_live",
        "recordings",
        ["room_id"],
        unique=True,
        sqlite_where=is_live,
        postgresql_where=is_live,
    )
    op.create_table(
        "recording_files",
        sa.Column("recording_row", Id, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("person", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_row"],
            ["recordings.id"],
            name=op.f("fk_recording_files_recording_row_recordings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("recording_row", "name", name=op.f("pk_recording_files")),
    )
    op.create_table(
        "recording_consents",
        sa.Column("id", Id, nullable=False),
        sa.Column("recording_row", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("username", sa.String(length=24), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=True),
        sa.Column("given_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_row"],
            ["recordings.id"],
            name=op.f("fk_recording_consents_recording_row_recordings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recording_consents_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_consents")),
        sa.UniqueConstraint(
            "recording_row", "user_id", name=op.f("uq_recording_consents_recording_row_user_id")
        ),
    )
    for name in ["recording_row", "user_id"]:
        op.create_index(op.f(f"ix_recording_consents_{name}"), "recording_consents", [name])


def downgrade() -> None:
    for table in ["recording_consents", "recording_files", "recordings"]:
        op.drop_table(table)
