"""descriptions and display names are found in any case of any script"""

import sqlalchemy as sa
from alembic import op

from parlour.wire.names import search_key

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ROWS = 500
_FOLDED = [("rooms", "id", "description"), ("clients", "user_id", "display_name")]


def upgrade() -> None:
    for table, id_name, column in _FOLDED:
        op.add_column(table, sa.Column(f"{column}_key", sa.Text(), nullable=True))
        _fold(op.get_bind(), table, id_name, column)


def downgrade() -> None:
    for table, _, column in _FOLDED:
        op.drop_column(table, f"{column}_key")


def _fold(connection: sa.Connection, table: str, id_name: str, column: str) -> None:
    """Page by page: descriptions of all rooms may be more than fits into memory."""
    rows = sa.table(table, sa.column(id_name), sa.column(column), sa.column(f"{column}_key"))
    row_id, text = rows.c[id_name], rows.c[column]
    change = (
        sa.update(rows).where(row_id == sa.bindparam("of_id")).values({f"{column}_key": sa.bindparam("key")})
    )
    page = sa.select(row_id, text).where(text.is_not(None), text != "").order_by(row_id).limit(_ROWS)
    last = None
    while found := connection.execute(page if last is None else page.where(row_id > last)).all():
        connection.execute(change, [{"of_id": one[0], "key": search_key(one[1])} for one in found])
        last = found[-1][0]
