"""Chat in a call: stored before it is acknowledged, shown to the others, never doubled."""

import asyncio
from datetime import datetime

import pytest

from tests.integration.signaling.client import marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import Town
from tests.people import unique

sqlite = pytest.mark.database("sqlite")


async def test_stored_then_acknowledged_and_shown(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        text = 'Hello 😀 <b>"you"</b> \\ \u2028\nsecond line'
        answer = await ann.may("chat-message", {"message": text})
        [stored] = await ann.person.reads(ann.room)
        assert (stored["message"], stored["username"], stored["email"]) == (
            text,
            ann.person.username,
            ann.person.email,
        )
        assert stored["sent_at"].endswith("Z")
        assert datetime.fromisoformat(stored["sent_at"]).tzinfo
        for other in (bob, carl):
            shown = await other.gets("chat-message")
            assert shown == stored == answer["message"]
        await marks(bob, ann)  # not to the one who wrote it


@sqlite
async def test_message_over_http_reaches_the_call(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        await bob.person.writes("over HTTP", to=ann.room.upper())
        await ann.expects("chat-message", message="over HTTP", username=bob.shown_as, room=ann.room)
        await bob.expects("chat-message", message="over HTTP")


async def test_same_id_is_stored_and_shown_once(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        message = {"message": "once", "message_id": unique("id")}
        first, again = await asyncio.gather(
            ann.may("chat-message", message), ann.may("chat-message", message)
        )
        later = await ann.may("chat-message", {**message, "message": "changed"})
        assert first == again == later
        body = {"roomname": ann.room, **message}
        assert (await ann.person.post("/message", body)).status_code == 200
        await bob.expects("chat-message", **message)
        await marks(ann, bob)
        await bob.may_not("chat-message", message, code="message_id_taken")
        assert [stored["message"] for stored in await ann.person.reads(ann.room)] == ["once"]


@sqlite
@pytest.mark.kinds("js-websocket", "py-polling")
async def test_order_of_one_writer_is_the_order_of_the_history(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        texts = [f"line {number}" for number in range(30)]
        for text in texts:
            await ann.emit("chat-message", {"message": text})
        for text in texts:
            await bob.expects("chat-message", message=text)
        assert [stored["message"] for stored in await bob.person.reads(ann.room)] == texts


@sqlite
@pytest.mark.kinds("js-websocket")
async def test_only_in_the_room_one_is_in(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob), peers("carl", "dora") as (carl, dora):
        await carl.may("chat-message", {"message": "for dora"})
        await dora.expects("chat-message", message="for dora")
        await marks(bob, ann)
        emil = await connect(await town.person("emil"))
        await emil.may_not("chat-message", {"message": "too early"}, code="not_in_call")
        await bob.may("leave")
        await bob.may_not("chat-message", {"message": "too late"}, code="not_in_call")
        assert await ann.person.reads(ann.room) == []


@sqlite
@pytest.mark.kinds("js-websocket")
async def test_longest_message(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        for text in ("x" * 4000, "😀" * 4000):
            await ann.may("chat-message", {"message": text})
            await bob.expects("chat-message", message=text)
        await ann.may_not("chat-message", {"message": "x" * 4001}, code="invalid_payload")
        await marks(ann, bob)
