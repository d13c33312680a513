"""rooms are compared by how their names look

Rooms stay what they are called. Of two whose names are one by now the older has the new key; the other keeps its own
and is found by its exact name. Of two that look the same the older alone keeps others from looking so too.
"""

import sqlalchemy as sa
import structlog
from alembic import op

from parlour.wire.names import name_key, name_skeleton, older_name_key

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

log = structlog.get_logger("parlour.db")

_rooms = sa.table(
    "rooms", sa.column("id"), sa.column("name"), sa.column("name_key"), sa.column("name_skeleton")
)


def upgrade() -> None:
    op.add_column("rooms", sa.Column("name_skeleton", sa.String(length=192), nullable=True))
    _rekey(op.get_bind())
    op.create_index("uq_rooms_name_skeleton", "rooms", ["name_skeleton"], unique=True)


def downgrade() -> None:
    """Keys stay: nearly all are the same in the version before."""
    op.drop_index("uq_rooms_name_skeleton", table_name="rooms")
    op.drop_column("rooms", "name_skeleton")


def _rekey(connection: sa.Connection) -> None:
    rows = connection.execute(sa.select(_rooms.c.id, _rooms.c.name).order_by(_rooms.c.id)).all()
    keys: dict[str, int] = {}
    skeletons: set[str] = set()
    new = []
    for row in rows:
        key = name_key(row.name)
        if key in keys:
            log.warning("migration.rooms_of_one_name", first=keys[key], second=row.id)
            key = older_name_key(row.name)
        keys[key] = row.id
        skeleton = name_skeleton(row.name)
        new.append((row.id, key, None if skeleton in skeletons else skeleton))
        skeletons.add(skeleton)
    for room_id, _, _ in new:  # a key may be another room's old one
        _set(connection, room_id, name_key=f"\u001f\u001f{room_id}")
    for room_id, key, own_skeleton in new:
        _set(connection, room_id, name_key=key, name_skeleton=own_skeleton)


def _set(connection: sa.Connection, room_id: int, **values: str | None) -> None:
    connection.execute(sa.update(_rooms).where(_rooms.c.id == room_id).values(values))
