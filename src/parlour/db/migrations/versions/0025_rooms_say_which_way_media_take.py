"""rooms say which way the media of their calls take"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rooms", sa.Column("topology", sa.String(8), nullable=False, server_default="auto"))


def downgrade() -> None:
    op.drop_column("rooms", "topology")
