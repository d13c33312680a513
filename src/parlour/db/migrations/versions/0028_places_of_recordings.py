"""where the files of a recording are: in which folder, or in which bucket"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recordings", sa.Column("place", sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column("recordings", "place")
