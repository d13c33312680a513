"""What is anonymous is counted: a flood from anywhere leaves a bounded number of rows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from parlour.audit.counts import MAX_AN_HOUR, AuditCounts, network_of
from parlour.audit.texts import KEPT_FOR, storable
from parlour.db.database import Database
from parlour.db.migrate import migrate
from tests.conftest import Databases

START = datetime(2026, 11, 26, 10, 59, tzinfo=UTC)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def stored(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Database]:
    stored = Database(await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}")
    await migrate(stored)
    yield stored
    await stored.close()


async def counted(counts: AuditCounts) -> list[tuple[str, str, int]]:
    await counts.flush()
    return [(one.network, one.subject, times) for one, times in await counts.newest(10_000)]


async def test_one_row_for_an_hour_and_a_network(stored: Database) -> None:
    clock = Clock()
    counts = AuditCounts(database=stored, clock=clock)
    for number in range(300):
        counts.count(kind="refusal", code="wrong", subject="", address=f"192.0.2.{number % 250}")
    assert await counted(counts) == [("192.0.2.0/24", "", 300)]
    counts.count(kind="refusal", code="wrong", subject="", address="192.0.2.1")
    clock.now += timedelta(minutes=1)
    counts.count(kind="refusal", code="wrong", subject="", address="192.0.2.1")
    assert await counted(counts) == [("192.0.2.0/24", "", 301), ("192.0.2.0/24", "", 1)]


async def test_two_servers_add_up(stored: Database) -> None:
    for _ in range(2):
        counts = AuditCounts(database=stored, clock=Clock())
        counts.count(kind="refusal", code="wrong", subject="ann@example.org", address="2001:db8::1")
        found = await counted(counts)
    assert found == [("2001:db8::/48", "ann@example.org", 2)]


async def test_addresses_without_number(stored: Database) -> None:
    counts = AuditCounts(database=stored, clock=Clock())
    for number in range(5000):
        counts.count(kind="refusal", code="wrong", subject="", address=f"2001:db8:{number:x}::1")
    found = await counted(counts)
    assert len(found) == MAX_AN_HOUR + 1
    assert sum(times for *_, times in found) == 5000


async def test_counts_are_forgotten_as_entries_are(stored: Database) -> None:
    clock = Clock()
    counts = AuditCounts(database=stored, clock=clock)
    counts.count(kind="refusal", code="wrong", subject="", address="192.0.2.1")
    await counts.flush()
    clock.now += KEPT_FOR + timedelta(hours=3)
    counts.count(kind="refusal", code="right", subject="", address="192.0.2.1")
    assert len(await counted(counts)) == 1


async def test_nothing_is_lost_where_the_database_is_away(tmp_path: Path, stored: Database) -> None:
    away = Database(f"sqlite:///{tmp_path / 'none' / 'parlour.db'}")
    counts = AuditCounts(database=away, clock=Clock())
    counts.count(kind="refusal", code="wrong", subject="", address="192.0.2.1")
    with pytest.raises(SQLAlchemyError):
        await counts.flush()
    counts.count(kind="refusal", code="wrong", subject="", address="192.0.2.1")
    counts._database = stored
    assert await counted(counts) == [("192.0.2.0/24", "", 2)]
    await away.close()


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", ""), ("unknown", "")],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("text", ["\N{FIRE}" * 400, "a\u202eb\n" * 400, "ä" * 400, "\ud800" * 400, "x" * 400])
def test_values_are_bounded_in_bytes_and_one_line(text: str) -> None:
    kept = storable(text)
    assert len(kept.encode()) <= 320
    assert kept.isprintable()
