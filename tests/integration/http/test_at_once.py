"""Two, and eight, who do the same at once: one gets it, the others are told so, and nothing fails."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable

import httpx
import pytest

from tests.integration.http.answers import refused
from tests.integration.http.storage import event_of, room_of, stored_client
from tests.people import PASSWORD, ROOM_PASSWORD, Person, Visitors, done, unique

at_once = pytest.mark.parametrize("number", [2, 8])
at_once_hashing = pytest.mark.parametrize("number", [4])
"""Passwords are hashed one after the other; four do meet, and take long enough."""


async def all_of(requests: Iterable[Awaitable[httpx.Response]]) -> Counter[int]:
    """How often each status came."""
    return Counter([answer.status_code for answer in await asyncio.gather(*requests)])


def one_and_the_rest(number: int, rest: int = 409) -> Counter[int]:
    return Counter({200: 1, rest: number - 1})


@at_once
async def test_the_same_registration(nobody: Person, number: int) -> None:
    body = {"email": nobody.email, "username": nobody.username, "password": PASSWORD}
    answers = await all_of(nobody.post("/client", body) for _ in range(number))
    assert answers == one_and_the_rest(number)
    await nobody.confirms()
    await nobody.logs_in()


@at_once_hashing
async def test_the_same_username(nobody: Person, number: int) -> None:
    bodies = [
        {"email": f"{unique('x')}@example.org", "username": nobody.username, "password": PASSWORD}
        for _ in range(number)
    ]
    answers = await asyncio.gather(*(nobody.post("/client", body) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == one_and_the_rest(number)
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "username_taken")


@at_once_hashing
async def test_the_same_email_of_clients(visitors: Visitors, number: int) -> None:
    """All may wait; of their links, opened at once, one makes the account."""
    name = unique("both")
    people = [await visitors.stranger(email=f"{name}@example.org") for _ in range(number)]
    await asyncio.gather(*(person.registers() for person in people))
    links = [await person.reads_link() for person in people]
    body = {"password": PASSWORD}
    answers = [people[0].put("/client/verify", params={"token": link}, json=body) for link in links]
    outcome = await all_of(answers)
    assert outcome[200] == 1
    assert set(outcome) <= {200, 403, 409}


@at_once
async def test_the_same_guest(nobody: Person, number: int) -> None:
    emails = [nobody.email, nobody.email.upper()] * (number // 2)
    answers = await all_of(nobody.post("/guest", {"email": email}) for email in emails)
    assert answers == one_and_the_rest(number)


@at_once
async def test_a_guest_and_a_client_with_the_same_email(visitors: Visitors, number: int) -> None:
    eve = await visitors.stranger("eve")
    client = {"email": eve.email, "username": eve.username, "password": PASSWORD}
    requests = [
        eve.post("/guest", {"email": eve.email}) if turn % 2 else eve.post("/client", client)
        for turn in range(number)
    ]
    answers = await all_of(requests)
    assert set(answers) <= {200, 409}
    assert 1 <= answers[200] <= 2  # a guest who waits may still register as a client


@at_once_hashing
async def test_the_same_guests_who_register_as_clients(visitors: Visitors, number: int) -> None:
    gus = await visitors.guest()
    bodies = [{"email": gus.email, "username": unique("x" * 4), "password": PASSWORD} for _ in range(number)]
    assert await all_of(gus.post("/client", body) for body in bodies) == {200: number}
    done(await gus.put("/client/verify", params={"token": await gus.reads_link()}))
    assert stored_client(gus.server, gus.email) is not None


@at_once
async def test_the_same_link_of_a_client(visitors: Visitors, number: int) -> None:
    eve = await visitors.stranger("eve")
    await eve.registers()
    params = {"token": await eve.reads_link()}
    answers = await all_of(eve.put("/client/verify", params=params) for _ in range(number))
    assert answers == one_and_the_rest(number)
    await eve.logs_in()


@at_once
async def test_the_same_link_of_a_guest(visitors: Visitors, number: int) -> None:
    gus = await visitors.stranger("gus", client=False)
    await gus.registers()
    params = {"token": await gus.reads_link()}
    answers = await asyncio.gather(*(gus.put("/guest/verify", params=params) for _ in range(number)))
    assert Counter(answer.status_code for answer in answers) == one_and_the_rest(number)
    assert ["set-cookie" in answer.headers for answer in answers].count(True) == 1
    done(await gus.http.get("/refresh"))


@at_once_hashing
async def test_the_same_login(ann: Person, visitors: Visitors, number: int) -> None:
    twin = await visitors.same(ann)
    body = {"username": ann.username, "password": PASSWORD}
    assert await all_of(twin.post("/client/login", body) for _ in range(number)) == {200: number}


@at_once_hashing
async def test_the_same_room(ann: Person, bob: Person, number: int) -> None:
    name = unique("room")
    requests = [
        who.post("/room", {"name": form, "password": "x", "description": "", "creator": who.username})
        for who, form in [(ann, name), (bob, name.upper())] * (number // 2)
    ]
    assert await all_of(requests) == one_and_the_rest(number)


@at_once_hashing
async def test_the_same_password(ann: Person, bob: Person, number: int) -> None:
    body = {"name": room_of(ann), "password": ROOM_PASSWORD}
    assert await all_of(bob.post("/room/access", body) for _ in range(number)) == {200: number}


@at_once
async def test_the_same_event(ann: Person, number: int) -> None:
    room = room_of(ann)
    assert await all_of(ann.post("/event", {"room": room}) for _ in range(number)) == {200: number}


@at_once
async def test_the_same_invitation(ann: Person, bob: Person, gus: Person, number: int) -> None:
    room = room_of(ann)
    body = {"email": [bob.email, gus.email], "room": room}
    assert await all_of(ann.post("/invitation", body) for _ in range(number)) == {200: number}
    entries = done(await ann.get("/invitation", params={"room": room})).json()["invitations"]
    assert len(entries) == 2


async def test_invitations_in_another_order(ann: Person) -> None:
    """Whoever locks rows in the order of the request meets the other one halfway."""
    emails = [f"{number}@example.org" for number in range(100)]
    for _ in range(3):
        room = room_of(ann)
        bodies = [{"email": order, "room": room} for order in (emails, emails[::-1]) * 4]
        assert await all_of(ann.post("/invitation", body) for body in bodies) == {200: 8}
        entries = done(await ann.get("/invitation", params={"room": room})).json()["invitations"]
        assert sorted(entry["email"] for entry in entries) == sorted(emails)


@at_once
async def test_an_invitation_and_the_registration_of_its_address(
    ann: Person, visitors: Visitors, number: int
) -> None:
    """Whichever is first, the invitation is the new account's."""
    event = event_of(ann)
    guests = [await visitors.stranger("gus", client=False) for _ in range(number)]
    requests = [ann.post("/invitation", {"email": [gus.email], "room": event}) for gus in guests]
    requests += [gus.post("/guest", {"email": gus.email}) for gus in guests]
    assert await all_of(requests) == {200: 2 * number}
    for gus in guests:
        await gus.confirms()
        assert event in await gus.sees()


@at_once
async def test_the_same_message_with_an_id(ann: Person, number: int) -> None:
    room = room_of(ann)
    body = {"roomname": room, "message": "once", "message_id": unique("id")}
    assert await all_of(ann.post("/message", body) for _ in range(number)) == {200: number}
    assert len(await ann.reads(room)) == 1


async def test_messages_of_many(ann: Person, bob: Person, gus: Person) -> None:
    room = room_of(ann)
    await ann.invites(bob, gus, to=room)
    requests = [
        who.post("/message", {"roomname": room, "message": f"{who.email} {number}"})
        for number in range(8)
        for who in (ann, bob, gus)
    ]
    assert await all_of(requests) == {200: 24}
    assert len({message["message"] for message in await ann.reads(room)}) == 24


@at_once
async def test_the_same_move(ann: Person, number: int) -> None:
    event = event_of(ann)
    for move, left in (("j", False), ("l", True)):
        body = {"name": event, "move": move}
        assert await all_of(ann.post("/event/log", body) for _ in range(number)) == {200: number}
        (line,) = done(await ann.get("/event/log", params={"room": event})).json()["attendance"]
        assert (line["left_at"] is not None) is left
