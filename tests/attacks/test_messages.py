"""Attacks on messages that others wrote."""

import asyncio

import pytest

from tests.attacks.test_rooms import connected
from tests.people import Person, unique
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")


async def said(author: Person, room: str) -> dict[str, str]:
    names = {"roomname": room, "message_id": unique("id")}
    assert (await author.post("/message", {**names, "message": "as I said"})).status_code == 200
    return names


async def test_changing_what_others_wrote(server: ParlourServer, ann: Person, mallory: Person) -> None:
    """Neither over HTTP nor over Socket.IO, neither as a member nor as the creator of another room."""
    room, own = await ann.creates_room(), await mallory.creates_room()
    about = await said(ann, room)
    stranger = {"edit": "not_admitted", "delete": "not_admitted", "remove": "not_the_creator"}
    member = {"edit": "not_the_author", "delete": "not_the_author", "remove": "not_the_creator"}
    for codes in (stranger, member):
        for deed, code in codes.items():
            answer = await mallory.post(f"/message/{deed}", {**about, "message": "changed"})
            assert (answer.status_code, answer.json()["code"]) == (403, code)
            elsewhere = {**about, "roomname": own, "message": "changed"}
            answer = await mallory.post(f"/message/{deed}", elsewhere)
            assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")
        await mallory.enters(room)
    attacker = await connected(server, mallory)
    await attacker.joins(room)
    event = {"message_id": about["message_id"], "message": "changed", "room": own}
    for deed, code in member.items():
        await attacker.may_not(f"{deed}-message", event, code=code)
    await attacker.joins(own)
    for deed in member:
        await attacker.may_not(f"{deed}-message", event, code="message_not_found")
    await attacker.close()
    assert [message["message"] for message in await ann.reads(room)] == ["as I said"]


async def test_an_answer_across_rooms_tells_nothing(
    server: ParlourServer, ann: Person, mallory: Person
) -> None:
    about, own = await said(ann, await ann.creates_room()), await mallory.creates_room()
    body = {"roomname": own, "message": "what was it?", "reply_to": about["message_id"]}
    answer = await mallory.post("/message", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")
    attacker = await connected(server, mallory)
    await attacker.joins(own)
    reply = {"message": "what was it?", "reply_to": about["message_id"]}
    await attacker.may_not("chat-message", reply, code="message_not_found")
    await attacker.close()
    assert await mallory.reads(own) == []


async def test_an_edit_does_not_bring_back_what_is_deleted(ann: Person) -> None:
    """All at once: whatever comes last, a deleted message stays empty."""
    room = await ann.creates_room()
    for _ in range(5):
        about = await said(ann, room)
        await asyncio.gather(
            *(ann.post("/message/edit", {**about, "message": f"edit {number}"}) for number in range(3)),
            ann.post("/message/delete", about),
            *(ann.post("/message/edit", {**about, "message": f"late {number}"}) for number in range(3)),
        )
    answer = await ann.get("/message", params={"roomname": room, "deleted": "true"})
    assert [message["message"] for message in answer.json()["messages"]] == [""] * 5


async def test_oversized_edits(server: ParlourServer, ann: Person) -> None:
    room = await ann.creates_room()
    about = await said(ann, room)
    answer = await ann.post("/message/edit", {**about, "message": "x" * 4001})
    assert answer.status_code == 422
    author = await connected(server, ann)
    await author.joins(room)
    edit = {"message_id": about["message_id"], "message": "x" * 4001}
    await author.may_not("edit-message", edit, code="invalid_payload")
    await author.close()


async def test_a_banned_author_changes_nothing_any_more(ann: Person, mallory: Person) -> None:
    room = await ann.creates_room()
    await mallory.enters(room)
    about = await said(mallory, room)
    await ann.bans(mallory.email, room)
    for deed in ("edit", "delete"):
        answer = await mallory.post(f"/message/{deed}", {**about, "message": "changed"})
        assert (answer.status_code, answer.json()["code"]) == (403, "banned")
