"""Answers, edits and deletions of messages over HTTP, and what the database keeps of them."""

import pytest
from sqlalchemy import text

from parlour.db.database import Database
from tests.integration.http.answers import does_not_fit, nothing_to_say, refused
from tests.integration.http.storage import room_of
from tests.people import Person, done, unique
from tests.servers import ParlourServer

sqlite = pytest.mark.database("sqlite")


async def written(author: Person, room: str, words: str, **members: str) -> dict[str, str]:
    """Write a message; return what names it."""
    names = {"roomname": room, "message_id": unique("id")}
    nothing_to_say(await author.post("/message", {**names, "message": words, **members}))
    return names


async def history(reader: Person, room: str, **query: str) -> list[dict[str, object]]:
    answer = done(await reader.get("/message", params={"roomname": room, **query}))
    return list(reversed(answer.json()["messages"]))


async def test_the_text_of_a_deleted_message_is_gone(server: ParlourServer, ann: Person) -> None:
    room, secret = room_of(ann), unique("secret")
    about = await written(ann, room, secret)
    await written(ann, room, "an answer", reply_to=about["message_id"])
    for _ in range(2):
        nothing_to_say(await ann.post("/message/delete", about))
    (answer,) = await history(ann, room)
    assert answer["quote"] == {"username": ann.username, "message": ""}
    tombstone, same = await history(ann, room, deleted="true")
    assert same == answer
    assert (tombstone["message"], tombstone["message_id"]) == ("", about["message_id"])
    assert set(tombstone) == {
        "message_id", "room", "username", "email", "message", "sent_at", "deleted_at"
    }  # fmt: skip
    assert await history(ann, room, before=str(answer["message_id"])) == []
    assert secret not in (await ann.get("/account/export")).text
    database = Database(server.database_url)
    async with database.reading() as connection:
        kept = await connection.execute(
            text("SELECT count(*) FROM messages WHERE text LIKE :it"), {"it": f"%{secret}%"}
        )
        assert kept.scalar() == 0
    await database.close()


@sqlite
async def test_what_is_deleted_cannot_be_edited(ann: Person) -> None:
    room = room_of(ann)
    about = await written(ann, room, "one")
    nothing_to_say(await ann.post("/message/edit", {**about, "message": "two"}))
    nothing_to_say(await ann.post("/message/delete", about))
    refused(await ann.post("/message/edit", {**about, "message": "three"}), 404, "message_not_found")
    (tombstone,) = await history(ann, room, deleted="true")
    assert tombstone["message"] == ""


@sqlite
async def test_an_edit_says_when(ann: Person) -> None:
    room = room_of(ann)
    about = await written(ann, room, "one")
    (before,) = await history(ann, room)
    nothing_to_say(await ann.post("/message/edit", {**about, "message": "two\U0001f600"}))
    (after,) = await history(ann, room)
    assert str(after.pop("edited_at")) >= str(before["sent_at"])
    assert after == {**before, "message": "two\U0001f600"}


@sqlite
@pytest.mark.parametrize("path", ["/message/edit", "/message/delete", "/message/remove"])
async def test_what_does_not_fit(ann: Person, path: str) -> None:
    about = {"roomname": room_of(ann), "message_id": "unknown"}
    refused(await ann.post(path, {**about, "message": "x"}), 404, "message_not_found")
    refused(
        await ann.post(path, {**about, "roomname": unique("none"), "message": "x"}), 404, "room_not_found"
    )
    does_not_fit(await ann.post(path, {**about, "message_id": "a b", "message": "x"}), "message_id")
