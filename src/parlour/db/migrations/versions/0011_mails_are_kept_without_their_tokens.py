"""mails are kept without their tokens

What is still in the outbox stays as it was written, save for mails with a link that works once: their tokens
are what the table shall hold no more, and who waits for one asks for another.
"""

import json
import re

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_HAS_TOKEN = re.compile(r"/(?:verify(?:client|guest|email)|reset)/")
_BATCH = 500


def upgrade() -> None:
    op.add_column("outbox", sa.Column("content", sa.Text(), nullable=True))
    _convert(op.get_bind())
    with op.batch_alter_table("outbox") as table:
        table.alter_column("content", existing_type=sa.Text(), nullable=False)
        table.drop_column("subject")
        table.drop_column("text")
        table.drop_column("html")


def _convert(connection: sa.Connection) -> None:
    outbox = sa.table("outbox", *(sa.column(name) for name in ("id", "subject", "text", "html", "content")))
    last = 0
    while rows := connection.execute(
        sa.select(outbox).where(outbox.c.id > last).order_by(outbox.c.id).limit(_BATCH)
    ).all():
        last = rows[-1].id
        for row in rows:
            this = outbox.c.id == row.id
            if _HAS_TOKEN.search(row.text):
                connection.execute(sa.delete(outbox).where(this))
                continue
            written = {"kind": "Written", "subject": row.subject, "text": row.text, "html": row.html}
            connection.execute(sa.update(outbox).where(this).values(content=json.dumps(written)))


def downgrade() -> None:
    """Older versions cannot write these mails out: they go."""
    op.execute(sa.delete(sa.table("outbox")))
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("subject", sa.Text(), nullable=False))
        table.add_column(sa.Column("text", sa.Text(), nullable=False))
        table.add_column(sa.Column("html", sa.Text(), nullable=False))
        table.drop_column("content")
