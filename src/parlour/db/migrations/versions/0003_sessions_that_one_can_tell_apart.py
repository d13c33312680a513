"""sessions that one can tell apart, and links that change an email

Whoever was logged in logs in again: tokens of before have no audience.
"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("refresh_sessions")
    _create(
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
    )
    op.add_column("email_verifications", sa.Column("new_email", sa.String(length=254), nullable=True))


def downgrade() -> None:
    op.drop_column("email_verifications", "new_email")
    op.drop_table("refresh_sessions")
    _create()


def _create(*columns: "sa.Column[object]") -> None:
    op.create_table(
        "refresh_sessions",
        sa.Column("family", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("issued_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UtcDateTime(timezone=True), nullable=True),
        *columns,
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_refresh_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("family", name=op.f("pk_refresh_sessions")),
    )
    op.create_index(op.f("ix_refresh_sessions_expires_at"), "refresh_sessions", ["expires_at"])
    op.create_index(op.f("ix_refresh_sessions_user_id"), "refresh_sessions", ["user_id"])
