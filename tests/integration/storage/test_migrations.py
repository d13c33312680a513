"""The schema is what `tables` says, on both databases, however one gets there."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

import parlour.db.migrations
import parlour.db.partial_indexes  # completes `metadata`
from parlour.accounts.identity import UserId
from parlour.db.database import Database
from parlour.db.migrate import HEAD, LOCK, DatabaseTooNew, MigrationUnderWay, migrate
from parlour.db.tables import metadata
from parlour.rooms.store import RoomFilter, room_and_facts, visible_rooms
from tests.conftest import Databases
from tests.people import ROOM_PASSWORD, Visitors, done
from tests.servers import ParlourServer
from tests.servers.command import run_parlour


@pytest.fixture
async def url(database: str, databases: Databases, tmp_path: Path) -> str:
    """An empty database."""
    return await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}"


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    yield opened
    await opened.close()


async def in_transaction(database: Database, work: Callable[[Connection], Any]) -> Any:
    async with database.transaction(within=None) as connection:
        return await connection.run_sync(work)


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def to(connection: Connection, direction: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(parlour.db.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    direction(config, revision)


async def test_the_migrated_schema_is_what_the_code_expects(empty: Database) -> None:
    assert await migrate(empty) is None
    assert await in_transaction(empty, tables) == {*metadata.tables, "alembic_version"}
    assert await in_transaction(empty, differences) == []


async def test_migrating_again_does_nothing(empty: Database) -> None:
    await migrate(empty)
    assert await migrate(empty) == HEAD
    assert await in_transaction(empty, differences) == []


async def test_down_and_up_again(empty: Database) -> None:
    await migrate(empty)
    await in_transaction(empty, lambda connection: to(connection, command.downgrade, "base"))
    assert await in_transaction(empty, tables) == {"alembic_version"}
    assert await migrate(empty) is None
    assert await in_transaction(empty, differences) == []


async def test_a_migration_that_fails_leaves_nothing(empty: Database) -> None:
    """A table of that name is in the way of the last ones."""
    await in_transaction(
        empty, lambda connection: connection.execute(text("CREATE TABLE event_log (id INT)"))
    )
    with pytest.raises(Exception, match="event_log"):
        await migrate(empty)
    assert await in_transaction(empty, tables) == {"event_log"}
    await in_transaction(empty, lambda connection: connection.execute(text("DROP TABLE event_log")))
    assert await migrate(empty) is None


async def test_a_database_from_the_future_is_left_alone(empty: Database, url: str, tmp_path: Path) -> None:
    await migrate(empty)
    await in_transaction(
        empty, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = 'zzzz'"))
    )
    with pytest.raises(DatabaseTooNew):
        await migrate(empty)
    for arguments in (["serve", "--port", "0"], ["migrate"], ["room", "list"]):
        ended = await run_parlour(*arguments, folder=tmp_path, settings={"PARLOUR_DATABASE_URL": url})
        assert ended.code == 2
        assert len(ended.err.splitlines()) == 1
        assert "newer version of Parlour" in ended.err
    assert await in_transaction(
        empty, lambda connection: connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    ) == "zzzz"  # fmt: skip


async def test_two_servers_start_at_once_on_an_empty_database(
    empty: Database, url: str, tmp_path: Path
) -> None:
    """Both find that a migration is due and wait for a third; then one of them migrates, and both serve."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, two = (ParlourServer(folder, url, {"PARLOUR_SECRET_KEY": "s" * 40}) for folder in folders)
    for server in (one, two):
        server.log.touch()
    try:
        async with asyncio.TaskGroup() as starting, migrating(empty):
            for server in (one, two):
                starting.create_task(server.start())
            for server in (one, two):
                await server.expect_log("migration.waiting")
        async with Visitors(one) as at_one, Visitors(two) as at_two:
            ann = await at_one.client()
            twin = await at_two.same(ann)
            await twin.logs_in()
    finally:
        await one.terminate()
        await two.terminate()
    logs = one.log.read_text() + two.log.read_text()
    assert logs.count("migration.done") == 1


@pytest.mark.database("postgres")
async def test_the_wait_for_another_migration_has_an_end(empty: Database, url: str) -> None:
    waiting = Database(url)
    try:
        async with migrating(empty):
            with pytest.raises(MigrationUnderWay, match="for 0 seconds"):
                await migrate(waiting, within=0.1)
        assert await migrate(waiting) is None
    finally:
        await waiting.close()


