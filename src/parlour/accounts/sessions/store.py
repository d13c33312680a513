"""Queries for login sessions. Every function runs in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from parlour.accounts.identity import SessionId, UserId
from parlour.accounts.store import ACCOUNT, Account, account_of
from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared
from parlour.db.tables import deleted_sessions, refresh_sessions, users


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A login session: `started_at` is the time of the login, `issued_at` that of the current refresh token.

    A session that is not `remembered` has a cookie that ends with the browser.
    """

    family: SessionId
    user_id: UserId
    generation: int
    token_hash: str
    started_at: datetime
    device: str
    issued_at: datetime
    replaced_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None
    remembered: bool


_SESSION = prepared(select(refresh_sessions).where(refresh_sessions.c.family == bindparam("family")))
_PREFIX = "session_"
_SESSION_AND_ACCOUNT = prepared(
    ACCOUNT.add_columns(*(column.label(f"{_PREFIX}{column.name}") for column in refresh_sessions.c))
    .join(refresh_sessions, refresh_sessions.c.user_id == users.c.id)
    .where(refresh_sessions.c.family == bindparam("family"))
)
_ADD = prepared(
    insert(refresh_sessions).values(
        family=bindparam("new_family"),
        user_id=bindparam("new_user_id"),
        generation=0,
        token_hash=bindparam("new_token_hash"),
        issued_at=bindparam("new_issued_at"),
        started_at=bindparam("new_issued_at"),
        expires_at=bindparam("new_expires_at"),
        device=bindparam("new_device"),
        remembered=bindparam("new_remembered"),
    )
)
_REPLACE_TOKEN = prepared(
    update(refresh_sessions)
    .where(
        refresh_sessions.c.family == bindparam("of_family"),
        refresh_sessions.c.generation == bindparam("of_generation"),
        refresh_sessions.c.revoked_at.is_(None),
    )
    .values(
        generation=bindparam("new_generation"),
        token_hash=bindparam("new_token_hash"),
        issued_at=bindparam("new_issued_at"),
        replaced_at=bindparam("new_issued_at"),
        expires_at=bindparam("new_expires_at"),
    )
)


async def add_session(
    connection: AsyncConnection,
    *,
    family: str,
    user_id: UserId,
    token_hash: str,
    now: datetime,
    expires_at: datetime,
    device: str = "",
    remembered: bool = True,
) -> None:
    new = {
        "new_family": family,
        "new_user_id": user_id,
        "new_token_hash": token_hash,
        "new_issued_at": now,
        "new_expires_at": expires_at,
        "new_device": device,
        "new_remembered": remembered,
    }
    await connection.execute(_ADD, new)


async def session(connection: AsyncConnection, family: str) -> SessionRow | None:
    row = (await connection.execute(_SESSION, {"family": family})).one_or_none()
    return None if row is None else _session(row)


async def session_and_account(connection: AsyncConnection, family: str) -> tuple[SessionRow, Account] | None:
    """Find a session and the account that it belongs to in one statement."""
    row = (await connection.execute(_SESSION_AND_ACCOUNT, {"family": family})).one_or_none()
    account = account_of(row)
    if row is None or account is None:
        return None
    columns = {
        name.removeprefix(_PREFIX): value for name, value in row._asdict().items() if name.startswith(_PREFIX)
    }
    return SessionRow(**columns), account


async def is_live(connection: AsyncConnection, family: SessionId) -> bool:
    """True unless the session was revoked or its row deleted."""
    row = await session(connection, family)
    return row is not None and row.revoked_at is None


async def live_sessions_of(
    connection: AsyncConnection, user_id: UserId, *, now: datetime
) -> list[SessionRow]:
    """Return the user's live sessions, last used first."""
    rows = await connection.execute(
        select(refresh_sessions)
        .where(
            refresh_sessions.c.user_id == user_id,
            refresh_sessions.c.revoked_at.is_(None),
            refresh_sessions.c.expires_at > now,
        )
        .order_by(refresh_sessions.c.issued_at.desc(), refresh_sessions.c.family)
    )
    return [_session(row) for row in rows]


