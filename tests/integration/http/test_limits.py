"""What comes too often over HTTP is a 429 with Retry-After; what people do is not."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from ipaddress import IPv4Network

import httpx
import pytest

from tests.conftest import Databases
from tests.integration.http.answers import refused
from tests.integration.http.storage import bcrypt_hash, import_client, room_of
from tests.people import PASSWORD, Person, Visitors, done, unique, until_refused
from tests.servers import ParlourServer

STRICT: dict[str, str | int] = {
    "PARLOUR_FAILURES_PER_ACCOUNT": 3,
    "PARLOUR_FAILURES_PER_ADDRESS": 6,
    "PARLOUR_MAILS_PER_RECIPIENT": 4,
    "PARLOUR_MAILS_PER_ADDRESS": 12,
    "PARLOUR_ROOMS_PER_PERSON": 2,
    "PARLOUR_TRUSTED_PROXIES": "127.0.0.1",
}


@pytest.fixture(scope="module")
async def strict(
    database: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ParlourServer]:
    """Shared by the tests of this file, each of which comes from addresses of its own."""
    folder = tmp_path_factory.mktemp(f"strict-{database}")
    async with ParlourServer(folder, await databases.create(database), STRICT) as running:
        yield running


@pytest.fixture
async def people(strict: ParlourServer) -> AsyncIterator[Visitors]:
    async with Visitors(strict) as people:
        yield people


_addresses = (str(address) for address in IPv4Network("198.18.0.0/16").hosts())


def from_elsewhere(person: Person) -> Person:
    """At an address that nobody else comes from."""
    person.http.headers["X-Forwarded-For"] = next(_addresses)
    return person


def too_often(answer: httpx.Response) -> int:
    refused(answer, 429, "rate_limited")
    seconds = int(answer.headers["retry-after"])
    assert seconds >= 1
    return seconds


async def imported(people: Visitors, name: str) -> Person:
    person = await people.stranger(name)
    import_client(
        person.server,
        email=person.email,
        username=person.username or "",
        password_hash=bcrypt_hash(PASSWORD),
    )
    return from_elsewhere(person)


async def stranger(people: Visitors) -> Person:
    return from_elsewhere(await people.stranger())


async def tries(person: Person, password: str, **login: str) -> httpx.Response:
    body = {"username": person.username, "password": password} | login
    return await person.http.post("/client/login", json=body)


@pytest.mark.database("sqlite")
async def test_wrong_passwords_of_one_account(people: Visitors) -> None:
    """By username and by email alike; whoever knows the password waits it out, or comes from elsewhere."""
    ann = await imported(people, "ann")
    for number in range(3):
        handle = ann.username if number % 2 else ann.email
        answer = await tries(ann, "wrong", username=handle or "")
        refused(answer, 401, "wrong_credentials")
    _, waits = await until_refused(lambda: tries(ann, "wrong"))
    elsewhere = from_elsewhere(await people.stranger())
    assert (await tries(elsewhere, PASSWORD, username=ann.email)).status_code == 200
    await asyncio.sleep(too_often(waits) + 0.1)
    assert (await tries(ann, PASSWORD)).status_code == 200
    for _ in range(2):
        refused(await tries(ann, "wrong"), 401, "wrong_credentials")
    assert (await tries(ann, PASSWORD)).status_code == 200, "a right one forgets the wrong ones"


@pytest.mark.database("sqlite")
async def test_whoever_does_not_exist_waits_too(people: Visitors) -> None:
    nobody = from_elsewhere(await people.stranger())
    heard, waits = await until_refused(lambda: tries(nobody, "wrong"))
    assert heard >= 3
    too_often(waits)


@pytest.mark.database("sqlite")
async def test_many_guesses_at_once_are_answered_as_few(people: Visitors) -> None:
    """However slow the machine: each one more takes twice the time until then."""
    ann = await imported(people, "ann")
    answers = await asyncio.gather(*(tries(ann, "wrong") for _ in range(20)))
    told = sorted(answer.status_code for answer in answers)
    assert told.count(401) <= 8 and told.count(401) + told.count(429) == 20


@pytest.mark.database("sqlite")
async def test_one_password_at_many_accounts(people: Visitors) -> None:
    address = next(_addresses)

    async def tries_another() -> httpx.Response:
        other = await people.stranger()
        other.http.headers["X-Forwarded-For"] = address
        return await tries(other, "wrong")

    heard, waits = await until_refused(tries_another)
    assert heard >= 6
    too_often(waits)
    refused(await tries(await stranger(people), "wrong"), 401, "wrong_credentials")


@pytest.mark.database("sqlite")
async def test_many_log_in_behind_one_address(people: Visitors) -> None:
    """Logins that succeed do not count."""
    ann = await imported(people, "ann")
    for _ in range(12):
        assert (await tries(ann, PASSWORD)).status_code == 200


@pytest.mark.database("sqlite")
async def test_present_passwords_and_room_passwords(people: Visitors) -> None:
    ann, bob = await imported(people, "ann"), await imported(people, "bob")
    await ann.logs_in()
    await bob.logs_in()
    room = room_of(ann)
    for path, body in (("/room/access", {"name": room}), ("/account/deletion", {})):
        heard, waits = await until_refused(partial(bob.post, path, {**body, "password": "wrong"}))
        assert heard >= 3
        too_often(waits)
    await ann.enters(room_of(bob))


async def test_mails_to_one_recipient(people: Visitors) -> None:
    sam = await stranger(people)
    for _ in range(4):
        done(await sam.post("/password/forgotten", {"email": sam.email}))
    for path in ("/password/forgotten", "/verification", "/guest"):
        too_often(await sam.post(path, {"email": sam.email}))


async def test_whoever_got_too_many_mails_is_invited_without_one(people: Visitors) -> None:
    ann, bob = await imported(people, "ann"), await imported(people, "bob")
    await ann.logs_in()
    rooms = [room_of(ann) for _ in range(5)]
    for room in rooms:
        await ann.invites(bob, to=room)
    assert len(await bob.server.mails(bob.email)) == 4
    (invited,) = (await ann.get("/invitation", params={"room": rooms[4]})).json()["invitations"]
    assert invited["email"] == bob.email


async def test_mails_by_one_address(people: Visitors) -> None:
    ann = await imported(people, "ann")
    await ann.logs_in()
    room = await ann.creates_room()
    await ann.invites(*(f"{unique('x')}@example.org" for _ in range(10)), to=room)
    others = {"email": [f"{unique('x')}@example.org" for _ in range(3)], "room": room}
    too_often(await ann.post("/invitation", others))
    assert len((await ann.get("/invitation", params={"room": room})).json()["invitations"]) == 10
    done(await from_elsewhere(ann).post("/invitation", others))


async def test_rooms_of_one_person(people: Visitors) -> None:
    ann, bob = await imported(people, "ann"), await imported(people, "bob")
    await ann.logs_in()
    await bob.logs_in()
    for _ in range(2):
        await ann.creates_room()
    body = {"name": unique("room"), "password": "x", "description": "", "creator": ann.username}
    too_often(await ann.post("/room", body))
    await bob.creates_room()
