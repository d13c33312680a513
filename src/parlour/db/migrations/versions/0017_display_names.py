"""people have a display name beside the username"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_COLUMNS = [
    ("clients", "display_name"),
    ("registrations", "display_name"),
    ("guests", "display_name"),
    ("messages", "author_display_name"),
    ("event_log", "display_name"),
]


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.add_column(table, sa.Column(column, sa.String(length=64), nullable=True))


def downgrade() -> None:
    for table, column in _COLUMNS:
        op.drop_column(table, column)
