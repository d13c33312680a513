"""Messages answer others, and are edited and deleted: everybody in the call hears it, and nobody else."""

import pytest

from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Peers

pytestmark = pytest.mark.kinds("js-websocket")
sqlite = pytest.mark.database("sqlite")


async def says(author: Client, text: str, **members: str) -> str:
    answer = await author.may("chat-message", {"message": text, **members})
    message_id: str = answer["message"]["message_id"]
    return message_id


async def test_an_answer_quotes_what_it_answers(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        asked = await says(ann, "When? " + "x" * 300)
        await bob.expects("chat-message", message_id=asked)
        answer = await says(bob, "At noon", reply_to=asked)
        quote = {"username": ann.shown_as, "message": ("When? " + "x" * 300)[:200]}
        shown = await ann.expects("chat-message", message_id=answer, reply_to=asked, quote=quote)
        assert shown == (await ann.person.reads(ann.room))[-1]
        await ann.may("edit-message", {"message_id": asked, "message": "When exactly?"})
        assert (await bob.person.reads(ann.room))[-1]["quote"] == {**quote, "message": "When exactly?"}


async def test_edits_and_deletions_reach_the_call(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        message_id = await says(ann, "one")
        for other in (bob, carl):
            await other.expects("chat-message", message_id=message_id)
        edited = (await ann.may("edit-message", {"message_id": message_id, "message": "two"}))["message"]
        assert (edited["message"], edited["message_id"]) == ("two", message_id)
        for other in (bob, carl):
            event = await other.expects("message-edited", message_id=message_id, room=ann.room, message="two")
            assert event["edited_at"] == edited["edited_at"]
        assert await bob.person.reads(ann.room) == [edited]
        deleted = (await ann.may("delete-message", {"message_id": message_id}))["message"]
        assert deleted["message"] == ""
        for other in (bob, carl):
            event = await other.expects("message-deleted", message_id=message_id, room=ann.room)
            assert event == {key: deleted[key] for key in ("message_id", "room", "deleted_at")}
        await marks(bob, ann)  # not to the one who did it
        assert await bob.person.reads(ann.room) == [], "clients that do not ask see no deleted ones"


@sqlite
async def test_the_creator_removes_what_others_wrote(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        message_id = await says(bob, "rude")
        await ann.expects("chat-message", message_id=message_id)
        await bob.may_not("remove-message", {"message_id": message_id}, code="not_the_creator")
        await ann.may("remove-message", {"message_id": message_id})
        await bob.expects("message-deleted", message_id=message_id)
        await ann.may_not("remove-message", {"message_id": "unknown"}, code="message_not_found")
        await marks(ann, bob)


@sqlite
async def test_changes_over_http_reach_the_call(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        message_id = await says(bob, "one")
        await ann.expects("chat-message", message_id=message_id)
        about = {"roomname": ann.room, "message_id": message_id}
        assert (await bob.person.post("/message/edit", {**about, "message": "two"})).status_code == 200
        for member in (ann, bob):
            await member.expects("message-edited", message_id=message_id, message="two")
        assert (await bob.person.post("/message/delete", about)).status_code == 200
        for member in (ann, bob):
            await member.expects("message-deleted", message_id=message_id)
