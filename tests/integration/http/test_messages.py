"""POST /message, and GET /message beside it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.http.answers import does_not_fit, moment, nothing_to_say, refused
from tests.integration.http.storage import event_of, room_of
from tests.people import Person, Residents, done, unique


async def test_a_message_is_stored(ann: Person) -> None:
    room = room_of(ann)
    nothing_to_say(await ann.post("/message", {"roomname": room, "email": ann.email, "message": "Hello"}))
    (message,) = await ann.reads(room)
    assert set(message) == {"message_id", "room", "username", "email", "message", "sent_at"}
    assert message["message_id"]
    assert (message["room"], message["username"]) == (room, ann.username)
    assert (message["email"], message["message"]) == (ann.email, "Hello")
    assert abs(moment(message["sent_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_the_email_may_be_absent(ann: Person) -> None:
    room = room_of(ann)
    nothing_to_say(await ann.post("/message", {"roomname": room, "message": "one"}))
    nothing_to_say(await ann.post("/message", {"roomname": room, "email": None, "message": "two"}))
    nothing_to_say(
        await ann.post("/message", {"roomname": room, "email": ann.email.upper(), "message": "three"})
    )
    assert [message["email"] for message in await ann.reads(room)] == [ann.email] * 3


async def test_a_guest_writes(ann: Person, gus: Person) -> None:
    room = room_of(ann)
    await gus.enters(room)
    nothing_to_say(await gus.post("/message", {"roomname": room, "email": gus.email, "message": "Hello"}))
    (message,) = await gus.reads(room)
    assert (message["username"], message["email"]) == ("Guest", gus.email)


async def test_no_such_room(ann: Person) -> None:
    body = {"roomname": unique("no such room"), "message": "Hello"}
    refused(await ann.post("/message", body), 404, "room_not_found")
    refused(await ann.get("/message", params={"roomname": body["roomname"]}), 404, "room_not_found")


async def test_no_such_user(ann: Person, nobody: Person) -> None:
    room = room_of(ann)
    body = {"roomname": room, "email": nobody.email, "message": "Hello"}
    refused(await ann.post("/message", body), 404, "user_not_found")
    assert await ann.reads(room) == []


async def test_somebody_elses_email(ann: Person, bob: Person, gus: Person) -> None:
    room = room_of(ann)
    await bob.enters(room)
    for email in (bob.email, bob.email.upper(), gus.email):
        body = {"roomname": room, "email": email, "message": "Hello"}
        refused(await ann.post("/message", body), 403, "not_the_caller")
    assert await ann.reads(room) == []


async def test_who_is_not_admitted(ann: Person, bob: Person, gus: Person) -> None:
    room, event = room_of(ann), event_of(ann)
    for who in (bob, gus):
        refused(await who.post("/message", {"roomname": room, "message": "Hello"}), 403, "not_admitted")
        refused(await who.post("/message", {"roomname": event, "message": "Hello"}), 403, "not_invited")
        refused(await who.get("/message", params={"roomname": room}), 403, "not_admitted")
        refused(await who.get("/message", params={"roomname": event}), 403, "not_invited")
    assert await ann.reads(room) == []
    assert await ann.reads(event) == []


async def test_an_invitee_writes_without_the_password(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    await ann.invites(bob, to=room)
    await bob.writes("Hello", to=room)


@pytest.mark.parametrize(
    "text",
    ["x", "x" * 4000, "🎈" * 4000, "<script>alert(1)</script>",
     "two\nlines\tand\r\nmore", "  spaces  ", "\x01\x7f\ufeff",
     "אבג مرحبا 你好 नमस्ते", "'; DROP TABLE messages; --", "%s {0} \\u0000"],
    ids=lambda text: text[:10].encode("unicode_escape").decode(),
)  # fmt: skip
async def test_texts_are_kept_to_the_letter(residents_room: str, ann: Person, text: str) -> None:
    await ann.writes(text, to=residents_room)
    assert (await ann.reads(residents_room))[-1]["message"] == text


@pytest.fixture(scope="module")
async def residents_room(residents: Residents) -> str:
    return room_of(await residents.client("ann"))


@pytest.mark.parametrize("text", ["", "x" * 4001, "a\x00b"], ids=["empty", "4001", "NUL"])
async def test_texts_that_do_not_fit(residents_room: str, ann: Person, text: str) -> None:
    does_not_fit(await ann.post("/message", {"roomname": residents_room, "message": text}), "message")


# --------------------------------------------------------------------------- ids made by the client


async def test_the_same_id_stores_one_message(ann: Person) -> None:
    room = room_of(ann)
    body = {"roomname": room, "message": "once", "message_id": str(uuid.uuid4())}
    for _ in range(3):
        nothing_to_say(await ann.post("/message", body))
    nothing_to_say(await ann.post("/message", body | {"message": "changed"}))
    (message,) = await ann.reads(room)
    assert (message["message"], message["message_id"]) == ("once", body["message_id"])


async def test_the_id_of_somebody_elses_message(ann: Person, bob: Person) -> None:
    room = room_of(ann)
    await bob.enters(room)
    body = {"roomname": room, "message": "mine", "message_id": str(uuid.uuid4())}
    nothing_to_say(await ann.post("/message", body))
    refused(await bob.post("/message", body), 409, "message_id_taken")


@pytest.mark.parametrize("message_id", ["", "x" * 65, "a b", "a/b", "ä", "a\n"])
async def test_ids_that_do_not_fit(residents_room: str, ann: Person, message_id: str) -> None:
    body = {"roomname": residents_room, "message": "Hello", "message_id": message_id}
    does_not_fit(await ann.post("/message", body), "message_id")


# ------------------------------------------------------------------------------------------- history


async def test_the_history_is_read_page_by_page(ann: Person) -> None:
    room = room_of(ann)
    for number in range(5):
        await ann.writes(str(number), to=room)
    params: dict[str, str | int] = {"roomname": room, "limit": 2}
    read = []
    for more in (True, True, False):
        page = done(await ann.get("/message", params=params)).json()
        assert set(page) == {"messages", "more"}
        assert page["more"] is more
        read += [message["message"] for message in page["messages"]]
        params["before"] = page["messages"][-1]["message_id"]
    assert read == ["4", "3", "2", "1", "0"]


async def test_questions_about_the_history_that_do_not_fit(ann: Person, residents_room: str) -> None:
    does_not_fit(await ann.get("/message"), "roomname")
    for limit in (0, 101, "x"):
        answer = await ann.get("/message", params={"roomname": residents_room, "limit": limit})
        does_not_fit(answer, "limit")
    does_not_fit(await ann.get("/message", params={"roomname": residents_room, "before": "a b"}), "before")
