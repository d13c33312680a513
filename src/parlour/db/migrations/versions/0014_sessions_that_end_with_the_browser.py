"""sessions that end with the browser"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("refresh_sessions") as table:
        table.add_column(sa.Column("remembered", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("refresh_sessions") as table:
        table.alter_column("remembered", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("refresh_sessions") as table:
        table.drop_column("remembered")
