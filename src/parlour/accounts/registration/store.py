"""Queries for pending registrations. Every function runs in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, and_, delete, exists, insert, or_, select, update

from parlour.accounts.identity import UserId
from parlour.db.database import AsyncConnection
from parlour.db.tables import bans, invitations, registrations, retired_usernames, users
from parlour.wire.addresses import email_key
from parlour.wire.base import username_key

MAX_MAILS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRegistration:
    """A registration; once it is confirmed, `user_id` is the account that was created.

    `address_proven_at` is set if the registrant was logged in as the guest of the address.
    """

    registration_id: str
    email: str
    username: str
    password_hash: str
    browser_hash: str
    expires_at: datetime
    address_proven_at: datetime | None
    user_id: int | None
    display_name: str | None = None
    language: str | None = None


def _pending(row: Row[tuple[object, ...]] | None) -> PendingRegistration | None:
    if row is None:
        return None
    return PendingRegistration(
        registration_id=row.id,
        email=row.email,
        username=row.username,
        password_hash=row.password_hash,
        browser_hash=row.browser_hash,
        expires_at=row.expires_at,
        address_proven_at=row.address_proven_at,
        user_id=row.user_id,
        display_name=row.display_name,
        language=row.language,
    )


async def add_registration(
    connection: AsyncConnection, registration: PendingRegistration, *, now: datetime
) -> None:
    """Insert a registration. Raises IntegrityError if another pending registration has the username."""
    key = username_key(registration.username)
    over = and_(registrations.c.username_key == key, registrations.c.expires_at <= now)
    await connection.execute(delete(registrations).where(over))
    await connection.execute(
        insert(registrations).values(
            id=registration.registration_id,
            email=registration.email,
            email_key=email_key(registration.email),
            username=registration.username,
            username_key=key,
            password_hash=registration.password_hash,
            browser_hash=registration.browser_hash,
            letters=1,
            registered_at=now,
            expires_at=registration.expires_at,
            address_proven_at=registration.address_proven_at,
            display_name=registration.display_name,
            language=registration.language,
        )
    )


async def registration_by_id(
    connection: AsyncConnection, registration_id: str, *, lock: bool = False
) -> PendingRegistration | None:
    """Find a registration; `lock` serialises concurrent confirmations (SELECT FOR UPDATE)."""
    query = select(registrations).where(registrations.c.id == registration_id)
    if lock:
        query = query.with_for_update()
    return _pending((await connection.execute(query)).one_or_none())


async def registration_to_repeat(
    connection: AsyncConnection, email: str, *, browser_hash: str | None, now: datetime
) -> PendingRegistration | None:
    """Return the newest pending registration of the address by this browser, else by any browser."""
    of_address = _newest_waiting(now).where(registrations.c.email_key == email_key(email))
    if browser_hash is not None:
        own = of_address.where(registrations.c.browser_hash == browser_hash)
        registration = _pending((await connection.execute(own)).one_or_none())
        if registration is not None:
            return registration
    return _pending((await connection.execute(of_address)).one_or_none())


def _newest_waiting(now: datetime) -> Select[tuple[object, ...]]:
    waits = and_(registrations.c.user_id.is_(None), registrations.c.expires_at > now)
    newest = (registrations.c.registered_at.desc(), registrations.c.id)
    return select(registrations).where(waits).order_by(*newest).limit(1)


async def prolong(connection: AsyncConnection, registration_id: str, *, expires_at: datetime) -> bool:
    """Count another mail and extend the expiry; return False if MAX_MAILS were sent."""
    done = await connection.execute(
        update(registrations)
        .where(registrations.c.id == registration_id, registrations.c.letters < MAX_MAILS)
        .values(letters=registrations.c.letters + 1, expires_at=expires_at)
    )
    return done.rowcount > 0


async def is_username_reserved(connection: AsyncConnection, username: str, *, now: datetime) -> bool:
    """True if a pending registration or a deleted account has the username.

    Messages and rooms of a deleted account keep its username, so another account must never get it.
    """
    key = username_key(username)
    waiting = exists().where(registrations.c.username_key == key, registrations.c.expires_at > now)
    retired = exists().where(retired_usernames.c.username_key == key)
    return bool((await connection.execute(select(or_(waiting, retired)))).scalar_one())


async def is_contested(
    connection: AsyncConnection, email: str, *, now: datetime, besides: str | None = None
) -> bool:
    """True if the address may be another person's: another registration than `besides` is pending for it, it
    was invited to a room, or it has an account.
    """
    key = email_key(email)
    rivals = [registrations.c.email_key == key, registrations.c.expires_at > now]
    if besides is not None:
        rivals.append(registrations.c.id != besides)
    rival = exists().where(*rivals)
    invited = exists().where(invitations.c.email_key == key)
    guest = exists().where(users.c.email_key == key)
    return bool((await connection.execute(select(or_(rival, invited, guest)))).scalar_one())


async def is_invited(connection: AsyncConnection, email: str) -> bool:
    """True if the address is invited to a room from which it is not banned."""
    key = email_key(email)
    account = select(users.c.id).where(users.c.email_key == key).scalar_subquery()
    is_banned = exists().where(
        bans.c.room_id == invitations.c.room_id, or_(bans.c.email_key == key, bans.c.user_id == account)
    )
    invited = exists().where(invitations.c.email_key == key, ~is_banned)
    return bool((await connection.execute(select(invited))).scalar_one())


async def mark_confirmed(connection: AsyncConnection, registration_id: str, user_id: UserId) -> None:
    """Mark as confirmed; the row stays until its links expire, so that a reopened link can be explained."""
    await connection.execute(
        update(registrations).where(registrations.c.id == registration_id).values(user_id=user_id)
    )


async def end_registrations_of(connection: AsyncConnection, email: str, *, now: datetime) -> None:
    """Expire all pending registrations of an address that has been confirmed for an account."""
    waiting = and_(registrations.c.email_key == email_key(email), registrations.c.user_id.is_(None))
    await connection.execute(
        update(registrations).where(waiting, registrations.c.expires_at > now).values(expires_at=now)
    )


async def delete_expired_registrations(connection: AsyncConnection, *, before: datetime) -> None:
    await connection.execute(delete(registrations).where(registrations.c.expires_at < before))
