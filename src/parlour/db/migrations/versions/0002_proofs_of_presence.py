"""proofs of presence"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("event_log", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seen_at", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("visit", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_event_log_visit"), ["visit"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("event_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_log_visit"))
        batch_op.drop_column("visit")
        batch_op.drop_column("seen_at")