@asynccontextmanager
async def migrating(database: Database) -> AsyncIterator[None]:
    """Hold what a process holds that migrates."""
    async with database.transaction(within=None) as connection:
        if not database.is_sqlite:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        else:
            await connection.execute(text("SELECT 1"))
        yield


async def test_a_server_goes_on_beside_a_newer_schema(empty: Database, url: str, tmp_path: Path) -> None:
    """The next version migrates as its rule says, and the server of this one neither fails nor starts."""
    async with ParlourServer(tmp_path, url) as server, Visitors(server) as visitors:
        ann = await visitors.client()
        await ann.logs_in()
        await ann.creates_room("Garden")
        await in_transaction(empty, run(NEXT_VERSION))
        await ann.creates_room("Attic")
        bob = await visitors.client()
        await bob.logs_in()
        for name in ("Garden", "Attic"):
            done(await bob.post("/room/access", {"name": name, "password": ROOM_PASSWORD}))
            done(await bob.post("/message", {"roomname": name, "email": bob.email, "message": "hello"}))
        done(await ann.http.get("/readyz"))
    with pytest.raises(RuntimeError, match="newer version of Parlour"):
        await server.start()


NEXT_VERSION = (
    *(
        f"ALTER TABLE {table} ADD COLUMN {column}"
        for table in ("rooms", "messages", "users", "clients", "refresh_sessions", "admissions", "outbox")
        for column in ("next_version INTEGER", "next_count INTEGER NOT NULL DEFAULT 0")
    ),
    "CREATE TABLE next_version (id INTEGER PRIMARY KEY)",
    "UPDATE alembic_version SET version_num = '9999'",
)


async def test_a_migration_only_adds_what_the_version_before_can_ignore(empty: Database) -> None:
    """The rule of docs/deploy.md, for each migration since it was made."""
    newer = [revision for revision in revisions() if revision > LAST_WITHOUT_RULE]
    await in_transaction(empty, lambda connection: to(connection, command.upgrade, LAST_WITHOUT_RULE))
    for revision in newer:
        before: dict[str, Shape] = await in_transaction(empty, shape)
        await in_transaction(empty, partial(to, direction=command.upgrade, revision=revision))
        after: dict[str, Shape] = await in_transaction(empty, shape)
        for table, was in before.items():
            now = after[table]
            assert was.columns.items() <= now.columns.items(), (revision, table)
            added = now.columns.keys() - was.columns.keys()
            assert added <= now.optional, (revision, table)
            assert all(names & added for names in now.unique - was.unique), (revision, table)
            assert all(names & added for names in now.references - was.references), (revision, table)


LAST_WITHOUT_RULE = "0023"


@dataclass(frozen=True)
class Shape:
    """A table: columns with type and nullability, the columns that an INSERT may leave out, and
    constraints.
    """

    columns: dict[str, tuple[str, bool]]
    optional: set[str]
    unique: set[frozenset[str]]
    references: set[frozenset[str]]


def shape(connection: Connection) -> dict[str, Shape]:
    inspector = inspect(connection)
    shapes = {}
    for table in inspector.get_table_names():
        columns = inspector.get_columns(table)
        unique: list[Sequence[str | None]] = [
            *(constraint["column_names"] for constraint in inspector.get_unique_constraints(table)),
            *(index["column_names"] for index in inspector.get_indexes(table) if index["unique"]),
        ]
        shapes[table] = Shape(
            {column["name"]: (str(column["type"]), column["nullable"]) for column in columns},
            {column["name"] for column in columns if column["nullable"] or column["default"] is not None},
            {frozenset(name for name in names if name) for names in unique},
            {frozenset(key["constrained_columns"]) for key in inspector.get_foreign_keys(table)},
        )
    return shapes


def revisions() -> list[str]:
    folder = Path(parlour.db.migrations.__file__).parent / "versions"
    return sorted(file.name.partition("_")[0] for file in folder.glob("0*.py"))


