"""Floods of passwords: nobody honest waits for them, and no owner is kept out by them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.conftest import Databases
from tests.integration.http.answers import refused
from tests.people import (
    PASSWORD,
    ROOM_PASSWORD,
    UNTIL_ANSWERED,
    Person,
    Visitors,
    done,
    http_client,
    unique,
    until_refused,
)
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")

FLOOD = 200
HOME, CAFE, ATTACKER, FLOODER = (f"198.18.{number}.1" for number in range(4))
FREE = 3
SETTINGS: dict[str, str | int] = {
    "PARLOUR_TRUSTED_PROXIES": "127.0.0.1",  # so that people come from addresses of their own
    "PARLOUR_FAILURES_PER_ACCOUNT": FREE,
}


@pytest.fixture(scope="module")
async def server(
    database: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ParlourServer]:
    """Shared by the tests of this file, each of which attacks an account of its own."""
    folder = tmp_path_factory.mktemp(f"floods-{database}")
    url = await databases.create_migrated(database, folder / "data")
    async with ParlourServer(folder, url, SETTINGS) as running:
        yield running


@pytest.fixture
async def people(server: ParlourServer) -> AsyncIterator[Visitors]:
    async with Visitors(server) as people:
        yield people


def at(address: str, person: Person) -> Person:
    person.http.headers["X-Forwarded-For"] = address
    return person


async def tries(person: Person, password: str = PASSWORD) -> httpx.Response:
    """Without being logged in."""
    return await person.http.post("/client/login", json={"username": person.username, "password": password})


async def guesses(server: ParlourServer, victim: Person, address: str, times: int) -> list[int]:
    """Wrong passwords from that address, by a browser that the victim never used."""
    async with http_client(server) as http:
        http.headers["X-Forwarded-For"] = address
        body = {"username": victim.username, "password": "a wrong guess"}
        return [(await http.post("/client/login", json=body)).status_code for _ in range(times)]


async def new_device(people: Visitors, owner: Person, address: str) -> Person:
    """The same person, whom the browser does not know yet."""
    device = at(address, await people.stranger())
    device.username, device.email = owner.username, owner.email
    return device


class Flood:
    """Many requests of one address at once; `hashed` counts the answers that cost the server a hash."""

    def __init__(self, server: ParlourServer) -> None:
        limits = httpx.Limits(max_connections=FLOOD)
        headers = {"X-Forwarded-For": FLOODER}
        self._http = httpx.AsyncClient(
            base_url=server.address, headers=headers, limits=limits, timeout=UNTIL_ANSWERED
        )
        self._tasks: list[asyncio.Task[None]] = []
        self.hashed = 0
        self.begun = asyncio.Event()

    def begins(self, path: str, body: Callable[[int], dict[str, str]]) -> None:
        self._tasks = [asyncio.create_task(self._asks(path, body(number))) for number in range(FLOOD)]

    async def _asks(self, path: str, body: dict[str, str]) -> None:
        answer = await self._http.post(path, json=body)
        self.hashed += answer.status_code in (200, 401)
        if self.hashed >= 3:
            self.begun.set()

    async def hangs_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()


def wrong_login(number: int) -> dict[str, str]:
    return {"username": f"nobody-{number}", "password": "a wrong guess"}


def registration(number: int) -> dict[str, str]:
    name = unique(f"flood{number}")
    return {"username": name, "email": f"{name}@example.org", "password": "a password of a flood"}


@pytest.mark.parametrize(
    ("path", "body"),
    [("/client/login", wrong_login), ("/client", registration)],
    ids=["logins", "registrations"],
)
async def test_a_flood_of_hashes_holds_up_nobody_else(
    server: ParlourServer, people: Visitors, path: str, body: Callable[[int], dict[str, str]]
) -> None:
    """Counted in hashes, not in time: an honest login waits for those of a few others, not for all.

    What was hashed before it came, and waits for the database, is answered meanwhile too: on a busy machine
    that is more than a few.
    """
    ann = at(HOME, await people.client("ann"))
    stranger = await new_device(people, ann, CAFE)
    flood = Flood(server)
    flood.begins(path, body)
    await flood.begun.wait()
    for honest in (stranger, ann):
        before = flood.hashed
        assert (await tries(honest)).status_code == 200
        assert flood.hashed - before <= FLOOD / 8
    assert flood.hashed < FLOOD / 2, "it still waits"
    await flood.hangs_up()
    assert (await tries(ann)).status_code == 200, "and who hung up is not hashed for"


async def is_held_up(server: ParlourServer, device: Person, password: str = PASSWORD) -> bool:
    """Whether guesses from the device's address hold it up: each doubles the wait, so it meets one soon."""
    cookies = dict(device.http.cookies)
    for _ in range(6):
        await guesses(server, device, device.http.headers["X-Forwarded-For"], FREE)
        if (await tries(device, password)).status_code == 429:
            return True
        device.http.cookies = httpx.Cookies(cookies)
    return False


