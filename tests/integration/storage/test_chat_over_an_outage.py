"""PostgreSQL goes away in the middle of a chat, while people are in a call."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psycopg

from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.people import Visitors
from tests.servers import ParlourServer, PostgresServer
from tests.servers.stopwatch import Stopwatch

MESSAGES_EACH = 167


class Writer:
    """Sends until each is acknowledged; hears what the others write, in the order of its arrival."""

    def __init__(self, visitor: ResumingClient, name: str) -> None:
        self.visitor = visitor
        self.ids = [f"{name}-{number}" for number in range(MESSAGES_EACH)]
        self.acknowledged: set[str] = set()
        self.heard: list[str] = []
        self.refusals = 0
        self.moved = asyncio.Event()

    async def writes(self) -> None:
        """In its order: a message is sent again before the next ones where it was refused."""
        for message_id in self.ids:
            text = json.dumps(
                ["chat-message", {"message": f"text of {message_id}", "message_id": message_id}]
            )
            while not (answer := await self._asks(text))["ok"]:
                self.refusals += 1
                assert answer["code"] == "unavailable"
                self.moved.set()
                await asyncio.sleep(0.1)  # as a client would: the server does not say when it is back
            self.acknowledged.add(answer["message"]["message_id"])
            self.moved.set()

    async def until(self, acknowledged: int = 0, refused: int = 0) -> None:
        while len(self.acknowledged) < acknowledged or self.refusals < refused:
            self.moved.clear()
            await self.moved.wait()

    async def hears_all(self, expected: set[str]) -> None:
        async with asyncio.timeout(60):
            while set(self.heard) < expected:
                payload = await self.visitor.socket.expects_event("chat-message")
                self.heard.append(payload["message_id"])

    async def _asks(self, text: str) -> dict[str, Any]:
        """The acknowledgement; chat that comes before it is kept."""
        number = len(self.acknowledged) + self.refusals + 100
        await self.visitor.socket.sends(f"42{number}{text}")
        while not (frame := await self.visitor.socket.frame(30)).startswith(f"43{number}["):
            name, *arguments = json.loads(frame.removeprefix("42"))
            if name == "chat-message":
                self.heard.append(arguments[0]["message_id"])
        [answer] = json.loads(frame.removeprefix(f"43{number}"))
        assert isinstance(answer, dict)
        return answer


async def stored(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute("SELECT message_id FROM messages ORDER BY id")).fetchall()
    return [row[0] for row in rows]


async def test_what_is_acknowledged_is_stored_once_and_in_one_order(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = await postgres.create_database()
    async with (
        ParlourServer(tmp_path, url) as server,
        Visitors(server) as people,
        AsyncExitStack() as ending,
    ):
        persons = [await people.client(name) for name in ("ann", "bob", "carl", "dan", "eve")]
        room = await persons[0].creates_room()
        await persons[0].invites(*persons[1:], to=room)
        visitors = [await ending.enter_async_context(ResumingClient(person, room)) for person in persons]
        for position, visitor in enumerate(visitors):
            await visitor.joins()
            await introduced(visitor, *visitors[:position])
        writers = [Writer(visitor, f"w{number}") for number, visitor in enumerate(visitors[:3])]
        writing = [asyncio.create_task(writer.writes()) for writer in writers]

        await asyncio.gather(*(writer.until(acknowledged=50) for writer in writers))
        # The tests' PostgreSQL commits asynchronously; in order it loses nothing.
        await postgres.stop()
        dan, eve = visitors[3:]
        ready = await persons[0].get("/readyz")
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
        refused = await persons[0].post("/message", {"roomname": room, "message": "now?"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        offer = {"peerID": eve.peer_id, "iceCandidate": {"candidate": "candidate:while the database is away"}}
        async with Stopwatch(server.pid) as watch:
            await dan.socket.sends(f"42{json.dumps(['offer-ice', offer])}")
            heard = await next_of_call(eve)
        assert heard == ("ice-candidate", "candidate:while the database is away")
        assert watch.seconds < 4, f"a call goes on, and waits for no attempt to connect: {watch}"
        await asyncio.gather(*(writer.until(refused=2) for writer in writers))

        await postgres.start()
        async with asyncio.timeout(120):
            await asyncio.gather(*writing)
        assert (await persons[0].get("/readyz")).status_code == 200
        sent = [message_id for writer in writers for message_id in writer.ids]
        order = await stored(url)
        assert len(sent) > 500 and sorted(order) == sorted(sent), "each exactly once"
        for writer in writers:
            assert writer.acknowledged == set(writer.ids)
            assert [one for one in order if one in writer.acknowledged] == writer.ids
            await writer.hears_all(set(sent) - set(writer.ids))
            assert writer.heard == [one for one in order if one in set(writer.heard)], "in the server's order"
            assert len(writer.heard) == len(set(writer.heard)) == len(sent) - len(writer.ids)
        history = [message["message_id"] for message in await whole_history(persons[4], room)]
        assert history[::-1] == order


async def next_of_call(visitor: ResumingClient) -> tuple[str, str]:
    """Chat is passed over."""
    while True:
        name, payload = json.loads((await visitor.socket.expects("42[")).removeprefix("42"))
        if name not in ("chat-message", "share-rooms"):
            return name, payload["iceCandidate"]["candidate"]


async def whole_history(person: Any, room: str) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = []
    more = True
    while more:
        params = {"roomname": room, "limit": 100} | ({"before": found[-1]["message_id"]} if found else {})
        page = (await person.get("/message", params=params)).json()
        found += page["messages"]
        more = page["more"]
    return found
