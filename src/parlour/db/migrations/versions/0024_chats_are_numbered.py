"""messages of a chat and their changes are numbered"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import Id, UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chats",
        sa.Column("room_id", Id, nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("last_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], name=op.f("fk_chats_room_id_rooms"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", name=op.f("pk_chats")),
    )
    for name in ["number", "change_number"]:
        op.add_column("messages", sa.Column(name, sa.BigInteger(), nullable=True))
    is_changed = sa.text("change_number IS NOT NULL")
    op.create_index(
        "ix_messages_room_id_change_number",
        "messages",
        ["room_id", "change_number"],
        sqlite_where=is_changed,
        postgresql_where=is_changed,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_room_id_change_number", "messages")
    for name in ["number", "change_number"]:
        op.drop_column("messages", name)
    op.drop_table("chats")
