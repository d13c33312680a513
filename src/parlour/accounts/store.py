"""Queries for users, clients and guests. Every function runs in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, literal, or_, select, update

from parlour.accounts.identity import UserId
from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared
from parlour.db.tables import (
    Id,
    UtcDateTime,
    bans,
    clients,
    deleted_sessions,
    event_log,
    guests,
    invitations,
    refresh_sessions,
    registrations,
    retired_usernames,
    users,
)
from parlour.db.upsert import insert_selected_if_absent
from parlour.wire.addresses import email_key
from parlour.wire.base import username_key
from parlour.wire.names import search_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """The row of a client account."""

    username: str
    password_hash: str
    verified_at: datetime | None
    disabled_at: datetime | None
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRow:
    """The row of a guest; `expires_at` is None until the guest's address is verified."""

    expires_at: datetime | None
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as stored: a client, a guest, or a guest who has registered as a client.

    `language` is the one that the account's last registration or login asked for.
    """

    user_id: UserId
    email: str
    client: ClientRow | None
    guest: GuestRow | None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """The facts of an account, for exports and the command line."""

    email: str
    username: str | None
    created_at: datetime
    verified_at: datetime | None
    last_login_at: datetime | None
    guest_until: datetime | None
    disabled_at: datetime | None
    display_name: str | None
    language: str | None


ACCOUNT = (
    select(
        users.c.id,
        users.c.email,
        users.c.language,
        clients.c.username,
        clients.c.password_hash,
        clients.c.verified_at.label("client_verified_at"),
        clients.c.disabled_at,
        clients.c.display_name.label("client_display_name"),
        guests.c.user_id.label("guest_id"),
        guests.c.expires_at,
        guests.c.display_name.label("guest_display_name"),
    )
    .outerjoin_from(users, clients, clients.c.user_id == users.c.id)
    .outerjoin(guests, guests.c.user_id == users.c.id)
)
"""The columns of which `account_of` makes an account."""
_ACCOUNT_BY_ID = prepared(ACCOUNT.where(users.c.id == bindparam("user_id")))
_ACCOUNT_BY_NAME = prepared(
    ACCOUNT.where(
        or_(clients.c.username_key == bindparam("username_key"), users.c.email_key == bindparam("email_key"))
    )
)
_LOCK_USER = prepared(select(users.c.id).where(users.c.id == bindparam("user_id")).with_for_update())
_RECORD_LOGIN = prepared(
    update(clients)
    .where(clients.c.user_id == bindparam("of_user_id"))
    .values(last_login_at=bindparam("new_last_login_at"))
)
_ACCOUNT_BY_SESSION = (
    ACCOUNT.add_columns(
        refresh_sessions.c.revoked_at, refresh_sessions.c.expires_at.label("session_expires_at")
    )
    .join(refresh_sessions, refresh_sessions.c.user_id == users.c.id)
    .where(refresh_sessions.c.family == bindparam("family"))
)


def account_of(row: Any) -> Account | None:
    if row is None:
        return None
    client = guest = None
    if row.username is not None:
        client = ClientRow(
            username=row.username,
            password_hash=row.password_hash,
            verified_at=row.client_verified_at,
            disabled_at=row.disabled_at,
            display_name=row.client_display_name,
        )
    if row.guest_id is not None:
        guest = GuestRow(expires_at=row.expires_at, display_name=row.guest_display_name)
    return Account(user_id=UserId(row.id), email=row.email, client=client, guest=guest, language=row.language)


async def account_by_id(connection: AsyncConnection, user_id: int) -> Account | None:
    return account_of((await connection.execute(_ACCOUNT_BY_ID, {"user_id": user_id})).one_or_none())


async def lock_account(connection: AsyncConnection, user_id: int) -> Account | None:
    """Lock the user's row (SELECT FOR UPDATE) until the transaction ends; return the account as it is then.

    Every transaction that acts on an account takes this lock first: it serialises a change of the password
    with a login by the old password, or two deletions. SQLite has a single writer anyway. The account is read
    by a second statement: under PostgreSQL's READ COMMITTED a statement that waited for the lock would see
    the other tables as they were before the wait.
    """
    if connection.dialect.name != "sqlite":
        await connection.execute(_LOCK_USER, {"user_id": user_id})
    return await account_by_id(connection, user_id)


async def account_by_session(connection: AsyncConnection, family: str) -> tuple[Account, datetime] | None:
    """Return the account of a session and the session's end; None if the session is unknown or revoked."""
    row = (await connection.execute(_ACCOUNT_BY_SESSION, {"family": family})).one_or_none()
    account = None if row is None or row.revoked_at is not None else account_of(row)
    return None if row is None or account is None else (account, row.session_expires_at)


