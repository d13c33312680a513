"""accounts that are disabled, sessions of deleted ones"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("clients") as table:
        table.add_column(sa.Column("disabled_at", UtcDateTime(), nullable=True))
    op.create_table(
        "deleted_sessions",
        sa.Column("family", sa.String(36), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("family", name="pk_deleted_sessions"),
    )
    op.create_index("ix_deleted_sessions_deleted_at", "deleted_sessions", ["deleted_at"])


def downgrade() -> None:
    op.drop_table("deleted_sessions")
    with op.batch_alter_table("clients") as table:
        table.drop_column("disabled_at")
