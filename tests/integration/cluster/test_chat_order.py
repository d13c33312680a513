"""Several nodes write to the same chats, and what each tells the others is late, lost or doubled.

Everybody gets the same, in one order, each once, and what the history then shows.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute
from sqlalchemy import insert, update

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.bus import Bus
from parlour.chat.delivery import ChatDelivery
from parlour.chat.facts import ChatFact, MessageDeleted, MessageEdited, MessageStored
from parlour.chat.service import Chat
from parlour.core import utc_now
from parlour.db.database import Database
from parlour.db.migrate import migrate
from parlour.db.tables import chats, rooms, users
from parlour.limits.memory_counts import MemoryRateLimitStorage
from parlour.limits.quotas import Quota
from parlour.rooms.access import PasswordAccess
from parlour.rooms.entities import Room, RoomId
from tests.conftest import Databases, StartServer
from tests.integration.cluster.clusters import two_servers
from tests.integration.signaling.raw import raw_socket
from tests.integration.signaling.town import Town
from tests.people import Person, Visitors
from tests.servers import RedisServer

ANN = ClientIdentity(user_id=UserId(1), email="ann@example.org", username="ann")
NAMES = ("Garden", "Attic")
NODES = 3
FACTS = (MessageStored, MessageEdited, MessageDeleted)


def room(number: int) -> Room:
    return Room(
        room_id=RoomId(number),
        name=NAMES[number - 1],
        description="",
        creator_id=ANN.user_id,
        creator_name=ANN.username,
        created_at=utc_now(),
        access=PasswordAccess(""),
    )


class Node:
    """A node with people in all rooms. Its clock goes `ahead` of the others'."""

    def __init__(self, url: str, ahead: timedelta) -> None:
        self.bus, self.heard, self.has_heard = Bus(), list[ChatFact](), asyncio.Event()
        self.database = Database(url, bus=self.bus)
        self.chat = Chat(
            database=self.database,
            messages=Quota(MemoryRateLimitStorage(), RateLimitItemPerMinute(10**9)),
            clock=lambda: datetime.now(UTC) + ahead,
            is_numbered=True,
        )
        self.delivery = ChatDelivery(
            self.chat, self._hear, is_in_use=lambda _room_id: True, clock=time.monotonic
        )
        for kind in FACTS:
            self.bus.subscribe(kind, self._take)

    def _take(self, fact: object) -> None:
        assert isinstance(fact, MessageStored | MessageEdited | MessageDeleted)
        self.delivery.on_fact(fact)

    def _hear(self, fact: ChatFact) -> None:
        self.heard.append(fact)
        self.has_heard.set()

    async def read_what_is_missing(self) -> None:
        while True:
            pause = await self.delivery.step()
            await asyncio.sleep(pause or 0)


@dataclass
class Network:
    """Carries facts from each node to the others. `loss` and `repetition` are probabilities."""

    nodes: list[Node]
    seed: random.Random
    loss: float = 0.0
    repetition: float = 0.0
    longest: float = 0.0
    lost: int = 0

    def __post_init__(self) -> None:
        for node in self.nodes:
            for kind in FACTS:
                node.bus.subscribe(kind, partial(self._carry, node))

    def _carry(self, sender: Node, fact: object) -> None:
        assert isinstance(fact, MessageStored | MessageEdited | MessageDeleted)
        for node in self.nodes:
            if node is sender:
                continue
            if self.seed.random() < self.loss:
                self.lost += 1
                continue
            for _ in range(2 if self.seed.random() < self.repetition else 1):
                delay = self.seed.random() * self.longest
                asyncio.get_running_loop().call_later(delay, node.delivery.on_fact, fact)


@pytest.fixture
def seed() -> int:
    number = random.SystemRandom().randrange(10**6)
    print(f"seed {number}")  # noqa: T201 - pytest shows it where a test fails
    return number


