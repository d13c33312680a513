"""how much of a recording's mixed file is made"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("progress", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("recordings", "progress")
