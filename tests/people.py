"""People who use a Parlour over HTTP: tests state deeds, this module makes the requests.

    async with Visitors(server) as visitors:
        ann, gus = await visitors.client("ann"), await visitors.guest("gus")
        room = await ann.creates_room()
        await ann.invites(gus, to=room)
        answer = await gus.post("/room/access", {"name": room, "password": "wrong"})

Methods named after a deed (`logs_in`, `creates_room`) fail unless the server agrees. `get`, `post` and
`put` return the answer, whatever its status, and so does `http`, which sends the cookie alone.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx
import jwt

from tests.servers import Mail, ParlourServer
from tests.servers.parlour import NO_TLS

PASSWORD = "correct horse battery"
ROOM_PASSWORD = "open sesame"

Examine = Callable[[httpx.Response], Awaitable[None]]
"""A check of every answer that a person gets."""

_LINK = re.compile(r"/(?:verify(?:client|guest)/|(?:verifyemail|reset)#)(\S+)")
GUEST_SECONDS = 1_800
GUESSES = 25
"""More than any test allows without a wait."""
UNTIL_ANSWERED = httpx.Timeout(None)
"""No timeout, since a busy machine answers late; `faulthandler_timeout` ends a run that hangs."""


def unique(name: str) -> str:
    """Return an unused name; it fits a username if `name` has 15 characters at most."""
    return f"{name}-{secrets.token_hex(4)}"


def token_in(mail: Mail) -> str | None:
    """Return the token of a verification mail's link; None for another mail."""
    found = _LINK.search(mail.text)
    return found[1] if found else None


def http_client(server: ParlourServer, examine: Examine | None = None) -> httpx.AsyncClient:
    """Make the client of a browser profile without a page: it keeps cookies of its own."""
    hooks = {"response": [examine]} if examine else {}
    return httpx.AsyncClient(
        base_url=server.address,
        verify=NO_TLS,
        event_hooks=hooks,
        timeout=UNTIL_ANSWERED,
    )


class Person:
    """A user of the server.

    `username` is None for a guest; `token` is the access token of the last login, None before the first.
    """

    def __init__(
        self,
        server: ParlourServer,
        *,
        email: str,
        username: str | None = None,
        password: str = PASSWORD,
        examine: Examine | None = None,
    ) -> None:
        self.server = server
        self.email = email
        self.username = username
        self.password = password
        self.token: str | None = None
        self.http = http_client(server, examine)

    # ------------------------------------------------------------------------------------- accounts

    async def registers(self) -> None:
        """Register as a client if there is a username, else as a guest; the mail may still be under way."""
        if self.username is None:
            done(await self.post("/guest", {"email": self.email}))
        else:
            body = {"email": self.email, "username": self.username, "password": self.password}
            done(await self.post("/client", body))

    async def reads_link(self) -> str:
        """Return the token of the oldest unread verification mail to this person; wait for it."""
        while (token := token_in(await self.server.expect_mail(self.email))) is None:
            pass
        return token

    async def confirms(self) -> None:
        """Open the link of the mail; it also logs a guest in."""
        token = await self.reads_link()
        if self.username is None:
            self._keep(await self.put("/guest/verify", params={"token": token}))
        else:
            done(await self.put("/client/verify", params={"token": token}))

    async def logs_in(self) -> None:
        body = {"username": self.username or self.email, "password": self.password}
        self._keep(await self.post("/client/login", body))

    async def sessions(self) -> list[dict[str, Any]]:
        """Return the sessions of this person, as the server lists them."""
        found: list[dict[str, Any]] = done(await self.get("/session")).json()["sessions"]
        return found

    async def refreshes(self) -> None:
        self._keep(await self.http.get("/refresh"))

    async def stays_logged_in(self) -> None:
        """Get a new access token if less than half of the time of the present one is left."""
        claims = claims_of(self.token or "")
        if time.time() > (claims["iat"] + claims["exp"]) / 2:
            await self.refreshes()

    async def becomes_client(self, username: str, password: str = PASSWORD) -> None:
        """Turn this guest into a client, who registers with the same email address and confirms it."""
        self.username, self.password = username, password
        await self.registers()
        await self.confirms()
        await self.logs_in()

    @property
    def cookie(self) -> str:
        """The refresh token, from the cookie `jwt`."""
        found = self.http.cookies.get("jwt")
        assert found, "no cookie"
        return found

    # ---------------------------------------------------------------------------------------- rooms

    async def creates_room(
        self,
        name: str | None = None,
        *,
        password: str = ROOM_PASSWORD,
        description: str = "a room to meet",
        **members: object,
    ) -> str:
        """Create a room and return its name."""
        name = name or unique("room")
        body = members | {
            "name": name,
            "password": password,
            "description": description,
            "creator": self.username or self.email,
        }
        done(await self.post("/room", body))
        return name

    async def creates_event(self, name: str | None = None) -> str:
        """Create an event, a room that only invited people enter, and return its name."""
        room = await self.creates_room(name)
        await self.makes_event(room)
        return room

    async def makes_event(self, room: str) -> None:
        done(await self.post("/event", {"room": room}))

    async def enters(self, room: str, password: str = ROOM_PASSWORD) -> None:
        """Give the room's password, which permits this person to enter from now on."""
        done(await self.post("/room/access", {"name": room, "password": password}))

    async def invites(self, *people: "Person | str", to: str) -> None:
        emails = [person if isinstance(person, str) else person.email for person in people]
        done(await self.post("/invitation", {"email": emails, "room": to}))

    async def bans(self, email: str, room: str) -> None:
        done(await self.post("/room/ban", {"email": email, "room": room}))

    async def writes(self, text: str, *, to: str) -> None:
        done(await self.post("/message", {"roomname": to, "message": text}))

    async def reads(self, room: str) -> list[dict[str, Any]]:
        """Return the messages of the room's chat, oldest first."""
        answer = done(await self.get("/message", params={"roomname": room}))
        return list(reversed(answer.json()["messages"]))

    async def moves(self, move: str, event: str) -> None:
        """Report a move in an event: `j` joins, `l` leaves."""
        done(await self.post("/event/log", {"name": event, "move": move}))

    async def sees(self) -> dict[str, dict[str, Any]]:
        """Return the rooms that this person may see, by name."""
        rooms = done(await self.post("/room/check", {})).json()
        return {room["name"]: room for room in rooms}

    # ------------------------------------------------------------------------------------- requests

    async def get(self, path: str, **request: Any) -> httpx.Response:
        return await self.request("GET", path, **request)

    async def post(self, path: str, body: object = None, **request: Any) -> httpx.Response:
        return await self.request("POST", path, json=body, **request)

    async def put(self, path: str, **request: Any) -> httpx.Response:
        return await self.request("PUT", path, **request)

    async def delete(self, path: str, **request: Any) -> httpx.Response:
        return await self.request("DELETE", path, **request)

    async def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, with the access token, if any."""
        identity = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers = identity | request.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **request)

    def _keep(self, answer: httpx.Response) -> None:
        self.token = done(answer).json()["accessToken"]


class Visitors:
    """A factory of people for a server; at its end it closes their HTTP clients."""

    def __init__(self, server: ParlourServer, *, examine: Examine | None = None) -> None:
        self._server = server
        self._examine = examine
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leaving.aclose()

    async def stranger(self, name: str = "sam", *, email: str | None = None, client: bool = True) -> Person:
        """Make a person unknown to the server, who will register as a client or as a guest."""
        unused = unique(name)
        person = Person(
            self._server,
            email=email or f"{unused}@example.org",
            username=unused if client else None,
            examine=self._examine,
        )
        await self._leaving.enter_async_context(person.http)
        return person

    async def client(self, name: str = "ann", *, email: str | None = None) -> Person:
        """Make a client: registered, confirmed and logged in."""
        person = await self.stranger(name, email=email)
        await person.registers()
        await person.confirms()
        await person.logs_in()
        return person

    async def guest(self, name: str = "gus", *, email: str | None = None) -> Person:
        """Make a guest: confirmed and logged in, with the guest's time running."""
        person = await self.stranger(name, email=email, client=False)
        await person.registers()
        await person.confirms()
        return person

    async def same(self, person: Person) -> Person:
        """Make the same account at another browser, not logged in there yet."""
        twin = Person(
            self._server,
            email=person.email,
            username=person.username,
            password=person.password,
            examine=self._examine,
        )
        await self._leaving.enter_async_context(twin.http)
        return twin


