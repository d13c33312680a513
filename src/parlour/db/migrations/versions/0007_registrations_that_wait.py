"""registrations that wait stand beside each other, and usernames of deleted accounts are not given again

Accounts that were never confirmed become registrations, each with the newest link that still works. The cookie of
the browser that made them is not known: their owners confirm by the password where the link alone does not do.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from parlour.db.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_moment = UtcDateTime(timezone=True)


def upgrade() -> None:
    registrations = op.create_table(
        "registrations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("username", sa.String(length=24), nullable=False),
        sa.Column("username_key", sa.String(length=24), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("registered_at", _moment, nullable=False),
        sa.Column("expires_at", _moment, nullable=False),
        sa.Column("address_proven_at", _moment, nullable=True),
        sa.Column("user_id", _Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_registrations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("username_key", name=op.f("uq_registrations_username_key")),
    )
    op.create_index(op.f("ix_registrations_email_key"), "registrations", ["email_key"], unique=False)
    op.create_index(op.f("ix_registrations_expires_at"), "registrations", ["expires_at"], unique=False)
    op.create_index(op.f("ix_registrations_user_id"), "registrations", ["user_id"], unique=False)
    retired = op.create_table(
        "retired_usernames",
        sa.Column("username_key", sa.String(length=24), nullable=False),
        sa.Column("retired_at", _moment, nullable=False),
        sa.PrimaryKeyConstraint("username_key", name=op.f("pk_retired_usernames")),
    )
    connection = op.get_bind()
    _move_unconfirmed(connection, registrations)
    _retire_usernames(connection, retired)


def downgrade() -> None:
    """Registrations that wait are lost: the version before has one place for an address."""
    op.drop_table("retired_usernames")
    op.drop_index(op.f("ix_registrations_user_id"), table_name="registrations")
    op.drop_index(op.f("ix_registrations_expires_at"), table_name="registrations")
    op.drop_index(op.f("ix_registrations_email_key"), table_name="registrations")
    op.drop_table("registrations")


_WAITING = (
    sa.text(
        "SELECT v.id, v.user_id, v.sent_at, v.expires_at, u.email, u.email_key, c.username, c.username_key, c.password_hash"
        " FROM email_verifications v JOIN users u ON u.id = v.user_id JOIN clients c ON c.user_id = v.user_id"
        " WHERE c.verified_at IS NULL AND v.purpose = 'client' AND v.used_at IS NULL AND v.expires_at > :now"
        " ORDER BY v.sent_at"
    )
    .bindparams(sa.bindparam("now", type_=_moment))
    .columns(sent_at=_moment, expires_at=_moment)
)


def _move_unconfirmed(connection: sa.Connection, registrations: sa.Table) -> None:
    """A guest who has registered stays a guest, and becomes the client by the link as before."""
    now = datetime.now(UTC)
    newest = {row.user_id: row for row in connection.execute(_WAITING, {"now": now})}
    rows: list[dict[str, Any]] = [
        {
            "id": row.id,
            "email": row.email,
            "email_key": row.email_key,
            "username": row.username,
            "username_key": row.username_key,
            "password_hash": row.password_hash,
            "browser_hash": "",
            "letters": 1,
            "registered_at": row.sent_at,
            "expires_at": row.expires_at,
        }
        for row in newest.values()
    ]
    if rows:
        connection.execute(sa.insert(registrations), rows)
    connection.execute(
        sa.text(
            "DELETE FROM users WHERE id IN (SELECT user_id FROM clients WHERE verified_at IS NULL)"
            " AND id NOT IN (SELECT user_id FROM guests)"
        )
    )
    connection.execute(sa.text("DELETE FROM email_verifications WHERE purpose = 'client'"))
    connection.execute(sa.text("DELETE FROM clients WHERE verified_at IS NULL"))


def _retire_usernames(connection: sa.Connection, retired: sa.Table) -> None:
    """Names that a room, a message or an attendance has of an account that is gone, save for those in use again."""
    gone = connection.execute(
        sa.text(
            "SELECT lower(creator_name) AS name FROM rooms WHERE creator_id IS NULL"
            " UNION SELECT lower(author_name) FROM messages WHERE author_id IS NULL"
            " UNION SELECT lower(username) FROM event_log WHERE user_id IS NULL"
            " EXCEPT SELECT username_key FROM clients"
        )
    ).scalars()
    rows = [{"username_key": name, "retired_at": datetime.now(UTC)} for name in gone if name != "guest"]
    if rows:
        connection.execute(sa.insert(retired), rows)
