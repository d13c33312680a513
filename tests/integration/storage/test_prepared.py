"""Prepared statements do on SQLite what SQLAlchemy's own execution of the same statement does."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Executable,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, InvalidRequestError, MultipleResultsFound

import parlour
from parlour.db.database import Database
from parlour.db.prepared import NotPreparable, PreparedStatement, PreparedStatements, prepared
from parlour.db.tables import UtcDateTime

rooms = Table(
    "rooms",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True),
    Column("seen_at", UtcDateTime),
    Column("is_open", Boolean),
)
_NEW: dict[str, Any] = {
    "name": bindparam("new_name"),
    "seen_at": bindparam("new_seen_at"),
    "is_open": bindparam("new_is_open"),
}
STATEMENTS: dict[str, Any] = {
    "insert": insert(rooms).values(_NEW),
    "insert and return": insert(rooms).values(_NEW).returning(rooms.c.id, rooms.c.seen_at),
    "insert if absent": sqlite.insert(rooms).values(_NEW).on_conflict_do_nothing(),
    "find": select(rooms).where(rooms.c.name == bindparam("new_name")).with_for_update(),
    "label": select(func.count().label("how_many"), rooms.c.seen_at.label("moment"), rooms.c.is_open)
    .group_by(rooms.c.seen_at, rooms.c.is_open)
    .order_by(rooms.c.seen_at, rooms.c.is_open),
    "page": select(rooms.c.name).order_by(rooms.c.name).limit(bindparam("at_most", type_=Integer)),
    "update": update(rooms)
    .where(rooms.c.name != bindparam("new_name"), rooms.c.is_open.is_(True))
    .values(seen_at=bindparam("new_seen_at")),
    "delete and return": delete(rooms)
    .where(rooms.c.seen_at <= bindparam("new_seen_at"), rooms.c.id > 2)
    .returning(rooms.c.name),
}
moments = st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))
steps = st.tuples(
    st.sampled_from(list(STATEMENTS)),
    st.fixed_dictionaries(
        {
            "new_name": st.sampled_from(["Garden", "Hall", "Attic", "Straße", "", "'"]),
            "new_seen_at": moments,
            "new_is_open": st.none() | st.booleans(),
            "at_most": st.integers(0, 5),
        }
    ),
)


async def outcomes(
    file: Path, statements: dict[str, Any], taken: list[tuple[str, dict[str, Any]]]
) -> list[Any]:
    """Run the steps, each in a transaction of its own; return rows, row counts and errors."""
    file.unlink(missing_ok=True)
    database = Database(f"sqlite:///{file}")
    async with database.transaction() as connection:
        await connection.run_sync(rooms.metadata.create_all)
    found: list[Any] = []
    for name, values in taken:
        try:
            async with database.transaction() as connection:
                result = await connection.execute(statements[name], values)
                is_select = name in ("find", "label", "page")
                rows = result.all() if is_select or "return" in name else None
                found.append((rows, None if is_select else result.rowcount))
        except IntegrityError as error:
            found.append((type(error), type(error.orig), str(error.statement)))
    await database.close()
    return found


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=3, max_size=12))
async def test_both_ways_agree(tmp_path: Path, taken: list[tuple[str, dict[str, Any]]]) -> None:
    ways = {name: prepared(statement) for name, statement in STATEMENTS.items()}
    assert await outcomes(tmp_path / "one.db", ways, taken) == await outcomes(
        tmp_path / "other.db", STATEMENTS, taken
    )


@pytest.fixture
async def few(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'parlour.db'}")
    async with database.transaction() as connection:
        await connection.run_sync(rooms.metadata.create_all)
    yield database
    await database.close()


async def test_values_of_the_statement_itself_count(few: Database) -> None:
    statement = prepared(select(rooms.c.id).where(rooms.c.name == "Garden"))
    async with few.transaction() as connection:
        await connection.execute(insert(rooms).values(name="Garden", seen_at=datetime.now(UTC)))
        assert (await connection.execute(statement)).scalar() == 1
        with pytest.raises(KeyError, match="wanted"):
            await connection.execute(prepared(select(rooms).where(rooms.c.id == bindparam("wanted"))), {})


async def test_a_transaction_mixes_both_ways_and_is_rolled_back_whole(few: Database) -> None:
    add = prepared(insert(rooms).values(name=bindparam("new_name")))
    async with few.transaction() as connection:
        await connection.execute(add, {"new_name": "Garden"})

    async def add_three() -> None:
        async with few.transaction() as connection:
            await connection.execute(insert(rooms).values(name="Hall"))
            await connection.execute(add, {"new_name": "Attic"})
            await connection.execute(add, {"new_name": "Garden"})

    with pytest.raises(IntegrityError):
        await add_three()
    async with few.reading() as reading:
        assert (await reading.execute(select(rooms.c.name))).scalars().all() == ["Garden"]


async def test_a_transaction_that_was_cancelled_leaves_nothing_behind(few: Database) -> None:
    add, count = (
        prepared(insert(rooms).values(name=bindparam("new_name"))),
        prepared(select(func.count()).select_from(rooms)),
    )
    has_added = asyncio.Event()

    async def add_and_wait(*, prepares: bool) -> None:
        async with few.transaction() as connection:
            statement = add if prepares else insert(rooms).values(name="Garden")
            await connection.execute(statement, {"new_name": "Garden"} if prepares else None)
            connection.after_commit("never true")
            has_added.set()
            await asyncio.get_running_loop().create_future()

    for prepares in (True, False):
        has_added.clear()
        waiting = asyncio.create_task(add_and_wait(prepares=prepares))
        await has_added.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with few.transaction() as connection:
            assert (await connection.execute(count)).scalar() == 0
            assert connection.take_facts() == []


async def test_a_statement_that_was_cancelled_costs_its_connection(few: Database) -> None:
    add = prepared(insert(rooms).values(name=bindparam("new_name")))

    async def add_one() -> None:
        async with few.transaction() as connection:
            await connection.execute(add, {"new_name": "Garden"})

    for _ in range(3):
        adding = asyncio.create_task(add_one())
        await asyncio.sleep(0)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
    await add_one()
    with pytest.raises(IntegrityError):
        await add_one()


async def test_a_transaction_cannot_be_used_after_its_end(few: Database) -> None:
    """Its connection is another transaction's by then."""
    async with few.transaction() as connection:
        pass
    for statement in (select(rooms), prepared(select(rooms))):
        with pytest.raises(InvalidRequestError):
            await connection.execute(statement)


