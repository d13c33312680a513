"""POST /event, POST /event/log, and GET /event/log beside them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.http.answers import does_not_fit, moment, nothing_to_say, refused
from tests.integration.http.storage import event_of, room_of
from tests.people import Person, done, unique


async def attendance(creator: Person, event: str) -> list[dict[str, Any]]:
    answer = done(await creator.get("/event/log", params={"room": event}))
    assert set(answer.json()) == {"attendance"}
    lines: list[dict[str, Any]] = answer.json()["attendance"]
    return lines


async def test_a_room_becomes_an_event(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    assert (await ann.sees())[room]["room_id"] is None
    nothing_to_say(await ann.post("/event", {"room": room}))
    event = (await ann.sees())[room]
    assert isinstance(event["room_id"], int)
    assert room not in await bob.sees()


async def test_making_it_an_event_again_is_harmless(ann: Person) -> None:
    event = event_of(ann)
    before = (await ann.sees())[event]
    nothing_to_say(await ann.post("/event", {"room": event}))
    nothing_to_say(await ann.post("/event", {"room": f" {event.upper()} "}))
    assert (await ann.sees())[event] == before


async def test_each_event_has_an_id_of_its_own(ann: Person) -> None:
    events = [event_of(ann), event_of(ann)]
    rooms = await ann.sees()
    assert rooms[events[0]]["room_id"] != rooms[events[1]]["room_id"]


async def test_no_such_room(ann: Person) -> None:
    refused(await ann.post("/event", {"room": unique("no such room")}), 404, "room_not_found")


async def test_only_the_creator_makes_an_event(ann: Person, bob: Person, gus: Person) -> None:
    room = room_of(ann)
    await ann.invites(gus, to=room)
    await bob.enters(room)
    for who in (bob, gus):
        refused(await who.post("/event", {"room": room}), 403, "not_the_creator")
    assert (await bob.sees())[room]["room_id"] is None


# --------------------------------------------------------------------------------------- attendance


async def test_coming_and_going_is_logged(ann: Person, bob: Person, gus: Person) -> None:
    event = event_of(ann)
    await ann.invites(bob, gus, to=event)
    assert await attendance(ann, event) == []
    for who in (ann, bob, gus):
        nothing_to_say(await who.post("/event/log", {"email": who.email, "name": event, "move": "j"}))
    lines = await attendance(ann, event)
    assert [(line["email"], line["username"]) for line in lines] == [
        (ann.email, ann.username),
        (bob.email, bob.username),
        (gus.email, "Guest"),
    ]
    for line in lines:
        assert set(line) == {"email", "username", "joined_at", "left_at"}
        assert abs(moment(line["joined_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
        assert line["left_at"] is None
    nothing_to_say(await bob.post("/event/log", {"email": bob.email, "name": event, "move": "l"}))
    lines = await attendance(ann, event)
    assert [line["left_at"] is None for line in lines] == [True, False, True]
    assert moment(lines[1]["left_at"]) >= moment(lines[1]["joined_at"])


async def test_each_visit_is_a_line(ann: Person) -> None:
    event = event_of(ann)
    for move in "jljl":
        await ann.moves(move, event)
    lines = await attendance(ann, event)
    assert [line["left_at"] is None for line in lines] == [False, False]


async def test_saying_it_twice_doubles_nothing(ann: Person) -> None:
    event = event_of(ann)
    await ann.moves("l", event)
    assert await attendance(ann, event) == []
    await ann.moves("j", event)
    await ann.moves("j", event)
    assert len(await attendance(ann, event)) == 1
    await ann.moves("l", event)
    before = await attendance(ann, event)
    await ann.moves("l", event)
    assert await attendance(ann, event) == before


async def test_the_email_may_be_absent(ann: Person) -> None:
    event = event_of(ann)
    nothing_to_say(await ann.post("/event/log", {"name": event, "move": "j"}))
    nothing_to_say(await ann.post("/event/log", {"email": None, "name": event.upper(), "move": "l"}))
    nothing_to_say(await ann.post("/event/log", {"email": ann.email.upper(), "name": event, "move": "j"}))
    assert [line["email"] for line in await attendance(ann, event)] == [ann.email] * 2


@pytest.mark.parametrize("move", ["", "x", "J", "L", "join", "joined", " j", "j ", "jl", "☎"])
async def test_another_move(ann: Person, move: str) -> None:
    event = event_of(ann)
    answer = await ann.post("/event/log", {"email": ann.email, "name": event, "move": move})
    refused(answer, 400, "invalid_move")
    assert await attendance(ann, event) == []


async def test_no_such_user(ann: Person, nobody: Person) -> None:
    event = event_of(ann)
    body = {"email": nobody.email, "name": event, "move": "j"}
    refused(await ann.post("/event/log", body), 404, "user_not_found")


async def test_no_such_event(ann: Person) -> None:
    for name in (unique("no such room"), room_of(ann)):
        body = {"email": ann.email, "name": name, "move": "j"}
        refused(await ann.post("/event/log", body), 404, "event_not_found")
        refused(await ann.get("/event/log", params={"room": name}), 404, "event_not_found")


async def test_somebody_elses_email(ann: Person, bob: Person, gus: Person) -> None:
    event = event_of(ann)
    await ann.invites(bob, gus, to=event)
    for email in (bob.email, gus.email):
        refused(
            await ann.post("/event/log", {"email": email, "name": event, "move": "j"}), 403, "not_the_caller"
        )
    assert await attendance(ann, event) == []


async def test_who_is_not_invited_attends_nothing(ann: Person, bob: Person, gus: Person) -> None:
    event = event_of(ann)
    for who in (bob, gus):
        body = {"email": who.email, "name": event, "move": "j"}
        refused(await who.post("/event/log", body), 403, "not_invited")
    assert await attendance(ann, event) == []


async def test_only_the_creator_reads_the_attendance(ann: Person, bob: Person) -> None:
    event = event_of(ann)
    await ann.invites(bob, to=event)
    refused(await bob.get("/event/log", params={"room": event}), 403, "not_the_creator")
    does_not_fit(await ann.get("/event/log"), "room")