OLD_KEYS = (
    "INSERT INTO users (id, email, email_key, created_at) VALUES"
    " (1, 'ann@straße.example', 'ann@strasse.example', '2026-01-01 00:00:00'),"
    " (2, 'Bob@Example.org', 'bob@example.org', '2026-01-01 00:00:00'),"
    " (3, 'cy@bücher.example', 'cy@bücher.example', '2026-01-01 00:00:00'),"
    " (4, 'cy@xn--bcher-kva.example', 'cy@xn--bcher-kva.example', '2026-01-01 00:00:00')",
    "INSERT INTO rooms (id, name, name_key, password_hash, description, creator_id, creator_name, created_at)"
    " VALUES (1, 'Garden', 'garden', 'x', '', 2, 'bobby', '2026-01-01 00:00:00')",
    "INSERT INTO invitations (id, room_id, user_id, email, email_key, invited_at) VALUES"
    " (1, 1, 1, 'ann@strasse.example', 'ann@strasse.example', '2026-01-01 00:00:00'),"
    " (2, 1, NULL, 'cy@bücher.example', 'cy@bücher.example', '2026-01-01 00:00:00'),"
    " (3, 1, 2, 'bob@example.org', 'bob@example.org', '2026-01-01 00:00:00'),"
    " (4, 1, 4, 'cy@xn--bcher-kva.example', 'cy@xn--bcher-kva.example', '2026-01-01 00:00:00')",
    "INSERT INTO bans (room_id, email, email_key, banned_at) VALUES"
    " (1, 'eve@straße.example', 'eve@strasse.example', '2026-01-01 00:00:00'),"
    " (1, 'dan@xn--bcher-kva.example', 'dan@xn--bcher-kva.example', '2026-01-01 00:00:00'),"
    " (1, 'dan@bücher.example', 'dan@bücher.example', '2026-01-01 00:00:00')",
)


def run(statements: Sequence[str]) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return work


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    def work(connection: Connection) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(text(query))]

    found: list[tuple[Any, ...]] = await in_transaction(database, work)
    return found


async def migrate_from(empty: Database, revision: str, statements: Sequence[str]) -> None:
    """Write what a version of `revision` has written, and migrate that."""
    await in_transaction(empty, lambda connection: to(connection, command.upgrade, revision))
    await in_transaction(empty, run(statements))
    await migrate(empty)


async def test_addresses_that_one_key_held_together_are_taken_apart(empty: Database) -> None:
    await migrate_from(empty, "0005", OLD_KEYS)
    assert await rows(empty, "SELECT id, email_key FROM users ORDER BY id") == [
        (1, "ann@xn--strae-oqa.example"),
        (2, "bob@example.org"),
        (3, "cy@xn--bcher-kva.example"),
        (4, "cy@xn--bcher-kva.example 4"),
    ], "of two accounts of one address the first keeps it, and both are there"
    assert await rows(empty, "SELECT id, user_id, email_key FROM invitations ORDER BY id") == [
        (1, None, "ann@strasse.example"),
        (2, 3, "cy@xn--bcher-kva.example"),
        (3, 2, "bob@example.org"),
    ]
    assert await rows(empty, "SELECT email_key FROM bans ORDER BY email_key") == [
        ("dan@xn--bcher-kva.example",),
        ("eve@xn--strae-oqa.example",),
    ]


UNCONFIRMED = (
    "INSERT INTO users (id, email, email_key, created_at, verified_at) VALUES"
    " (1, 'ann@example.org', 'ann@example.org', '2026-01-01 00:00:00', NULL),"
    " (2, 'bob@example.org', 'bob@example.org', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),"
    " (3, 'gus@example.org', 'gus@example.org', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "INSERT INTO clients (user_id, username, username_key, password_hash, verified_at) VALUES"
    " (1, 'Ann-Lee', 'ann-lee', 'x', NULL), (2, 'bobby', 'bobby', 'x', '2026-01-01 00:00:00'),"
    " (3, 'gus-lee', 'gus-lee', 'x', NULL)",
    "INSERT INTO guests (user_id, expires_at) VALUES (3, '2126-01-01 00:00:00')",
    "INSERT INTO email_verifications (id, user_id, purpose, sent_at, expires_at, used_at) VALUES"
    " ('old', 1, 'client', '2026-01-01 00:00:00', '2126-01-01 00:00:00', NULL),"
    " ('new', 1, 'client', '2026-01-01 00:01:00', '2126-01-01 00:00:00', NULL),"
    " ('used', 2, 'client', '2026-01-01 00:00:00', '2126-01-01 00:00:00', '2026-01-01 00:00:00'),"
    " ('over', 3, 'client', '2026-01-01 00:00:00', '2026-01-01 01:00:00', NULL)",
    "INSERT INTO rooms (id, name, name_key, password_hash, description, creator_id, creator_name, created_at)"
    " VALUES (1, 'Garden', 'garden', 'x', '', NULL, 'Gone-Lee', '2026-01-01 00:00:00'),"
    " (2, 'Attic', 'attic', 'x', '', NULL, 'Bobby', '2026-01-01 00:00:00')",
    "INSERT INTO messages (room_id, message_id, author_name, author_email, text, sent_at) VALUES"
    " (1, 'a', 'Guest', 'x@example.org', 'hello', '2026-01-01 00:00:00')",
)


