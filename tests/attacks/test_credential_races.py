"""Attacks between the moment at which a password is proven and the one at which something follows from it.

The first part holds the interleaving still: the test's own transaction has changed what the request relies
on and has not committed yet, so that the request reads the old state, verifies against it, and has to wait
for the test before it acts. The second part is the race as an attacker runs it, over HTTP.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from sqlalchemy import Executable, ScalarSelect, delete, insert, select, text, update

from parlour.accounts import store
from parlour.accounts.identity import ClientIdentity, RequestSource, SessionId
from parlour.accounts.refusals import EmailTaken, PasswordChanged, WrongCredentials
from parlour.app import Parlour
from parlour.core import utc_now
from parlour.db.database import AsyncConnection, Database
from parlour.db.migrate import migrate
from parlour.db.tables import bans, clients, events, refresh_sessions, rooms, users
from parlour.errors import InvalidToken
from parlour.rooms.refusals import Banned, RoomNotFound, WrongRoomPassword
from parlour.settings import Settings
from tests.conftest import Databases
from tests.integration.http.storage import bcrypt_hash
from tests.people import PASSWORD, ROOM_PASSWORD, Person, Visitors, done, unique
from tests.servers import ParlourServer

SOURCE = RequestSource(address="127.0.0.1", device="a test")
NEW_PASSWORD = "staple the horse again"


@pytest.fixture(scope="session")
async def parlour(
    database: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parlour]:
    """Everything but the port."""
    folder = tmp_path_factory.mktemp(f"races-{database}")
    settings = Settings(data_dir=folder, database_url=await databases.create(database))
    opened = Parlour(settings, port=8000)
    await migrate(opened.core.database)
    yield opened
    opened.accounts.passwords.close()
    await opened.core.database.close()


@pytest.fixture
async def ann(parlour: Parlour) -> ClientIdentity:
    """A client who is logged in."""
    return await logged_in(parlour, unique("ann"))


@pytest.fixture
async def room(parlour: Parlour) -> str:
    """A room of somebody else's."""
    bob, name = await logged_in(parlour, unique("bob")), unique("garden")
    await parlour.rooms.service.create(
        bob, name=name, password=ROOM_PASSWORD, description="", creator=bob.username, source=SOURCE
    )
    return name


async def logged_in(parlour: Parlour, username: str) -> ClientIdentity:
    email = f"{username}@example.org"
    await parlour.accounts.registration.create_client(email=email, username=username, password=PASSWORD)
    session = await parlour.accounts.sessions.log_in(
        username_or_email=username, password=PASSWORD, source=SOURCE
    )
    identity = await parlour.accounts.sessions.identify_access(session.access_token)
    assert isinstance(identity, ClientIdentity)
    return identity


async def mails_to(parlour: Parlour, person: ClientIdentity) -> int:
    return sum(queued.mail.recipient == person.email for queued in await parlour.core.outbox.kept())


async def caught_between(
    parlour: Parlour, who: ClientIdentity, request: Awaitable[Any], change: Executable
) -> Any:
    """What the request answers where this change is committed after its proof and before its act.

    Who changes an account holds its lock, and so does the test (SQLite has one writer anyway).

    The request has proven what it has to once it waits for the test's lock; or it ends without any.
    """
    database = parlour.core.database
    # Without a deadline of its own: on a busy machine the request's hashes take a while.
    async with database.transaction(within=None) as connection:
        await connection.execute(select(users.c.id).where(users.c.id == who.user_id).with_for_update())
        await connection.execute(change)
        running = asyncio.ensure_future(request)
        while not (running.done() or await somebody_waits(database, connection)):
            await parlour.accounts.passwords.hash("x")  # takes its turn after the request's
    return await running


async def somebody_waits(database: Database, connection: AsyncConnection) -> bool:
    """True while another transaction waits for this one."""
    if database.is_sqlite:
        return database.waiting_writers > 0
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    return bool(await connection.scalar(waiting))


def new_password_of(person: ClientIdentity) -> Executable:
    changed = bcrypt_hash(NEW_PASSWORD)
    return update(clients).where(clients.c.user_id == person.user_id).values(password_hash=changed)


def deletion_of(person: ClientIdentity) -> Executable:
    return delete(users).where(users.c.id == person.user_id)


def log_in(parlour: Parlour, who: ClientIdentity, password: str = PASSWORD) -> Awaitable[Any]:
    return parlour.accounts.sessions.log_in(username_or_email=who.username, password=password, source=SOURCE)


async def test_a_login_that_a_new_password_overtakes(parlour: Parlour, ann: ClientIdentity) -> None:
    with pytest.raises(WrongCredentials):
        await caught_between(parlour, ann, log_in(parlour, ann), new_password_of(ann))
    await log_in(parlour, ann, NEW_PASSWORD)


