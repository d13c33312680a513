"""The rows of mailed links, which work once. Every function works in the caller's transaction."""

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
    """The new email that a link confirms."""
    query = select(email_verifications.c.new_email).where(email_verifications.c.id == verification_id)
    found: str | None = (await connection.execute(query)).scalar()
    return found


async def void_verifications(
    connection: AsyncConnection, user_id: UserId, purpose: Purpose, *, now: datetime
) -> None:
    """Links that were not opened yet work no longer."""
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
    """Whatever the account's links are for: who had asked for one may be who is being locked out."""
    await connection.execute(
        update(email_verifications)
        .where(email_verifications.c.user_id == user_id, email_verifications.c.used_at.is_(None))
        .values(used_at=now)
    )


async def use_verification(
    connection: AsyncConnection, verification_id: str, *, user_id: UserId, now: datetime
) -> bool:
    """False where it is unknown or has been used."""
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
    """How many verifications of this user still wait for their click."""
    found = await connection.execute(
        select(func.count()).where(
            email_verifications.c.user_id == user_id,
            email_verifications.c.purpose == purpose,
            email_verifications.c.used_at.is_(None),
            email_verifications.c.expires_at > now,
        )
    )
    return int(found.scalar_one())
