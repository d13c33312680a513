"""events say when they take place"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("starts_at", UtcDateTime(), nullable=True))
    for name in ["starts_offset", "duration_minutes"]:
        op.add_column("events", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ["starts_at", "starts_offset", "duration_minutes"]:
        op.drop_column("events", name)
