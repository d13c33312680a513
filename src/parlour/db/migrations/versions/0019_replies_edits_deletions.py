"""messages answer others, and can be edited and deleted"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_MOMENTS = ["edited_at", "deleted_at"]


def upgrade() -> None:
    op.add_column("messages", sa.Column("reply_to", sa.String(length=64), nullable=True))
    for name in _MOMENTS:
        op.add_column("messages", sa.Column(name, UtcDateTime(), nullable=True))


def downgrade() -> None:
    for name in ["reply_to", *_MOMENTS]:
        op.drop_column("messages", name)
