"""POST /room/access: the password of a room."""

import pytest

from parlour.db.tables import rooms
from tests.integration.http.answers import does_not_fit, nothing_to_say, refused
from tests.integration.http.storage import bcrypt_hash, database_of, event_of, room_of
from tests.people import ROOM_PASSWORD, Person, done, unique


async def test_the_password_opens_a_room_for_good(ann: Person, bob: Person, gus: Person) -> None:
    room = room_of(ann)
    for who in (bob, gus):
        refused(await who.post("/message", {"roomname": room, "message": "hello"}), 403, "not_admitted")
        nothing_to_say(await who.post("/room/access", {"name": room, "password": ROOM_PASSWORD}))
        await who.writes("hello", to=room)
        nothing_to_say(await who.post("/room/access", {"name": room, "password": ROOM_PASSWORD}))


async def test_a_question_whether_one_may_enter_is_no_refusal(ann: Person, bob: Person, gus: Person) -> None:
    room, event = room_of(ann), event_of(ann)

    async def needs_password(who: Person, name: str) -> object:
        return done(await who.get("/room/admission", params={"room": name})).json()

    assert await needs_password(ann, room) == {"needs_password": False}
    assert await needs_password(ann, event) == {"needs_password": False}
    for who in (bob, gus):
        assert await needs_password(who, room) == {"needs_password": True}
        await who.enters(room)
        assert await needs_password(who, room) == {"needs_password": False}
    refused(await bob.get("/room/admission", params={"room": event}), 403, "not_invited")
    refused(await bob.get("/room/admission", params={"room": unique("none")}), 404, "room_not_found")


async def test_a_wrong_password(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    for wrong in (ROOM_PASSWORD.upper(), f"{ROOM_PASSWORD} ", "", "x" * 1024):
        answer = await bob.post("/room/access", {"name": room, "password": wrong})
        refused(answer, 401, "wrong_room_password")
    refused(await bob.post("/message", {"roomname": room, "message": "hello"}), 403, "not_admitted")


async def test_a_wrong_password_closes_nothing(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    await bob.enters(room)
    refused(await bob.post("/room/access", {"name": room, "password": "wrong"}), 401, "wrong_room_password")
    await bob.writes("still here", to=room)


async def test_no_such_room(bob: Person) -> None:
    body = {"name": unique("no such room"), "password": ROOM_PASSWORD}
    refused(await bob.post("/room/access", body), 404, "room_not_found")


@pytest.mark.parametrize("form", ["{0}", "  {0} ", "{1}"], ids=["same", "spaces", "capitals"])
async def test_a_room_is_found_in_any_case(ann: Person, bob: Person, form: str) -> None:
    room = room_of(ann)
    await bob.enters(form.format(room, room.upper()))
    await bob.writes("hello", to=form.format(room, room.upper()))


async def test_an_event_is_closed_to_the_password(ann: Person, bob: Person, gus: Person) -> None:
    event = event_of(ann)
    for who in (bob, gus):
        for password in (ROOM_PASSWORD, "wrong"):
            body = {"name": event, "password": password}
            refused(await who.post("/room/access", body), 403, "not_invited")


async def test_an_event_is_open_to_who_is_invited(ann: Person, bob: Person, gus: Person) -> None:
    event = event_of(ann)
    await ann.invites(bob, gus, to=event)
    for who in (ann, bob, gus):
        nothing_to_say(await who.post("/room/access", {"name": event, "password": "whatever"}))
        await who.writes("hello", to=event)


async def test_a_password_given_before_the_event_counts_no_more(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    await bob.enters(room)
    await bob.writes("before", to=room)
    await ann.makes_event(room)
    refused(await bob.post("/room/access", {"name": room, "password": ROOM_PASSWORD}), 403, "not_invited")
    refused(await bob.post("/message", {"roomname": room, "message": "after"}), 403, "not_invited")


async def test_the_creator_needs_no_password(ann: Person) -> None:
    room = room_of(ann)
    await ann.writes("mine", to=room)
    refused(await ann.post("/room/access", {"name": room, "password": "wrong"}), 401, "wrong_room_password")


async def test_an_imported_bcrypt_hash_works_and_is_replaced(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    mine = rooms.c.name == room
    with database_of(ann.server) as connection:
        connection.execute(rooms.update().where(mine).values(password_hash=bcrypt_hash("from elsewhere")))
    await bob.enters(room, "from elsewhere")
    with database_of(ann.server) as connection:
        stored = connection.execute(rooms.select().where(mine)).one().password_hash
    assert stored.startswith("$argon2id$")
    await bob.enters(room, "from elsewhere")


async def test_a_password_longer_than_any(ann: Person, bob: Person) -> None:
    body = {"name": room_of(ann), "password": "p" * 1025}
    does_not_fit(await bob.post("/room/access", body), "password")