async def test_a_login_that_deletion_overtakes(parlour: Parlour, ann: ClientIdentity) -> None:
    with pytest.raises(WrongCredentials):
        await caught_between(parlour, ann, log_in(parlour, ann), deletion_of(ann))


async def test_a_login_that_another_hash_of_the_same_password_overtakes(
    parlour: Parlour, ann: ClientIdentity
) -> None:
    """As where two logins at once take over a hash of bcrypt: both are right."""
    same = update(clients).where(clients.c.user_id == ann.user_id).values(password_hash=bcrypt_hash(PASSWORD))
    assert (await caught_between(parlour, ann, log_in(parlour, ann), same)).identity == ann


async def test_a_taken_over_hash_never_replaces_a_new_password(parlour: Parlour, ann: ClientIdentity) -> None:
    """The login's new hash of the old password is on its way when the owner chooses another."""
    async with parlour.core.database.transaction() as connection:
        await connection.execute(
            update(clients)
            .where(clients.c.user_id == ann.user_id)
            .values(password_hash=bcrypt_hash(PASSWORD))
        )
    with pytest.raises(WrongCredentials):
        await caught_between(parlour, ann, log_in(parlour, ann), new_password_of(ann))
    await log_in(parlour, ann, NEW_PASSWORD)


PROVEN = ["password", "email", "deletion"]


def proven_act(parlour: Parlour, ann: ClientIdentity, act: str) -> Awaitable[None]:
    credentials = parlour.accounts.credentials
    match act:
        case "password":
            return credentials.change_password(
                ann, password=PASSWORD, new_password="the password of a thief", source=SOURCE
            )
        case "email":
            return credentials.ask_for_email(
                ann, password=PASSWORD, new_email="thief@example.org", source=SOURCE
            )
        case _:
            return credentials.delete(ann, password=PASSWORD, source=SOURCE)


@pytest.mark.parametrize("act", PROVEN)
async def test_what_an_old_password_proves_once_there_is_a_new_one(
    parlour: Parlour, ann: ClientIdentity, act: str
) -> None:
    with pytest.raises(PasswordChanged):
        await caught_between(parlour, ann, proven_act(parlour, ann, act), new_password_of(ann))
    assert await mails_to(parlour, ann) == 0
    await log_in(parlour, ann, NEW_PASSWORD)


@pytest.mark.parametrize("act", PROVEN)
async def test_what_a_session_does_once_it_is_ended(parlour: Parlour, ann: ClientIdentity, act: str) -> None:
    ended = (
        update(refresh_sessions)
        .where(refresh_sessions.c.family == SessionId(ann.session or ""))
        .values(revoked_at=utc_now())
    )
    with pytest.raises(InvalidToken):
        await caught_between(parlour, ann, proven_act(parlour, ann, act), ended)
    assert await mails_to(parlour, ann) == 0
    await log_in(parlour, ann)


@pytest.mark.parametrize("act", PROVEN)
async def test_what_is_proven_of_an_account_that_is_deleted(
    parlour: Parlour, ann: ClientIdentity, act: str
) -> None:
    with pytest.raises(InvalidToken):
        await caught_between(parlour, ann, proven_act(parlour, ann, act), deletion_of(ann))


def give_password(parlour: Parlour, ann: ClientIdentity, room: str) -> Awaitable[object]:
    return parlour.rooms.service.give_password(ann, name=room, password=ROOM_PASSWORD, source=SOURCE)


async def test_a_room_whose_password_is_proven_while_it_is_removed(
    parlour: Parlour, ann: ClientIdentity, room: str
) -> None:
    with pytest.raises(RoomNotFound):
        await caught_between(
            parlour, ann, give_password(parlour, ann, room), delete(rooms).where(rooms.c.name == room)
        )


def room_id(room: str) -> ScalarSelect[int]:
    return select(rooms.c.id).where(rooms.c.name == room).scalar_subquery()


# A room's creator changes it without a lock on the account of whoever enters it, so on PostgreSQL the two
# may be in either order. What counts is asked once more at each entry.


@pytest.mark.database("sqlite")
async def test_a_room_whose_password_is_proven_by_somebody_who_is_banned_meanwhile(
    parlour: Parlour, ann: ClientIdentity, room: str
) -> None:
    values = {"email": ann.email, "email_key": ann.email, "banned_at": utc_now()}
    ban = insert(bans).values(room_id=room_id(room), **values)
    with pytest.raises(Banned):
        await caught_between(parlour, ann, give_password(parlour, ann, room), ban)