async def test_who_knows_a_username_does_not_keep_its_owner_out(
    server: ParlourServer, people: Visitors
) -> None:
    ann = at(HOME, await people.client("ann"))
    told = await guesses(server, ann, ATTACKER, 4 * FREE)
    assert told[:FREE] == [401] * FREE
    assert 429 in told
    assert (await tries(await new_device(people, ann, CAFE))).status_code == 200, "elsewhere"
    told = await guesses(server, ann, ATTACKER, FREE)
    assert told.count(401) < FREE, "her login is no fresh start for others"
    assert await is_held_up(server, await new_device(people, ann, ATTACKER)), "there, she is a stranger"
    assert not await is_held_up(server, at(ATTACKER, ann)), "but not with a device that she used before"


async def test_guesses_from_everywhere_do_not_keep_a_known_device_out(
    server: ParlourServer, people: Visitors
) -> None:
    ann = at(HOME, await people.client("ann"))
    free = 10 * FREE
    told = [(await guesses(server, ann, f"198.19.{number}.1", 1))[0] for number in range(free + 10)]
    assert told[:free] == [401] * free
    assert 429 in told[free:], "tries are paced now"
    for _ in range(3):
        assert (await tries(ann)).status_code == 200


async def test_a_new_password_ends_what_a_device_knows(server: ParlourServer, people: Visitors) -> None:
    ann = at(HOME, await people.client("ann"))
    stolen = await new_device(people, ann, ATTACKER)
    await stolen.logs_in()
    assert not await is_held_up(server, stolen)
    changed = {"password": PASSWORD, "new_password": "another horse battery"}
    done(await ann.request("PUT", "/client/password", json=changed))
    assert await is_held_up(server, stolen, "another horse battery")


async def test_the_cookie_of_a_known_device(people: Visitors) -> None:
    """A client that does not ask for it, as existing ones, keeps its one cookie."""
    ann = await people.client("ann")
    assert [one.partition("=")[0] for one in (await tries(ann)).headers.get_list("set-cookie")] == ["jwt"]
    body = {"username": ann.username, "password": PASSWORD, "remember_device": True}
    answer = await ann.post("/client/login", body)
    (header,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("parlour-device=")]
    attributes = {part.strip().lower() for part in header.split(";")[1:]}
    assert {"httponly", "path=/client", "samesite=lax"} < attributes
    assert "secure" not in attributes, "this server is not behind https"
    again = await tries(ann)
    assert again.cookies["parlour-device"] != ""
    ann.http.cookies.set("parlour-device", "a.forged.one", path="/client")
    assert (await tries(ann)).status_code == 200, "whatever the cookie says, the password counts"
    refused(await tries(ann, "wrong"), 401, "wrong_credentials")


async def test_many_cheap_guests_guess_the_password_of_a_room(
    server: ParlourServer, people: Visitors
) -> None:
    ann, bob = await people.client("ann"), await people.client("bob")
    room = await ann.creates_room()
    await bob.enters(room)
    body = {"name": room, "password": "a wrong guess"}
    told: list[int] = []
    for number in range(10):
        guest = at(f"198.19.{number}.1", await people.guest(unique("gus")))
        told += [(await guest.post("/room/access", body)).status_code for _ in range(FREE)]
    assert told == [401] * 10 * FREE
    guest = at("198.19.10.1", await people.guest(unique("gus")))
    heard, _ = await until_refused(lambda: guest.post("/room/access", body))
    assert heard < FREE, "tries are paced now"
    for member in (ann, bob):
        await member.enters(room, ROOM_PASSWORD)
    other = await ann.creates_room()
    await at(CAFE, await people.guest("gwen")).enters(other)