async def test_one_or_none_is_none_one_or_an_error(few: Database) -> None:
    find = prepared(select(rooms.c.id, rooms.c.name).where(rooms.c.name != bindparam("other")))
    async with few.transaction() as connection:
        assert (await connection.execute(find, {"other": ""})).one_or_none() is None
        await connection.execute(insert(rooms).values(name="Garden"))
        row = (await connection.execute(find, {"other": ""})).one_or_none()
        assert row is not None and (row.id, row.name) == (1, "Garden")
        await connection.execute(insert(rooms).values(name="Hall"))
        both = await connection.execute(find, {"other": ""})
        assert both.first() == (1, "Garden")
        with pytest.raises(MultipleResultsFound):
            both.one_or_none()


def test_a_statement_made_from_a_prepared_one_is_not_prepared() -> None:
    """Else each would be kept for good."""
    statements = PreparedStatements(sqlite.dialect())
    statement = prepared(select(rooms))
    assert statements.find(statement) is statements.find(statement) is not None
    assert statements.find(statement.where(rooms.c.id == 1)) is None
    assert statements.find(select(rooms)) is None


def test_what_needs_more_than_its_text_is_no_prepared_statement() -> None:
    for statement in (
        select(rooms).where(rooms.c.id.in_(bindparam("ids", expanding=True))),
        insert(Table("t", MetaData(), Column("n", Integer, default=lambda: 5), Column("m", Integer))).values(
            m=1
        ),
        select(rooms).where(rooms.c.id == bindparam("now", callable_=lambda: 5)),
    ):
        with pytest.raises(NotPreparable):
            PreparedStatement(statement, sqlite.dialect())


def test_the_statements_of_all_stores_can_be_prepared() -> None:
    statements = PreparedStatements(sqlite.dialect())
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(parlour.__path__, "parlour.")
        if module.name.endswith(".store")
    ]
    values = [value for module in modules for value in vars(module).values()]
    found = [statements.find(value) for value in values if isinstance(value, Executable)]
    assert len([statement for statement in found if statement is not None]) >= 10
