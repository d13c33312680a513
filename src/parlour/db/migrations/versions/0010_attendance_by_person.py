"""the attendance of one person at one event is found without reading all of it"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_event_log_person", "event_log", ["event_id", "user_id", "joined_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_event_log_person", table_name="event_log")
