"""sessions are found by when they were ended"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_refresh_sessions_revoked_at"), "refresh_sessions", ["revoked_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_refresh_sessions_revoked_at"), table_name="refresh_sessions")