async def test_accounts_that_nobody_confirmed_become_registrations(empty: Database) -> None:
    await migrate_from(empty, "0006", UNCONFIRMED)
    waiting = "SELECT id, email_key, username FROM registrations WHERE user_id IS NULL"
    assert await rows(empty, waiting) == [("new", "ann@example.org", "Ann-Lee")]
    assert await rows(empty, "SELECT id FROM users ORDER BY id") == [(2,), (3,)]
    assert await rows(empty, "SELECT username FROM clients") == [("bobby",)]
    assert await rows(empty, "SELECT username_key FROM retired_usernames") == [("gone-lee",)]


OLD_MAILS = (
    "INSERT INTO outbox (id, recipient, subject, text, html, created_at, attempts) VALUES"
    " (1, 'a@b.example', 'Hello', 'Hello', '<p>Hello', '2026-01-01 00:00:00', 0),"
    " (2, 'a@b.example', 'x', 'https://a.example/reset/eyJh.eyJi.x', 'x', '2026-01-01 00:00:00', 0),"
    " (3, 'a@b.example', 'x', 'https://a.example/verifyguest/eyJh.eyJi.x', 'x', '2026-01-01 00:00:00', 0),"
    " (4, 'a@b.example', 'Hello', 'https://a.example/r/Garden', '<p>Hello', '2026-01-01 00:00:00', 0)",
)


async def test_mails_that_wait_keep_no_token(empty: Database) -> None:
    await migrate_from(empty, "0010", OLD_MAILS)
    kept = await rows(empty, "SELECT id, content FROM outbox ORDER BY id")
    assert [(number, json.loads(content)) for number, content in kept] == [
        (1, {"kind": "Written", "subject": "Hello", "text": "Hello", "html": "<p>Hello"}),
        (
            4,
            {
                "kind": "Written",
                "subject": "Hello",
                "text": "https://a.example/r/Garden",
                "html": "<p>Hello",
            },
        ),
    ]


OLD_BANS = (
    "INSERT INTO users (id, email, email_key, created_at) VALUES"
    " (1, 'ann@example.org', 'ann@example.org', '2026-01-01 00:00:00'),"
    " (2, 'eve@example.org', 'eve@example.org', '2026-01-01 00:00:00')",
    "INSERT INTO rooms (id, name, name_key, password_hash, description, creator_id, creator_name, created_at)"
    " VALUES (1, 'Garden', 'garden', 'x', '', 1, 'annie', '2026-01-01 00:00:00')",
    "INSERT INTO bans (room_id, email, email_key, banned_at) VALUES"
    " (1, 'Eve@example.org', 'eve@example.org', '2026-01-01 00:00:00'),"
    " (1, 'mal@example.org', 'mal@example.org', '2026-01-01 00:00:00')",
)


async def test_bans_get_the_account_of_their_address(empty: Database) -> None:
    await migrate_from(empty, "0011", OLD_BANS)
    kept = await rows(empty, "SELECT room_id, email, email_key, user_id FROM bans ORDER BY email_key")
    assert kept == [
        (1, "Eve@example.org", "eve@example.org", 2),
        (1, "mal@example.org", "mal@example.org", None),
    ]


