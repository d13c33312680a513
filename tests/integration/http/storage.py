"""Direct access to a server's database, to inspect rows and to insert rows behind the server's back.

Hashing a password takes a good part of a second where many tests share a machine, so rooms that a test
merely needs are inserted here, with the cheapest hash.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import bcrypt
from sqlalchemy import Connection, NullPool, create_engine, delete, insert, make_url, select, update

from parlour.db.tables import clients, events, guests, registrations, rooms, users
from parlour.wire.names import name_key
from tests.people import ROOM_PASSWORD, Person, Visitors, unique
from tests.servers import ParlourServer


@contextmanager
def database_of(server: ParlourServer) -> Iterator[Connection]:
    url = make_url(server.database_url)
    driver = "postgresql+psycopg" if url.get_backend_name().startswith("postgres") else "sqlite+pysqlite"
    engine = create_engine(url.set(drivername=driver), poolclass=NullPool)
    with engine.begin() as connection:
        if driver.startswith("sqlite"):
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        yield connection


def import_client(server: ParlourServer, *, email: str, username: str, password_hash: str) -> None:
    """Insert a confirmed client, as an import from another system would."""
    now = datetime.now(UTC)
    with database_of(server) as connection:
        user = insert(users).values(email=email, email_key=email, created_at=now, verified_at=now)
        user_id = connection.execute(user.returning(users.c.id)).scalar_one()
        connection.execute(
            insert(clients).values(
                user_id=user_id,
                username=username,
                username_key=username,
                password_hash=password_hash,
                verified_at=now,
            )
        )


def bcrypt_hash(password: str, *, prefix: str = "$2b$") -> str:
    """Hash a password by bcrypt at its lowest cost."""
    made = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()
    return made.replace("$2b$", prefix, 1)


_ROOM_HASH = bcrypt_hash(ROOM_PASSWORD)


def room_of(creator: Person, name: str | None = None) -> str:
    """Insert a room, whose password is ROOM_PASSWORD, and return its name."""
    name = name or unique("room")
    row: dict[str, Any] = {
        "name": name,
        "name_key": name_key(name),
        "password_hash": _ROOM_HASH,
        "description": "",
        "creator_name": creator.username,
        "created_at": datetime.now(UTC),
    }
    with database_of(creator.server) as connection:
        mine = select(users.c.id).where(users.c.email == creator.email)
        connection.execute(insert(rooms).values(creator_id=mine.scalar_subquery(), **row))
    return name


def event_of(creator: Person) -> str:
    """Insert a room that is an event, and return its name."""
    name = room_of(creator)
    with database_of(creator.server) as connection:
        room = select(rooms.c.id).where(rooms.c.name == name).scalar_subquery()
        connection.execute(insert(events).values(room_id=room, created_at=datetime.now(UTC)))
    return name


def stored_registrations(server: ParlourServer, email: str) -> int:
    """Count the registrations of an address, whether pending or confirmed and not yet cleaned up."""
    query = select(registrations.c.id).where(registrations.c.email == email)
    with database_of(server) as connection:
        return len(connection.execute(query).all())


def stored_client(server: ParlourServer, email: str) -> Any:
    """Return the row of a client, or None."""
    query = select(clients).join(users, users.c.id == clients.c.user_id).where(users.c.email == email)
    with database_of(server) as connection:
        return connection.execute(query).one_or_none()


def has_user(server: ParlourServer, email: str) -> bool:
    with database_of(server) as connection:
        return connection.execute(select(users.c.id).where(users.c.email == email)).first() is not None


async def end_time_of(*expiring: Person) -> None:
    """Let the time of guests end now. Otherwise a test would have to do all that it does within that time."""
    server = expiring[0].server
    theirs = select(users.c.id).where(users.c.email.in_([guest.email for guest in expiring]))
    with database_of(server) as connection:
        connection.execute(
            update(guests).where(guests.c.user_id.in_(theirs)).values(expires_at=datetime.now(UTC))
        )
    async with Visitors(server) as visitors:
        await visitors.guest("next")  # the server looks whose time is over when a guest arrives


def remove_user(server: ParlourServer, email: str) -> None:
    """Delete an account and its registrations, confirmed or not."""
    with database_of(server) as connection:
        connection.execute(delete(registrations).where(registrations.c.email == email))
        connection.execute(delete(users).where(users.c.email == email))
