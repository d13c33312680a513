"""rooms say whether their calls are encrypted through an SFU"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rooms", sa.Column("encryption", sa.String(8), nullable=False, server_default="auto"))


def downgrade() -> None:
    op.drop_column("rooms", "encryption")
