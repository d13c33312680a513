"""addresses are compared by the A-label of their domain

Keys were case-folded, which made `straße.example` and `strasse.example` one. What belonged together by such a key
alone is taken apart: no account keeps an invitation whose letter went to another mailbox.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
import structlog
from alembic import op

from parlour.wire.addresses import email_key

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

log = structlog.get_logger("parlour.db")

_users = sa.table("users", sa.column("id"), sa.column("email"), sa.column("email_key"))
_invitations = sa.table(
    "invitations",
    sa.column("id"),
    sa.column("room_id"),
    sa.column("user_id"),
    sa.column("email"),
    sa.column("email_key"),
)
_bans = sa.table("bans", sa.column("room_id"), sa.column("email"), sa.column("email_key"))


def upgrade() -> None:
    connection = op.get_bind()
    _rekey_users(connection)
    _rekey_invitations(connection)
    _rekey_bans(connection)
    _attach_invitations(connection)


def downgrade() -> None:
    """Keys stay: the version before compares them as they are, and finds all addresses in lower-case ASCII."""


def _rekey_users(connection: sa.Connection) -> None:
    """Of two accounts of one address the first keeps it; the other is reached by its username from now on."""
    rows = connection.execute(sa.select(_users).order_by(_users.c.id)).all()
    given: dict[str, int] = {}
    changed = []
    for row in rows:
        key = email_key(row.email)
        if key in given:
            log.warning("migration.address_of_two_accounts", first=given[key], second=row.id)
            key = f"{key[:230]} {row.id}"  # no address has a space
        given[key] = row.id
        if key != row.email_key:
            changed.append((row.id, key))
    for prefix in (" ", ""):  # a key may be another row's old one
        for user_id, key in changed:
            value = f"{prefix}{user_id}" if prefix else key
            connection.execute(sa.update(_users).where(_users.c.id == user_id).values(email_key=value))


def _rekey_invitations(connection: sa.Connection) -> None:
    """Of two to one address of one room the first stays."""
    rows = connection.execute(sa.select(_invitations).order_by(_invitations.c.id)).all()
    kept, doubled = _by_room_and_address(rows)
    for row in doubled:
        log.warning("migration.invited_twice", invitation=row.id, room=row.room_id)
        connection.execute(sa.delete(_invitations).where(_invitations.c.id == row.id))
    changed = [(row.id, key) for (_, key), row in kept.items() if key != row.email_key]
    for prefix in (" ", ""):
        for invitation, key in changed:
            value = f"{prefix}{invitation}" if prefix else key
            connection.execute(
                sa.update(_invitations).where(_invitations.c.id == invitation).values(email_key=value)
            )


def _rekey_bans(connection: sa.Connection) -> None:
    rows = connection.execute(sa.select(_bans).order_by(_bans.c.room_id, _bans.c.email_key)).all()
    kept, doubled = _by_room_and_address(rows)
    for row in doubled:
        log.warning("migration.banned_twice", room=row.room_id)
        connection.execute(sa.delete(_bans).where(_same_ban(row)))
    changed = [(row, key) for (_, key), row in kept.items() if key != row.email_key]
    for number, (row, _) in enumerate(changed):
        connection.execute(sa.update(_bans).where(_same_ban(row)).values(email_key=f" {number}"))
    for number, (row, key) in enumerate(changed):
        here = sa.and_(_bans.c.room_id == row.room_id, _bans.c.email_key == f" {number}")
        connection.execute(sa.update(_bans).where(here).values(email_key=key))


def _by_room_and_address(rows: Iterable[Any]) -> tuple[dict[tuple[int, str], Any], list[Any]]:
    kept: dict[tuple[int, str], Any] = {}
    doubled = []
    for row in rows:
        place = row.room_id, email_key(row.email)
        if place in kept:
            doubled.append(row)
        else:
            kept[place] = row
    return kept, doubled


def _same_ban(row: Any) -> sa.ColumnElement[bool]:
    return sa.and_(_bans.c.room_id == row.room_id, _bans.c.email_key == row.email_key)


def _attach_invitations(connection: sa.Connection) -> None:
    owner = sa.select(_users.c.id).where(_users.c.email_key == _invitations.c.email_key).scalar_subquery()
    wrong = sa.and_(
        _invitations.c.user_id.is_not(None), sa.func.coalesce(owner, -1) != _invitations.c.user_id
    )
    for row in connection.execute(sa.select(_invitations.c.id, _invitations.c.user_id).where(wrong)).all():
        log.warning("migration.invitation_of_another_address", invitation=row.id, account=row.user_id)
    connection.execute(sa.update(_invitations).values(user_id=owner))
