"""GET /room/entry asks the database once, and by indexes alone, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.app import Parlour
from parlour.core import utc_now
from parlour.db.database import Database
from parlour.db.migrate import migrate
from parlour.db.tables import clients, users
from parlour.rooms import store
from parlour.settings import Settings
from tests.conftest import Databases
from tests.integration.http.storage import bcrypt_hash


@pytest.fixture
async def parlour(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Parlour]:
    settings = Settings(data_dir=tmp_path, database_url=await databases.create(database))
    opened = Parlour(settings, port=8000)
    await migrate(opened.core.database)
    yield opened
    opened.accounts.passwords.close()
    await opened.core.database.close()


async def added_client(database: Database, name: str) -> ClientIdentity:
    email, now = f"{name}@example.org", utc_now()
    async with database.transaction() as connection:
        user = {"email": email, "email_key": email, "created_at": now, "verified_at": now}
        await connection.execute(insert(users).values(user))
        user_id = (await connection.execute(select(users.c.id).where(users.c.email == email))).scalar_one()
        client = {
            "username": name,
            "username_key": name,
            "password_hash": bcrypt_hash("x"),
            "verified_at": now,
        }
        await connection.execute(insert(clients).values(user_id=user_id, **client))
    return ClientIdentity(user_id=UserId(user_id), email=email, username=name)


async def add_garden(database: Database, creator: ClientIdentity) -> None:
    async with database.transaction() as connection:
        await store.add_room(
            connection,
            name="Garden",
            password_hash=bcrypt_hash("x"),
            description="By the river",
            creator_id=creator.user_id,
            creator_name=creator.username,
            now=utc_now(),
        )


class Statements:
    """Every statement of a database, with its parameters, but the ones that begin and end transactions."""

    def __init__(self, database: Database) -> None:
        self.heard: list[tuple[str, Any]] = []
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._hear)

    def _hear(self, *told: Any) -> None:
        _connection, _cursor, statement, parameters, *_ = told
        if not statement.startswith("BEGIN"):
            self.heard.append((statement, parameters))


async def plan_of(database: Database, statement: str, parameters: Any) -> list[str]:
    """List the steps of a query plan; PostgreSQL is told to scan no table that has a fitting index."""
    async with database.reading() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        rows = await connection.exec_driver_sql(explain + statement, parameters)
        return [str(row[-1]).strip() for row in rows]


async def test_an_entry_is_one_statement_without_a_scan(
    parlour: Parlour, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = parlour.core.database
    # SQLite's look-ups have a thread of their own, whose statements the engine's events do not tell of.
    monkeypatch.setattr(database, "point_lookup", database.reading)
    ann, bob = await added_client(database, "anna"), await added_client(database, "bobb")
    await add_garden(database, ann)
    statements = Statements(database)
    found = await parlour.rooms.service.entrance(bob, name="garden")
    assert found.room is not None and found.next_step == "password"
    ((statement, parameters),) = statements.heard
    plan = await plan_of(database, statement, parameters)
    assert any("rooms" in step for step in plan), plan
    assert [step for step in plan if step.startswith("SCAN") or "Seq Scan" in step] == []


async def test_the_lookup_thread_answers_as_the_engine_does(parlour: Parlour) -> None:
    ann = await added_client(parlour.core.database, "anna")
    await add_garden(parlour.core.database, ann)
    async with parlour.core.database.reading() as connection:
        wanted = await store.shown_room_and_facts(connection, "Garden", ann.user_id)
    assert wanted is not None
    assert (await parlour.rooms.service.entrance(ann, name="Garden")).room == wanted[0]