@pytest.mark.database("sqlite")
async def test_a_room_whose_password_is_another_one_meanwhile(
    parlour: Parlour, ann: ClientIdentity, room: str
) -> None:
    other = update(rooms).where(rooms.c.name == room).values(password_hash=bcrypt_hash(NEW_PASSWORD))
    with pytest.raises(WrongRoomPassword):
        await caught_between(parlour, ann, give_password(parlour, ann, room), other)


@pytest.mark.database("sqlite")
async def test_a_room_that_becomes_an_event_while_its_password_is_proven(
    parlour: Parlour, ann: ClientIdentity, room: str
) -> None:
    """The password counts no more, and nobody is told more than that they are let in by invitation alone."""
    event = insert(events).values(room_id=room_id(room), created_at=utc_now())
    with pytest.raises(Exception, match="invit"):
        await caught_between(parlour, ann, give_password(parlour, ann, room), event)


@pytest.mark.parametrize("what", ["a password of a room", "a new room"])
async def test_what_is_hashed_for_an_account_that_is_deleted(
    parlour: Parlour, ann: ClientIdentity, room: str, what: str
) -> None:
    if what == "a new room":
        request: Awaitable[object] = parlour.rooms.service.create(
            ann, name=unique("attic"), password="x", description="", creator=ann.username, source=SOURCE
        )
    else:
        request = give_password(parlour, ann, room)
    with pytest.raises(InvalidToken):
        await caught_between(parlour, ann, request, deletion_of(ann))


async def test_a_guest_who_is_asked_for_while_the_address_becomes_a_clients(parlour: Parlour) -> None:
    """A stranger asked for a guest of the address long ago, and asks again while its owner confirms."""
    email = f"{unique('vic')}@example.org"
    async with parlour.core.database.transaction() as connection:
        user_id = await store.add_user(connection, email=email, now=utc_now())
        await store.add_guest(connection, user_id)
    values = {"user_id": user_id, "username": "x", "username_key": unique("vic"), "password_hash": "x"}
    async with parlour.core.database.transaction() as connection:
        await store.lock_account(connection, user_id)
        await connection.execute(insert(clients).values(values))
        asked = asyncio.create_task(parlour.accounts.registration.register_guest(email=email, source=SOURCE))
        await parlour.accounts.passwords.hash("x")  # meanwhile it gets to where it has to wait
    with pytest.raises(EmailTaken):
        await asked
    async with parlour.core.database.reading() as connection:
        account = await store.account_by_id(connection, user_id)
    assert account is not None and account.client is not None


# ------------------------------------------------------------------------------------------ over HTTP


async def stolen_sessions(thief: Person, *, until: asyncio.Event) -> list[str]:
    """The access tokens that logging in with the old password got, until the owner has another one."""
    tokens = []
    body = {"username": thief.username, "password": PASSWORD}
    while not until.is_set():
        answer = await thief.http.post("/client/login", json=body)
        assert answer.status_code in (200, 401, 429, 503), answer.text
        if answer.is_success:
            tokens.append(answer.json()["accessToken"])
    return tokens


@pytest.mark.parametrize("way", ["change", "reset"])
async def test_logging_in_with_the_old_password_while_it_is_changed(
    server: ParlourServer, visitors: Visitors, way: str
) -> None:
    for _ in range(2):
        owner = await visitors.client("owner")
        thieves = [await visitors.same(owner) for _ in range(3)]
        changed = asyncio.Event()
        stealing = [asyncio.create_task(stolen_sessions(thief, until=changed)) for thief in thieves]
        if way == "change":
            body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
            answer = await owner.put("/client/password", json=body)
        else:
            done(await owner.post("/password/forgotten", {"email": owner.email}))
            body = {"token": await owner.reads_link(), "password": NEW_PASSWORD}
            answer = await owner.http.put("/password/reset", json=body)
        changed.set()
        tokens = [token for found in await asyncio.gather(*stealing) for token in found]
        assert answer.is_success, answer.text
        for token in tokens:
            told = await thieves[0].http.get("/session", headers={"Authorization": f"Bearer {token}"})
            assert told.status_code == 401, "the old password is still good for something"


async def test_logging_in_while_the_account_is_deleted(server: ParlourServer, visitors: Visitors) -> None:
    for _ in range(2):
        owner = await visitors.client("owner")
        others = [await visitors.same(owner) for _ in range(3)]
        body = {"username": owner.username, "password": PASSWORD}
        answers = await asyncio.gather(
            owner.post("/account/deletion", {"password": PASSWORD}),
            *(other.http.post("/client/login", json=body) for other in others),
        )
        assert answers[0].is_success
        assert {answer.status_code for answer in answers[1:]} <= {200, 401}
        for other in others:
            assert (await other.http.get("/refresh")).status_code in (401, 403)