def _session(row: Any) -> SessionRow:
    return SessionRow(
        family=SessionId(row.family),
        user_id=UserId(row.user_id),
        generation=row.generation,
        token_hash=row.token_hash,
        started_at=row.started_at,
        device=row.device,
        issued_at=row.issued_at,
        replaced_at=row.replaced_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        remembered=row.remembered,
    )


async def replace_token(
    connection: AsyncConnection,
    family: str,
    *,
    generation: int,
    token_hash: str,
    issued_at: datetime,
    expires_at: datetime,
) -> bool:
    """Move a session to its next generation (compare-and-set); False if another request was faster."""
    replaced = await connection.execute(
        _REPLACE_TOKEN,
        {
            "of_family": family,
            "of_generation": generation - 1,
            "new_generation": generation,
            "new_token_hash": token_hash,
            "new_issued_at": issued_at,
            "new_expires_at": expires_at,
        },
    )
    return replaced.rowcount > 0


async def set_remembered(connection: AsyncConnection, family: SessionId, *, remembered: bool) -> None:
    """Store the choice, which takes effect with the session's next token."""
    await connection.execute(
        update(refresh_sessions).where(refresh_sessions.c.family == family).values(remembered=remembered)
    )


async def shorten_session(connection: AsyncConnection, family: SessionId, *, expires_at: datetime) -> None:
    """Bring the expiry forward; a session that expires sooner stays unchanged."""
    await connection.execute(
        update(refresh_sessions)
        .where(refresh_sessions.c.family == family, refresh_sessions.c.expires_at > expires_at)
        .values(expires_at=expires_at)
    )


async def revoke_session(connection: AsyncConnection, family: str, *, now: datetime) -> UserId | None:
    """Revoke a session; return its user, or None if it is unknown or was revoked before."""
    revoked = await connection.execute(
        update(refresh_sessions)
        .where(refresh_sessions.c.family == family, refresh_sessions.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(refresh_sessions.c.user_id)
    )
    user_id = revoked.scalar_one_or_none()
    return None if user_id is None else UserId(user_id)


async def revoke_sessions_of(
    connection: AsyncConnection, user_id: UserId, *, now: datetime, besides: SessionId | None = None
) -> frozenset[SessionId]:
    """Revoke a user's sessions except `besides`; return the sessions that were revoked."""
    conditions = [refresh_sessions.c.user_id == user_id, refresh_sessions.c.revoked_at.is_(None)]
    if besides is not None:
        conditions.append(refresh_sessions.c.family != besides)
    revoked = await connection.execute(
        update(refresh_sessions)
        .where(*conditions)
        .values(revoked_at=now)
        .returning(refresh_sessions.c.family)
    )
    return frozenset(SessionId(family) for family in revoked.scalars())


async def revoked_since(connection: AsyncConnection, moment: datetime) -> list[tuple[UserId, SessionId]]:
    """Return the sessions that were revoked after `moment`."""
    rows = await connection.execute(
        select(refresh_sessions.c.user_id, refresh_sessions.c.family).where(
            refresh_sessions.c.revoked_at > moment
        )
    )
    return [(UserId(row.user_id), SessionId(row.family)) for row in rows]


async def deleted_since(connection: AsyncConnection, moment: datetime) -> list[tuple[UserId, SessionId]]:
    """Return the sessions of accounts that were deleted after `moment`."""
    rows = await connection.execute(
        select(deleted_sessions.c.user_id, deleted_sessions.c.family).where(
            deleted_sessions.c.deleted_at > moment
        )
    )
    return [(UserId(row.user_id), SessionId(row.family)) for row in rows]


async def forget_deleted_sessions(connection: AsyncConnection, *, before: datetime) -> None:
    await connection.execute(delete(deleted_sessions).where(deleted_sessions.c.deleted_at < before))


async def delete_old_sessions(connection: AsyncConnection, *, before: datetime) -> None:
    await connection.execute(delete(refresh_sessions).where(refresh_sessions.c.expires_at < before))
