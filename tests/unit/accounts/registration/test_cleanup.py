"""What ends by itself, on a database of the test's own and with a clock in its hand."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from parlour.accounts import store
from parlour.accounts.facts import GuestTimeEnded, LoginSucceeded
from parlour.accounts.identity import GuestIdentity, UserId
from parlour.accounts.registration.cleanup import UNVERIFIED_KEPT_FOR, AccountCleanup
from parlour.accounts.sessions import store as session_store
from parlour.bus import Bus
from parlour.db.database import Database
from parlour.db.tables import clients, guests, metadata, refresh_sessions, users

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    database: Database
    clock: Clock
    cleanup: AccountCleanup
    told: list[UserId]

    async def guest(self, email: str, *, until: datetime | None) -> UserId:
        async with self.database.transaction() as connection:
            user_id = await store.add_user(connection, email=email, now=self.clock.now)
            await store.add_guest(connection, user_id)
            if until is not None:
                await store.verify_guest(connection, user_id, now=self.clock.now, expires_at=until)
        return user_id

    async def register(self, user_id: UserId, username: str, *, verified: bool) -> None:
        async with self.database.transaction() as connection:
            await store.add_client(connection, user_id=user_id, username=username, password_hash="")
            if verified:
                await store.verify_client(connection, user_id, now=self.clock.now)
                await store.delete_guest(connection, user_id)

    async def session(self, user_id: UserId, family: str, *, until: datetime) -> None:
        async with self.database.transaction() as connection:
            await session_store.add_session(
                connection,
                family=family,
                user_id=user_id,
                token_hash="",
                now=self.clock.now,
                expires_at=until,
            )

    async def keep_cleaning(self) -> None:
        while True:
            await self.cleanup.step()

    async def emails(self) -> list[str]:
        async with self.database.reading() as connection:
            return list((await connection.execute(select(users.c.email).order_by(users.c.id))).scalars())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    bus = Bus()
    database = Database(f"sqlite:///{tmp_path / 'parlour.db'}", bus=bus)
    async with database.transaction() as connection:
        await connection.run_sync(metadata.create_all)
    clock, told = Clock(), list[UserId]()
    bus.subscribe(GuestTimeEnded, lambda ended: told.append(ended.user_id))
    yield House(database, clock, AccountCleanup(database=database, clock=clock), told)
    await database.close()


async def test_a_guest_ends_with_its_time_and_not_before(house: House) -> None:
    guest = await house.guest("eve@example.org", until=NOON + HALF_AN_HOUR)
    house.clock.now = NOON + HALF_AN_HOUR - timedelta(milliseconds=1)
    assert await house.cleanup.end_expired_guests() == []
    house.clock.now = NOON + HALF_AN_HOUR
    assert await house.cleanup.end_expired_guests() == [guest]
    assert await house.emails() == []


async def test_a_guest_who_has_not_come_yet_stays(house: House) -> None:
    await house.guest("eve@example.org", until=None)
    house.clock.now = NOON + timedelta(hours=2)
    assert await house.cleanup.end_expired_guests() == []
    assert await house.emails() == ["eve@example.org"]


async def test_a_guest_who_registered_stays_as_that(house: House) -> None:
    guest = await house.guest("eve@example.org", until=NOON + HALF_AN_HOUR)
    await house.register(guest, "eve-lee", verified=False)
    await house.session(guest, "guest's", until=NOON + timedelta(hours=1))
    house.clock.now = NOON + HALF_AN_HOUR
    assert await house.cleanup.end_expired_guests() == [guest]
    async with house.database.reading() as connection:
        assert (await connection.execute(select(clients.c.username))).scalar_one() == "eve-lee"
        assert (await connection.execute(select(guests))).first() is None
        assert (await connection.execute(select(refresh_sessions.c.revoked_at))).scalar_one() is not None


async def test_a_guest_who_became_a_client_has_no_end(house: House) -> None:
    guest = await house.guest("eve@example.org", until=NOON + HALF_AN_HOUR)
    await house.register(guest, "eve-lee", verified=True)
    house.clock.now = NOON + timedelta(days=365)
    assert await house.cleanup.end_expired_guests() == []
    await house.cleanup.tidy()
    assert await house.emails() == ["eve@example.org"]


async def test_registrations_that_nobody_confirmed_are_forgotten(house: House) -> None:
    await house.guest("never@example.org", until=None)
    house.clock.now = NOON + timedelta(days=1)
    await house.guest("later@example.org", until=None)
    house.clock.now = NOON + UNVERIFIED_KEPT_FOR + timedelta(seconds=1)
    await house.cleanup.tidy()
    assert await house.emails() == ["later@example.org"]


async def test_sessions_that_ended_are_forgotten(house: House) -> None:
    guest = await house.guest("eve@example.org", until=NOON + timedelta(days=2))
    await house.session(guest, "ended", until=NOON + timedelta(hours=1))
    await house.session(guest, "living", until=NOON + timedelta(hours=3))
    house.clock.now = NOON + timedelta(hours=2)
    await house.cleanup.tidy()
    async with house.database.reading() as connection:
        assert list((await connection.execute(select(refresh_sessions.c.family))).scalars()) == ["living"]


async def test_the_task_hears_of_a_guest_that_arrives(house: House) -> None:
    """It would look again in a minute; the guest's end comes sooner."""
    running = asyncio.create_task(house.keep_cleaning())
    await asyncio.sleep(0.05)  # nobody is there yet: it goes to sleep
    guest = await house.guest("eve@example.org", until=NOON + timedelta(seconds=1))
    house.clock.now = NOON + timedelta(seconds=1)
    login = GuestIdentity(user_id=guest, email="eve@example.org", session=None, expires_at=house.clock.now)
    house.cleanup.on_login(LoginSucceeded(address="", identity=login))
    async with asyncio.timeout(5):
        while house.told != [guest]:  # noqa: ASYNC110 - the task tells by this list alone
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