NAMED_ALIKE = (
    "INSERT INTO rooms (id, name, name_key, password_hash, description, creator_name, created_at) VALUES"
    " (1, 'Café', 'café', 'x', '', 'ann', '2026-01-01 00:00:00'),"
    " (2, 'Cafe\u0301', 'cafe\u0301', 'x', '', 'mallory', '2026-01-01 00:00:00'),"
    " (3, 'Gаrden', 'gаrden', 'x', '', 'ann', '2026-01-01 00:00:00'),"
    " (4, 'Garden', 'garden', 'x', '', 'bob', '2026-01-01 00:00:00'),"
    " (5, '..', '..', 'x', '', 'ann', '2026-01-01 00:00:00')",
    "INSERT INTO messages (room_id, message_id, author_name, author_email, text, sent_at) VALUES"
    " (2, 'a', 'Guest', 'x@example.org', 'hello', '2026-01-01 00:00:00')",
)


async def test_rooms_whose_names_are_one_by_now_stay_two(empty: Database) -> None:
    await migrate_from(empty, "0012", NAMED_ALIKE)
    query = "SELECT id, name_key, name_skeleton FROM rooms ORDER BY id"
    assert await rows(empty, query) == [
        (1, "café", "café"),
        (2, "\x1fcafe\u0301", None),
        (3, "gаrden", "garden"),
        (4, "garden", None),
        (5, "..", ".."),
    ]
    assert await rows(empty, "SELECT text FROM messages") == [("hello",)]
    async with empty.transaction() as connection:
        stranger = UserId(1)
        for name in ("Café", "CAFÉ", "Cafe\u0301", "Gаrden", "Garden", ".."):
            found = await room_and_facts(connection, name, stranger)
            assert found is not None
            assert found[0].name.casefold() == name.casefold()
        for limit in (1, 2, 5):
            listed: list[str] = []
            while page := await visible_rooms(
                connection, None, limit=limit, after=listed[-1] if listed else None
            ):
                listed += [room.name for room in page]
            assert sorted(listed) == sorted(["Café", "Cafe\u0301", "Gаrden", "Garden", ".."])


SESSION_OF_BEFORE = (
    "INSERT INTO users (id, email, email_key, created_at) VALUES"
    " (1, 'ann@example.org', 'ann@example.org', '2026-01-01 00:00:00')",
    "INSERT INTO refresh_sessions"
    " (family, user_id, generation, token_hash, issued_at, expires_at, started_at, device) VALUES"
    " ('f', 1, 0, 'x', '2026-01-01 00:00:00', '2126-01-01 00:00:00', '2026-01-01 00:00:00', 'Firefox')",
)


async def test_sessions_of_before_are_remembered(empty: Database) -> None:
    await migrate_from(empty, "0013", SESSION_OF_BEFORE)
    [(remembered,)] = await rows(empty, "SELECT remembered FROM refresh_sessions")
    assert remembered == 1


TEXTS_OF_BEFORE = (
    "INSERT INTO users (id, email, email_key, created_at) VALUES"
    " (1, 'ann@example.org', 'ann@example.org', '2026-01-01 00:00:00'),"
    " (2, 'bob@example.org', 'bob@example.org', '2026-01-01 00:00:00')",
    "INSERT INTO clients (user_id, username, username_key, display_name, password_hash) VALUES"
    " (1, 'annie', 'annie', 'ÄNNE', 'x'), (2, 'bobby', 'bobby', NULL, 'x')",
    "INSERT INTO rooms (id, name, name_key, password_hash, description, creator_id, creator_name, created_at)"
    " VALUES (1, 'Garden', 'garden', 'x', 'Für ÄRZTE', 1, 'annie', '2026-01-01 00:00:00'),"
    " (2, 'Attic', 'attic', 'x', '', 2, 'bobby', '2026-01-01 00:00:00')",
)


async def test_texts_of_before_are_found_in_any_case(empty: Database) -> None:
    await migrate_from(empty, "0020", TEXTS_OF_BEFORE)
    # A version before, which still runs, knows no keys: what it writes is found as far as the database folds.
    await in_transaction(
        empty,
        run(
            (
                "INSERT INTO rooms (id, name, name_key, password_hash, description, creator_id, creator_name,"
                " created_at) VALUES (3, 'Barn', 'barn', 'x', 'OLD hay', 2, 'bobby', '2026-01-01 00:00:00')",
            )
        ),
    )
    async with empty.transaction() as connection:
        for search, found in (("für ärzte", ["Garden"]), ("änne", ["Garden"]), ("old HAY", ["Barn"])):
            only = RoomFilter(search=search)
            listed = await visible_rooms(connection, None, limit=9, after=None, only=only)
            assert [room.name for room in listed] == found