class Residents:
    """People whom all tests of a session share, each name always the same person.

    They are logged in whenever a test takes them: a slow machine needs longer for the tests of a session than
    an access token, or a guest, lives.
    """

    def __init__(self, visitors: Visitors) -> None:
        self._visitors = visitors
        self._known: dict[str, Person] = {}
        self._knocking: dict[str, asyncio.Lock] = {}

    async def client(self, name: str) -> Person:
        async with self._knocking.setdefault(name, asyncio.Lock()):
            if (person := self._known.get(name)) is None:
                person = self._known[name] = await self._visitors.client(name)
            await person.stays_logged_in()
            return person

    async def guest(self, name: str = "gus") -> Person:
        """Return a guest with half of a guest's time left at least."""
        async with self._knocking.setdefault(name, asyncio.Lock()):
            person = self._known.get(name)
            if person is None or time.time() > self._half_time(person):
                person = self._known[name] = await self._visitors.guest(name)
            await person.stays_logged_in()
            return person

    def _half_time(self, guest: Person) -> float:
        """A guest's refresh token ends with the guest, whenever it was issued."""
        return float(claims_of(guest.cookie)["exp"]) - GUEST_SECONDS / 2


def claims_of(token: str) -> dict[str, Any]:
    """Decode a token's claims without a check of its signature."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


async def until_refused(guess: Callable[[], Awaitable[httpx.Response]]) -> tuple[int, httpx.Response]:
    """Guess until a wait is met; return how many guesses were heard before, and the refusal.

    Each failure doubles the wait, which begins with a second: a machine that is too slow to meet the first
    one meets one of the next.
    """
    for heard in range(GUESSES):
        answer = await guess()
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return heard, answer
        assert answer.status_code == httpx.codes.UNAUTHORIZED, answer.text
    raise AssertionError(f"{GUESSES} guesses were heard")


def done(answer: httpx.Response) -> httpx.Response:
    """Assert that the answer is a success, and return it."""
    assert answer.is_success, f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text}"
    return answer
