"""The people and rooms of the measurements, put into Parlour's database without its HTTP API.

Five thousand logins would be five thousand password hashes; all accounts here share a single hash.
"""

import json
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Dialect, create_engine

from parlour.accounts import store as accounts
from parlour.accounts.identity import UserId
from parlour.accounts.passwords.hashing import Passwords
from parlour.accounts.sessions import store as session_store
from parlour.accounts.tokens import AccessToken, RefreshToken, TokenSigner, token_hash
from parlour.db.database import AsyncConnection, Database
from parlour.db.migrate import migrate
from parlour.rooms import store as rooms
from parlour.rooms.entities import Room

PASSWORD = "correct horse battery"  # noqa: S105 - of people who exist for some minutes
LIFETIME = timedelta(days=1)
EVENTS_EVERY = 10
"""Each tenth filler room is an event, since a list of rooms has to leave out other users' events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A kind of room: the i-th person of the n-th room is person `n * size + i`."""

    name: str
    size: int
    count: int

    def room(self, index: int) -> str:
        return f"{self.name} {index}"

    def people(self, index: int) -> range:
        return range(index * self.size, (index + 1) * self.size)


PAIRS = Shape(name="Pair", size=2, count=50)
FOURS = Shape(name="Four", size=4, count=500)
CROWDS = Shape(name="Crowd", size=50, count=8)
SHAPES = (PAIRS, FOURS, CROWDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A seeded account, logged in already: both tokens are valid for LIFETIME."""

    user_id: int
    session: str
    username: str
    email: str
    access_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The seeded accounts; `folder` holds the database and the file that configures the Node server."""

    folder: Path
    secret: str
    people: Sequence[Person]
    rooms: int
    database_url: str

    @property
    def node_file(self) -> Path:
        return self.folder / "node.json"


def database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'parlour.db'}"


class Inline:
    """An adapter that runs Parlour's async stores on a synchronous connection: a fifth of the cost."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        return self._connection.execute(*arguments, **options)


async def sow(folder: Path, *, people: int, room_count: int, database: str | None = None) -> Seed:
    """Create at least as many accounts as the shapes need, and filler rooms up to `room_count` in all.

    `database` is the URL of an empty PostgreSQL database; without it, SQLite's file is in `folder`.
    """
    url = database or database_url(folder)
    secret = secrets.token_urlsafe(48)
    now = datetime.now(UTC)
    everybody = max(people, *(shape.size * shape.count for shape in SHAPES))
    fillers = max(0, room_count - sum(shape.count for shape in SHAPES))
    await _migrated(url)
    password_hash = await _password_hash()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as sync:
        connection = cast(AsyncConnection, Inline(sync))
        signer = TokenSigner(secret)
        sown = [
            await _person(connection, signer, password_hash, number=number, now=now)
            for number in range(everybody)
        ]
        admissions = _admissions(sown)
        for name, admitted in admissions.items():
            await _room(connection, name, password_hash, sown[0], now=now)
            room = await _stored(connection, name, sown[0])
            for user_id in admitted:
                await rooms.admit(connection, room.room_id, UserId(user_id), now=now)
        for number in range(fillers):
            await _filler(connection, number, password_hash, sown[number % everybody], now=now)
    engine.dispose()
    seed = Seed(folder=folder, secret=secret, people=sown, rooms=len(admissions) + fillers, database_url=url)
    seed.node_file.write_text(json.dumps({"secret": secret, "admitted": admissions}), encoding="utf-8")
    return seed


async def _migrated(url: str) -> None:
    database = Database(url)
    try:
        await migrate(database)
    finally:
        await database.close()


async def _password_hash() -> str:
    passwords = Passwords()
    try:
        return await passwords.hash(PASSWORD)
    finally:
        passwords.close()


def _admissions(people: Sequence[Person]) -> Mapping[str, list[int]]:
    return {name: [people[number].user_id for number in numbers] for name, numbers in _shaped_rooms()}


def _shaped_rooms() -> Iterator[tuple[str, range]]:
    for shape in SHAPES:
        for index in range(shape.count):
            yield shape.room(index), shape.people(index)


def with_new_token(person: Person, signer: TokenSigner) -> Person:
    """Sign a token that the server's process has not seen, as after a login."""
    now = datetime.now(UTC)
    token = AccessToken(
        user_id=person.user_id,
        email=person.email,
        username=person.username,
        guest_until=None,
        family=person.session,
        token_id=secrets.token_urlsafe(12),
        issued_at=now,
        expires_at=now + LIFETIME,
    )
    return replace(person, access_token=signer.sign_access(token))


async def _person(
    connection: AsyncConnection, signer: TokenSigner, password_hash: str, *, number: int, now: datetime
) -> Person:
    username, email = f"Person-{number}", f"person-{number}@example.org"
    user_id = await accounts.add_user(connection, email=email, now=now)
    await accounts.add_client(
        connection, user_id=user_id, username=username, password_hash=password_hash, verified_at=now
    )
    expires_at = now + LIFETIME
    refresh = RefreshToken(family=str(uuid.uuid4()), generation=0, issued_at=now, expires_at=expires_at)
    refresh_text = signer.sign_refresh(refresh)
    await session_store.add_session(
        connection,
        family=refresh.family,
        user_id=user_id,
        token_hash=token_hash(refresh_text),
        now=now,
        expires_at=expires_at,
    )
    person = Person(
        user_id=user_id,
        session=refresh.family,
        username=username,
        email=email,
        access_token="",
        refresh_token=refresh_text,
    )
    return with_new_token(person, signer)


async def _room(
    connection: AsyncConnection, name: str, password_hash: str, creator: Person, *, now: datetime
) -> None:
    await rooms.add_room(
        connection,
        name=name,
        password_hash=password_hash,
        description="A room of the measurements",
        creator_id=UserId(creator.user_id),
        creator_name=creator.username,
        now=now,
    )


async def _stored(connection: AsyncConnection, name: str, creator: Person) -> Room:
    found = await rooms.room_and_facts(connection, name, UserId(creator.user_id))
    assert found is not None
    return found[0]


async def _filler(
    connection: AsyncConnection, number: int, password_hash: str, creator: Person, *, now: datetime
) -> None:
    name = f"Hall {number}"
    await _room(connection, name, password_hash, creator, now=now)
    if number % EVENTS_EVERY == 0:
        room = await _stored(connection, name, creator)
        await rooms.make_event(connection, room.room_id, now=now)
        if number % (EVENTS_EVERY * 50) == 0:
            await rooms.invite(connection, room.room_id, ["person-0@example.org"], now=now)