async def account_by_email(connection: AsyncConnection, email: str) -> Account | None:
    found = await connection.execute(ACCOUNT.where(users.c.email_key == email_key(email)))
    return account_of(found.one_or_none())


async def account_by_username_or_email(connection: AsyncConnection, username_or_email: str) -> Account | None:
    """Find an account by username or email; usernames hold no @, so the match is unambiguous."""
    keys = {"username_key": username_key(username_or_email), "email_key": email_key(username_or_email)}
    return account_of((await connection.execute(_ACCOUNT_BY_NAME, keys)).one_or_none())


async def account_by_username(connection: AsyncConnection, username: str) -> Account | None:
    found = await connection.execute(ACCOUNT.where(clients.c.username_key == username_key(username)))
    return account_of(found.one_or_none())


async def add_user(
    connection: AsyncConnection, *, email: str, now: datetime, language: str | None = None
) -> UserId:
    """Insert a user who takes over the invitations and bans of the address.

    Raises IntegrityError if the email is taken.
    """
    key = email_key(email)
    added = await connection.execute(
        insert(users)
        .values(email=email, email_key=key, created_at=now, language=language)
        .returning(users.c.id)
    )
    user_id = UserId(added.scalar_one())
    await connection.execute(
        update(invitations)
        .where(invitations.c.email_key == key, invitations.c.user_id.is_(None))
        .values(user_id=user_id)
    )
    await _take_over_bans(connection, user_id, key)
    return user_id


async def _take_over_bans(connection: AsyncConnection, user_id: UserId, key: str) -> None:
    """Attach the bans of an address to its account, so that they survive a change of the address."""
    await connection.execute(
        update(bans).where(bans.c.email_key == key, bans.c.user_id.is_(None)).values(user_id=user_id)
    )


async def _extend_bans(connection: AsyncConnection, user_id: UserId, *, old_key: str, key: str) -> None:
    """Copy the account's bans to its new address, so that they hold even after the account is deleted.

    Each row keeps the address that the room's creator banned, for display.
    """
    await _take_over_bans(connection, user_id, old_key)
    bans_of_user = select(
        bans.c.room_id, literal(key), func.min(bans.c.email), literal(user_id, Id), func.min(bans.c.banned_at)
    )
    await insert_selected_if_absent(
        connection,
        bans,
        ["room_id", "email_key", "email", "user_id", "banned_at"],
        bans_of_user.where(bans.c.user_id == user_id).group_by(bans.c.room_id),
    )
    await _take_over_bans(connection, user_id, key)


async def add_client(
    connection: AsyncConnection,
    *,
    user_id: UserId,
    username: str,
    password_hash: str,
    verified_at: datetime | None = None,
    display_name: str | None = None,
) -> None:
    """Insert a client. Raises IntegrityError if the username is taken."""
    await connection.execute(
        insert(clients).values(
            user_id=user_id,
            username=username,
            username_key=username_key(username),
            password_hash=password_hash,
            verified_at=verified_at,
            display_name=display_name,
            display_name_key=None if display_name is None else search_key(display_name),
        )
    )


async def add_guest(connection: AsyncConnection, user_id: UserId, *, display_name: str | None = None) -> None:
    await connection.execute(insert(guests).values(user_id=user_id, display_name=display_name))


