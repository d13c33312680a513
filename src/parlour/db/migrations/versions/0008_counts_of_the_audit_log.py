"""what is anonymous and failed is counted by the hour, not kept row by row"""

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_counts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_counts")),
        sa.UniqueConstraint(
            "at",
            "kind",
            "code",
            "subject",
            "network",
            name=op.f("uq_audit_counts_at_kind_code_subject_network"),
        ),
    )


def downgrade() -> None:
    op.drop_table("audit_counts")