@pytest.fixture
async def nodes(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[list[Node]]:
    url = await databases.create_migrated(database, tmp_path / "data")
    url = url or f"sqlite:///{tmp_path / 'data' / 'parlour.db'}"
    async with AsyncExitStack() as closing:
        made = []
        for number in range(NODES):
            node = Node(url, timedelta(seconds=5 * number))
            closing.push_async_callback(node.database.close)
            made.append(node)
        await migrate(made[0].database)
        async with made[0].database.transaction() as connection:
            email = ANN.email
            await connection.execute(
                insert(users).values(id=ANN.user_id, email=email, email_key=email, created_at=utc_now())
            )
            for number, name in enumerate(NAMES, start=1):
                await connection.execute(
                    insert(rooms).values(
                        id=number,
                        name=name,
                        name_key=name.lower(),
                        password_hash="x",
                        description="",
                        creator_id=ANN.user_id,
                        creator_name=ANN.username,
                        created_at=utc_now(),
                    )
                )
        yield made


async def history(node: Node, name: str) -> list[tuple[str, str]]:
    """Return the messages of a room, oldest first, page by page: id and text."""
    found: list[tuple[str, str]] = []
    last = None
    while True:
        page = await node.chat.history(ANN, room=name, before=last, limit=50)
        times = [message.sent_at for message in page.messages]
        assert times == sorted(times, reverse=True), "the times have the order of the chat"
        found += [(message.message_id, message.text) for message in page.messages]
        if not page.more:
            return list(reversed(found))
        last = page.messages[-1].message_id


def shown(facts: list[ChatFact], name: str) -> list[tuple[str, str]]:
    """What a client shows that heard of this, and of nothing else."""
    texts: dict[str, str] = {}
    for fact in facts:
        message = fact.message
        if fact.room.name != name:
            continue
        match fact:
            case MessageStored():
                assert message.message_id not in texts, "delivered twice"
                texts[message.message_id] = message.text
            case MessageEdited():
                texts[message.message_id] = message.text
            case MessageDeleted():
                texts.pop(message.message_id, None)
    return list(texts.items())


async def write_much(node: Node, seed: random.Random, writer: str, count: int) -> None:
    own: dict[str, list[str]] = {name: [] for name in NAMES}
    for number in range(count):
        name = seed.choice(NAMES)
        kind = seed.random()
        if own[name] and kind < 0.15:
            await node.chat.edit(ANN, seed.choice(own[name]), room=name, text=f"edited {number}")
        elif own[name] and kind < 0.25:
            await node.chat.delete(ANN, own[name].pop(), room=name)
        else:
            own[name].append(f"{writer}-{number}")
            await node.chat.write(ANN, room=name, text=f"text {number}", message_id=own[name][-1])
        await asyncio.sleep(seed.random() * 0.004)


async def test_all_nodes_deliver_one_order_each_once(nodes: list[Node], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    network = Network(nodes, chance, loss=0.15, repetition=0.15, longest=0.15)
    for node in nodes:
        for number in (1, 2):
            await node.delivery.follow(room(number))
    async with reading(nodes):
        async with asyncio.TaskGroup() as writing:
            for index, node in enumerate(nodes):
                for writer in range(2):
                    writing.create_task(write_much(node, chance, f"{index}{writer}", 40))
        for node in nodes:
            await node.delivery.look()
        wanted = {name: await history(nodes[0], name) for name in NAMES}
        for node in nodes:
            await until(node, lambda facts: all(shown(facts, name) == wanted[name] for name in NAMES))
    assert network.lost > 0
    for node in nodes:
        for name in NAMES:
            numbers = [fact.number or 0 for fact in node.heard if fact.room.name == name]
            assert numbers == sorted(set(numbers))


async def until(node: Node, is_done: Callable[[list[ChatFact]], bool]) -> None:
    """Wait until what a node has delivered is as it should be. Raises TimeoutError."""
    async with asyncio.timeout(30):
        while not is_done(node.heard):
            node.has_heard.clear()
            await node.has_heard.wait()


@asynccontextmanager
async def reading(nodes: list[Node]) -> AsyncIterator[None]:
    """Have the nodes read what is missing, as the supervisor does."""
    tasks = [asyncio.create_task(node.read_what_is_missing()) for node in nodes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def test_whoever_enters_gets_what_is_stored_from_then_on(nodes: list[Node]) -> None:
    one, two, _ = nodes
    await one.chat.write(ANN, room="Garden", text="before", message_id="before")
    await two.delivery.follow(room(1))
    await one.chat.write(ANN, room="Garden", text="lost", message_id="lost")
    later = await one.chat.write(ANN, room="Garden", text="later", message_id="later")
    two.delivery.on_fact(MessageStored(room=room(1), message=later, sent_by=None))
    assert two.heard == []
    async with reading([two]):
        await until(two, lambda facts: len(facts) == 2)
    assert [fact.message.message_id for fact in two.heard] == ["lost", "later"]


async def test_a_database_that_lost_commits_silences_nobody(nodes: list[Node]) -> None:
    """A standby that takes over may lack the latest commits, and count the same numbers once more."""
    one, two, _ = nodes
    await two.delivery.follow(room(1))
    for number in range(1, 6):
        stored = await one.chat.write(ANN, room="Garden", text="lost soon", message_id=str(number))
        two.delivery.on_fact(MessageStored(room=room(1), message=stored, sent_by=None))
    async with one.database.transaction() as connection:
        await connection.execute(update(chats).values(last_number=2))
    await two.delivery.look()
    stored = await one.chat.write(ANN, room="Garden", text="after", message_id="after")
    two.delivery.on_fact(MessageStored(room=room(1), message=stored, sent_by=None))
    assert two.heard[-1].message.message_id == "after"


@pytest.mark.database("postgres")
async def test_two_servers_show_one_order(fresh_server: StartServer, redis: RedisServer) -> None:
    """Two people write at once, each at a server of their own; at both servers others read along."""
    first, second = await two_servers(fresh_server, redis)
    async with Town(first) as town, Visitors(second) as elsewhere, AsyncExitStack() as ending:
        ann, bob = await town.newcomer("ann"), await town.newcomer("bob")
        name = await ann.creates_room()
        bob_there = await elsewhere.same(bob)
        await bob_there.logs_in()
        await bob_there.enters(name)
        readers = []
        for server, person in ((first, ann), (second, bob_there)):
            socket = await ending.enter_async_context(raw_socket(server))
            await socket.identifies(person.token or "")
            assert (await socket.asks(json.dumps(["join", {"room": name}])))["ok"]
            readers.append(socket)
        await readers[0].expects_event("add-peer")
        texts = [f"line {number}" for number in range(20)]

        async def write(person: Person) -> None:
            for text in texts:
                await person.writes(f"{person.username}: {text}", to=name)

        await asyncio.gather(write(ann), write(bob_there))
        shown = [
            [(await reader.expects_event("chat-message"))["message"] for _ in range(2 * len(texts))]
            for reader in readers
        ]
        history = [stored["message"] for stored in await ann.reads(name)]
        assert shown == [history, history]