async def set_display_name(connection: AsyncConnection, user_id: UserId, display_name: str | None) -> None:
    key = None if display_name is None else search_key(display_name)
    own = {"display_name": display_name}
    for table, values in ((clients, own | {"display_name_key": key}), (guests, own)):
        await connection.execute(update(table).where(table.c.user_id == user_id).values(values))


async def end_visits(connection: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    """Close the user's open attendance rows; without the user's id they could not be found later."""
    await connection.execute(
        update(event_log)
        .where(event_log.c.user_id == user_id, event_log.c.left_at.is_(None))
        .values(left_at=now)
    )


async def delete_user(connection: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    """Delete a user and all rows that belong to the user alone.

    A client's username is retired, since rooms and messages that outlive the account keep it. The ids of a
    client's sessions are kept for a while, so that other processes learn that these have ended.
    """
    was_client = exists().where(clients.c.user_id == refresh_sessions.c.user_id)
    sessions = select(refresh_sessions.c.family, refresh_sessions.c.user_id, literal(now, UtcDateTime)).where(
        refresh_sessions.c.user_id == user_id, was_client
    )
    await connection.execute(
        insert(deleted_sessions).from_select(["family", "user_id", "deleted_at"], sessions)
    )
    await end_visits(connection, user_id, now=now)
    is_retired = exists().where(retired_usernames.c.username_key == clients.c.username_key)
    username = select(clients.c.username_key, literal(now, UtcDateTime)).where(
        clients.c.user_id == user_id, ~is_retired
    )
    await connection.execute(insert(retired_usernames).from_select(["username_key", "retired_at"], username))
    await connection.execute(delete(users).where(users.c.id == user_id))


async def remember_language(connection: AsyncConnection, account: Account, language: str | None) -> None:
    """Store the language that a request of the account's owner asked for; None keeps the stored one."""
    if language is not None and language != account.language:
        await connection.execute(update(users).where(users.c.id == account.user_id).values(language=language))


async def delete_guest(connection: AsyncConnection, user_id: UserId) -> bool:
    gone = await connection.execute(delete(guests).where(guests.c.user_id == user_id))
    return gone.rowcount > 0


async def verify_client(connection: AsyncConnection, user_id: UserId, *, now: datetime) -> bool:
    """Mark a client as verified; return False if a concurrent request was faster."""
    done = await connection.execute(
        update(clients)
        .where(clients.c.user_id == user_id, clients.c.verified_at.is_(None))
        .values(verified_at=now)
    )
    await _mark_verified(connection, user_id, now)
    return done.rowcount > 0


async def verify_guest(
    connection: AsyncConnection, user_id: UserId, *, now: datetime, expires_at: datetime
) -> bool:
    """Mark a guest as verified until `expires_at`; return False if a concurrent request was faster."""
    done = await connection.execute(
        update(guests)
        .where(guests.c.user_id == user_id, guests.c.expires_at.is_(None))
        .values(expires_at=expires_at)
    )
    await _mark_verified(connection, user_id, now)
    return done.rowcount > 0


async def _mark_verified(connection: AsyncConnection, user_id: UserId, now: datetime) -> None:
    await connection.execute(
        update(users).where(users.c.id == user_id, users.c.verified_at.is_(None)).values(verified_at=now)
    )


async def record_login(
    connection: AsyncConnection, user_id: UserId, *, now: datetime, password_hash: str | None
) -> None:
    """Store the time of a login, and a new hash in place of an outdated one if `password_hash` is given.

    The caller holds the account's lock and has compared the stored hash with the verified one.
    """
    await connection.execute(_RECORD_LOGIN, {"of_user_id": user_id, "new_last_login_at": now})
    if password_hash is not None:
        await set_password(connection, user_id, password_hash)


async def set_password(connection: AsyncConnection, user_id: UserId, password_hash: str) -> None:
    await connection.execute(
        update(clients).where(clients.c.user_id == user_id).values(password_hash=password_hash)
    )


async def set_email(connection: AsyncConnection, user_id: UserId, email: str) -> None:
    """Change the email; invitations and bans of both addresses belong to the account from then on.

    Raises IntegrityError if the email is taken.
    """
    key = email_key(email)
    old = select(users.c.email_key).where(users.c.id == user_id)
    old_key = (await connection.execute(old)).scalar_one()
    await connection.execute(update(users).where(users.c.id == user_id).values(email=email, email_key=key))
    invited_already = select(invitations.c.room_id).where(invitations.c.email_key == key)
    await connection.execute(
        delete(invitations).where(
            invitations.c.email_key == old_key, invitations.c.room_id.in_(invited_already)
        )
    )
    await connection.execute(
        update(invitations)
        .where(invitations.c.email_key.in_([old_key, key]))
        .values(email=email, email_key=key, user_id=user_id)
    )
    await _extend_bans(connection, user_id, old_key=old_key, key=key)


_FACTS = (
    select(
        users.c.email,
        users.c.created_at,
        users.c.verified_at,
        users.c.language,
        clients.c.username,
        clients.c.last_login_at,
        clients.c.disabled_at,
        guests.c.expires_at,
        func.coalesce(clients.c.display_name, guests.c.display_name).label("display_name"),
    )
    .outerjoin_from(users, clients, clients.c.user_id == users.c.id)
    .outerjoin(guests, guests.c.user_id == users.c.id)
)


async def account_facts(connection: AsyncConnection, user_id: UserId) -> AccountFacts | None:
    """Return the facts of an account; None if the account was deleted."""
    row = (await connection.execute(_FACTS.where(users.c.id == user_id))).one_or_none()
    return None if row is None else _facts(row)


async def all_account_facts(connection: AsyncConnection) -> list[AccountFacts]:
    """Return the facts of all accounts: clients by username, then guests by address."""
    ordered = _FACTS.order_by(clients.c.username_key.is_(None), clients.c.username_key, users.c.email_key)
    return [_facts(row) for row in await connection.execute(ordered)]


def _facts(row: Any) -> AccountFacts:
    return AccountFacts(
        email=row.email,
        username=row.username,
        created_at=row.created_at,
        verified_at=row.verified_at,
        last_login_at=row.last_login_at,
        guest_until=row.expires_at,
        disabled_at=row.disabled_at,
        display_name=row.display_name,
        language=row.language,
    )


async def set_disabled(connection: AsyncConnection, user_id: UserId, *, at: datetime | None) -> None:
    """Refuse a client's logins since `at`; None allows them again."""
    await connection.execute(update(clients).where(clients.c.user_id == user_id).values(disabled_at=at))


async def delete_never_verified(connection: AsyncConnection, *, before: datetime) -> None:
    """Delete the accounts that were created before that time and never verified."""
    await connection.execute(delete(users).where(users.c.verified_at.is_(None), users.c.created_at < before))


async def expired_guests(connection: AsyncConnection, *, now: datetime) -> list[Account]:
    rows = await connection.execute(ACCOUNT.where(guests.c.expires_at <= now))
    return [account for row in rows if (account := account_of(row)) is not None]


async def next_guest_expiry(connection: AsyncConnection) -> datetime | None:
    expiry: datetime | None = (await connection.execute(select(func.min(guests.c.expires_at)))).scalar()
    return expiry


async def waiting_password_hash(
    connection: AsyncConnection, username_or_email: str, *, now: datetime
) -> str | None:
    """Return the password hash of the newest pending registration of this username or email, if any."""
    matches = or_(
        registrations.c.username_key == username_key(username_or_email),
        registrations.c.email_key == email_key(username_or_email),
    )
    query = (
        select(registrations.c.password_hash)
        .where(registrations.c.user_id.is_(None), registrations.c.expires_at > now, matches)
        .order_by(registrations.c.registered_at.desc(), registrations.c.id)
        .limit(1)
    )
    password_hash: str | None = (await connection.execute(query)).scalar()
    return password_hash
