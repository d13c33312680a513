"""Queries for mailed links, which work once. Every function runs in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from parlour.accounts.identity import UserId
from parlour.accounts.tokens import Purpose
from parlour.db.database import AsyncConnection
from parlour.db.tables import email_verifications


async def add_verification(
    connection: AsyncConnection,
    *,
    verification_id: str,
    user_id: UserId,
    purpose: Purpose,
    now: datetime,
    expires_at: datetime,
    new_email: str | None = None,
) -> None:
    await connection.execute(
        insert(email_verifications).values(
            id=verification_id,
            user_id=user_id,
            purpose=purpose,
            sent_at=now,
            expires_at=expires_at,
            new_email=new_email,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRow:
    """A mailed link; `new_email` is None unless the link changes the email."""

    new_email: str | None
    used_at: datetime | None


async def verification(
    connection: AsyncConnection, verification_id: str, *, user_id: UserId
) -> VerificationRow | None:
    query = select(email_verifications).where(
        email_verifications.c.id == verification_id, email_verifications.c.user_id == user_id
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else VerificationRow(new_email=row.new_email, used_at=row.used_at)


async def email_of_verification(connection: AsyncConnection, verification_id: str) -> str | None:
    """Return the new email that a link confirms."""
    query = select(email_verifications.c.new_email).where(email_verifications.c.id == verification_id)
    new_email: str | None = (await connection.execute(query)).scalar()
    return new_email


async def void_verifications(
    connection: AsyncConnection, user_id: UserId, purpose: Purpose, *, now: datetime
) -> None:
    """Invalidate the unopened links of that purpose."""
    await connection.execute(
        update(email_verifications)
        .where(
            email_verifications.c.user_id == user_id,
            email_verifications.c.purpose == purpose,
            email_verifications.c.used_at.is_(None),
        )
        .values(used_at=now)
    )


async def void_all_verifications(connection: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    """Invalidate all unopened links: the intruder who is being locked out may have requested them."""
    await connection.execute(
        update(email_verifications)
        .where(email_verifications.c.user_id == user_id, email_verifications.c.used_at.is_(None))
        .values(used_at=now)
    )


async def use_verification(
    connection: AsyncConnection, verification_id: str, *, user_id: UserId, now: datetime
) -> bool:
    """Mark a link as used; return False if it is unknown or was used before."""
    used = await connection.execute(
        update(email_verifications)
        .where(
            email_verifications.c.id == verification_id,
            email_verifications.c.user_id == user_id,
            email_verifications.c.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return used.rowcount > 0


async def pending_verifications(
    connection: AsyncConnection, user_id: UserId, purpose: Purpose, *, now: datetime
) -> int:
    """Count the unopened, unexpired links of this user and purpose."""
    count = await connection.execute(
        select(func.count()).where(
            email_verifications.c.user_id == user_id,
            email_verifications.c.purpose == purpose,
            email_verifications.c.used_at.is_(None),
            email_verifications.c.expires_at > now,
        )
    )
    return int(count.scalar_one())
