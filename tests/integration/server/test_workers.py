"""Several processes on one port: long polling, a worker that dies, all replaced one after another."""

import asyncio
import json
import os
import re
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import permutations
from pathlib import Path

import pytest

from tests.conftest import Databases
from tests.integration.command.test_wrong_settings import assert_one_sentence
from tests.integration.signaling.inbox import PATIENCE_SECONDS
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.resuming_client import candidate
from tests.integration.signaling.returning_client import ReturningClient
from tests.people import Person, Visitors
from tests.servers import ParlourServer, RedisServer
from tests.servers.command import run_parlour
from tests.servers.process import until_gone

COUNT = 3
LOOK_SECONDS = 1.0
"""A worker that is silent for four of these hangs. It gives a sign each second."""
NOBODY = 9
"""The port of nobody here (discard)."""
SESSIONS = 40
FEWEST = 3
"""Of 40 sessions that the kernel spreads over 3 workers, a worker has fewer once in ten million runs."""
UNKNOWN_SID = {"code": 1, "message": "Session ID unknown"}
STARTED = re.compile(r'"worker": (\d+), "pid": (\d+), "event": "worker.started"')
TRANSPORTS = (["polling"], ["polling"], ["polling", "websocket"])
POLLING, ASK_SECONDS = 6, 0.02
PAUSE_SECONDS, AGAIN_SECONDS = 0.1, 2.0
PATH = "/socket.io/?EIO=4&transport=polling"
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
IN_A_ROW = 12
"""So many are at one of 3 workers by chance once in 180,000 times."""
ROOMS = [sha256(f"room {number}".encode()).hexdigest()[:8] for number in range(6)]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Connection:
    """A connection that is kept alive, such as that of a proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def asks(self, path: str, body: str | None = None, *headers: str) -> Answer:
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: localhost", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*lines, "", body or ""]).encode())
        async with asyncio.timeout(60):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = re.search(r"content-length: (\d+)", head)
            content = await self.reader.readexactly(int(length[1])) if length else b""
        return Answer(int(head.split()[1]), content)


@asynccontextmanager
async def connected(server: ParlourServer) -> AsyncIterator[Connection]:
    port = int(server.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def asked(server: ParlourServer, path: str, body: str | None = None) -> Answer:
    """Ask by a connection of its own, which comes to any worker."""
    async with connected(server) as connection:
        return await connection.asks(path, body)


def opened(answer: Answer) -> str:
    assert answer.status == 200, answer
    sid: str = json.loads(answer.body[1:])["sid"]
    return sid


def with_workers(folder: Path) -> Path:
    """Return the command with `--workers`, whose parent looks after them more often than usual."""
    program = folder / "parlour"
    program.write_text(
        f"#!{sys.executable} -P\n"
        "import sys\n"
        "import parlour.workers\n"
        "from parlour.__main__ import main\n"
        f"parlour.workers.LOOK_SECONDS = {LOOK_SECONDS}\n"
        f"sys.argv += ['--workers', '{COUNT}']\n"
        "main()\n"
    )
    program.chmod(0o755)
    return program


@pytest.fixture
async def machine(databases: Databases, tmp_path: Path) -> AsyncIterator[ParlourServer]:
    database = await databases.create_migrated("postgres", tmp_path / "data")
    async with RedisServer() as redis:
        settings = {"PARLOUR_REDIS_URL": redis.url}
        async with ParlourServer(tmp_path, database, settings, program=with_workers(tmp_path)) as server:
            yield server


def pids(server: ParlourServer) -> dict[int, int]:
    """Return the newest process of each worker."""
    return {int(number): int(pid) for number, pid in STARTED.findall(server.log.read_text())}


async def test_workers(machine: ParlourServer) -> None:
    await polling_needs_no_balancer(machine)
    homes = await people_of_a_room_are_together(machine)
    async with Visitors(machine) as visitors, Nodes() as javascript:
        call = await Call.begun(machine, visitors, javascript)
        await a_dead_worker_comes_back(machine, call, homes)
        await a_worker_that_hangs_is_replaced(machine, call)
        await one_is_replaced_after_another(machine, call, await visitors.client("dora"))
        await call.ends()
    assert await nodes(machine) == sorted(pids(machine).values())
    before = pids(machine)
    await machine.kill()
    for pid in before.values():
        await until_gone(pid)


async def nodes(server: ParlourServer) -> list[int]:
    """Return the processes that are nodes, by `parlour nodes`."""
    said = await run_parlour("nodes", "--json", folder=server.folder, settings=server.settings)
    return sorted(node["pid"] for node in json.loads(said.out))


async def polling_needs_no_balancer(server: ParlourServer) -> None:
    sids = [opened(await asked(server, PATH)) for _ in range(SESSIONS)]
    spread = Counter(sid.partition(".")[0] for sid in sids)
    assert set(spread) == {str(number) for number in range(COUNT)}, spread
    assert min(spread.values()) >= FEWEST, spread
    for number, sid in enumerate(sids):
        token = "x" * (60_000 if number % 4 == 0 else 10)
        assert (await asked(server, f"{PATH}&sid={sid}", f'40{{"token":"{token}"}}')).body == b"ok"
        assert (await asked(server, f"{PATH}&sid={sid}")).status == 200
    async with connected(server) as proxy:
        for sid in sids[::3]:
            assert (await proxy.asks("/healthz")).status == 200
            assert (await proxy.asks(f"{PATH}&sid={sid}", "3")).body == b"ok"
    for sid in sids[1::5]:
        async with connected(server) as socket:
            path = f"/socket.io/?EIO=4&transport=websocket&sid={sid}"
            assert (await socket.asks(path, None, *UPGRADE)).status == 101
            socket.writer.write(b"\x81\x86\0\0\0\0002probe")
            assert await socket.reader.readexactly(8) == b"\x81\x063probe"


async def people_of_a_room_are_together(server: ParlourServer) -> dict[str, int]:
    """Whoever names a room by its hash comes to its worker, by either transport; return the workers."""
    homes = {room: await the_worker_of(server, room) for room in ROOMS}
    assert len(set(homes.values())) > 1, "the rooms are spread"
    sid = opened(await asked(server, f"{PATH}&room={ROOMS[0]}"))
    assert (await asked(server, f"{PATH}&room={ROOMS[0]}&sid={sid}", "3")).body == b"ok"
    async with connected(server) as proxy:
        for room in ROOMS:
            assert (await proxy.asks("/healthz")).status == 200
            assert worker_of(opened(await proxy.asks(f"{PATH}&room={room}"))) == homes[room]
    for wrong in ("the%20den", ROOMS[0] * 2, ROOMS[0].upper(), "", "0" * 8000):
        assert (await asked(server, f"{PATH}&room={wrong}")).status in {200, 431}
    for room in ("", "&room=the%20den"):
        spread = {worker_of(opened(await asked(server, f"{PATH}{room}"))) for _ in range(SESSIONS)}
        assert len(spread) == COUNT, "without a hash they are spread as ever"
    return homes


async def the_worker_of(server: ParlourServer, room: str) -> int:
    """Open sessions for a room until some in a row are at one worker; return that.

    It takes more where a worker isn't known to be well: on a busy machine, or while another one dies.
    """
    found: list[int] = []
    async with asyncio.timeout(60):
        while len(found) < IN_A_ROW or len(set(found[-IN_A_ROW:])) > 1:
            by_websocket = len(found) % 2 == 0
            found.append(await (by_web_socket(server, room) if by_websocket else by_polling(server, room)))
    return found[-1]


async def by_polling(server: ParlourServer, room: str) -> int:
    return worker_of(opened(await asked(server, f"{PATH}&room={room}")))


async def by_web_socket(server: ParlourServer, room: str) -> int:
    async with connected(server) as socket:
        path = f"/socket.io/?room={room}&EIO=4&transport=websocket"
        assert (await socket.asks(path, None, *UPGRADE)).status == 101
        _, length = await socket.reader.readexactly(2)
        packet = await socket.reader.readexactly(length)
        return worker_of(json.loads(packet[1:])["sid"])


def worker_of(sid: str) -> int:
    """Return the number of the worker; one that has replaced another has inboxes COUNT later, or earlier."""
    return int(sid.partition(".")[0]) % COUNT


class Call:
    """People who are at different workers, and tell each other numbers all the time."""

    def __init__(self, members: Sequence[ReturningClient]) -> None:
        self.members = members
        self._pairs = list(permutations(members, 2))
        self._number = 0

    @classmethod
    async def begun(cls, server: ParlourServer, visitors: Visitors, nodes: Nodes) -> "Call":
        ann = await visitors.client("ann")
        room = await ann.creates_room()
        people = [ann, await visitors.client("bob"), await visitors.client("cid")]
        for person in people[1:]:
            await ann.invites(person, to=room)
        await nodes.start("js")
        members: list[ReturningClient] = []
        for number, (person, transports) in enumerate(zip(people, TRANSPORTS, strict=True)):
            member = await connected_to(number, server, nodes, person, transports)
            await member.enters(room)
            members.append(member)
        call = cls(members)
        for one, other in call._pairs:
            await one.has_met(other)
        return call

    async def goes_on(self, until: asyncio.Task[None], *, dies: int | None = None) -> None:
        """Talk until a task is done, and then prove that nothing was lost or came twice, and that nobody was
        missed. `dies` is a worker that does, so that what is under way to and from people there is lost.
        """
        losers = [member for member in self.members if member.worker == dies]
        told: dict[tuple[ReturningClient, ReturningClient], list[str]] = defaultdict(list)
        peer_ids = [member.peer_id for member in self.members]
        for member in self.members:
            member.heard.clear()
            member.returns.clear()
        while not until.done():
            await self._tell(told)
            await asyncio.wait({until}, timeout=PAUSE_SECONDS)
        await until
        for loser in losers:
            await loser.has_returned()
        for pair in self._pairs:
            if any(member in losers for member in pair):
                await self._renegotiates(pair, told)
        if not losers:
            await self._tell(told)
        for sender, receiver in self._pairs:
            await receiver.has_heard(sender, told[sender, receiver])
        assert [member.peer_id for member in self.members] == peer_ids
        assert all(answer["resumed"] for member in self.members for answer in member.returns)

    async def _tell(self, told: dict[tuple[ReturningClient, ReturningClient], list[str]]) -> None:
        self._number += 1
        for sender, receiver in self._pairs:
            await sender.says(receiver, str(self._number))
            told[sender, receiver].append(str(self._number))

    async def _renegotiates(
        self,
        pair: tuple[ReturningClient, ReturningClient],
        told: dict[tuple[ReturningClient, ReturningClient], list[str]],
    ) -> None:
        """Say something until it is heard, as clients do with an offer: the sender's node may learn a moment
        later than the receiver that this one is back, and refuses until then.
        """
        sender, receiver = pair
        heard = receiver.heard[sender.peer_id]
        text = ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not heard or heard[-1] != candidate(text)["candidate"]:
                self._number += 1
                text = str(self._number)
                await sender.says(receiver, text)
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_SECONDS):
                        await receiver.until(has_heard(heard, text))
        told[pair] = [text]
        del heard[:-1]

    async def ends(self) -> None:
        for member in self.members:
            await member.close()


def has_heard(heard: list[str], text: str) -> Callable[[], bool]:
    return lambda: bool(heard) and heard[-1] == candidate(text)["candidate"]


async def connected_to(
    worker: int, server: ParlourServer, nodes: Nodes, person: Person, transports: Sequence[str]
) -> ReturningClient:
    """Connect, again and again until it is to the right worker."""
    options = {
        "auth": {"token": person.token},
        "transports": transports,
        "reconnectionDelay": 20,
        "reconnectionDelayMax": 200,
    }
    while True:
        name = person.username or ""
        client = nodes["js"].open_as(ReturningClient, server.url, name=name, person=person, options=options)
        if await client.is_connected() == worker:
            return client
        await client.close()


async def a_dead_worker_comes_back(server: ParlourServer, call: Call, homes: dict[str, int]) -> None:
    """Its rooms go to others while it is away: whoever comes is answered."""
    room, number = next(iter(homes.items()))
    sid = opened(await asked(server, f"{PATH}&room={room}"))
    assert worker_of(sid) == number
    server.mark_log()
    before = pids(server)[number]

    async def dies() -> None:
        os.kill(before, signal.SIGKILL)
        await server.expect_log("worker.ended")
        assert await by_polling(server, room) in range(COUNT)

    await call.goes_on(asyncio.create_task(dies()), dies=number)
    answer = await asked(server, f"{PATH}&sid={sid}")
    assert (answer.status, json.loads(answer.body)) == (400, UNKNOWN_SID)
    assert pids(server)[number] != before
    async with asyncio.timeout(60):
        while await the_worker_of(server, room) != number:
            pass
    assert {room: await the_worker_of(server, room) for room in homes} == homes


async def a_worker_that_hangs_is_replaced(server: ParlourServer, call: Call) -> None:
    server.mark_log()
    number = call.members[0].worker
    hanging = pids(server)[number]

    async def hangs() -> None:
        os.kill(hanging, signal.SIGSTOP)
        await server.expect_log("worker.hangs")
        await server.expect_log("worker.started")

    await call.goes_on(asyncio.create_task(hangs()), dies=number)
    assert pids(server)[number] != hanging
    async with asyncio.TaskGroup() as asking:
        answers = [asking.create_task(asked(server, "/healthz")) for _ in range(SESSIONS)]
    assert {answer.result().status for answer in answers} == {200}


async def one_is_replaced_after_another(server: ParlourServer, call: Call, dora: Person) -> None:
    """Who asks all the time is always answered, by connections that are new and by one that was idle. Who
    polls, by a new connection each time, hears of the restart and of the end from the worker that ends. One
    that has gone without a word is waited for, longer than a worker may be silent.
    """
    await goes_without_a_word(server, dora)
    before = pids(server)
    server.mark_log()
    over = asyncio.Event()

    async def ask_on() -> int:
        count = 0
        while not over.is_set():
            assert (await asked(server, "/healthz")).status == 200
            count += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await over.wait()
        return count

    async def replaced() -> None:
        os.kill(server.pid, signal.SIGHUP)
        for number in range(COUNT):
            await server.expect_log(f'"node.drained", "worker": {number}')
        await server.expect_log("workers.replaced")

    async with connected(server) as idle, asyncio.TaskGroup() as asking:
        assert (await idle.asks("/healthz")).status == 200
        tasks = [asking.create_task(ask_on()) for _ in range(2)]
        polling = [asking.create_task(polls_to_the_end(server, dora)) for _ in range(POLLING)]
        await call.goes_on(asyncio.create_task(replaced()))
        over.set()
        await asyncio.wait([*tasks, *polling])
        assert (await idle.asks("/healthz")).status == 200
    assert all(member.returns for member in call.members), "everyone had to come back"
    assert all("restarting" in one.result() for one in polling)
    after = pids(server)
    assert set(before) == set(after) == set(range(COUNT))
    assert not set(before.values()) & set(after.values())
    log = server.log_since_mark()
    assert "worker.ended" not in log, "none ended by itself"
    assert "worker.hangs" not in log
    assert "worker.killed" not in log


async def goes_without_a_word(server: ParlourServer, person: Person) -> None:
    """Begin a visit that can be resumed, and poll no more."""
    room = await person.creates_room()
    address = f"{PATH}&sid={opened(await asked(server, PATH))}"
    join = json.dumps(["join", {"room": room, "resumable": True}])
    for says, answered in ((f'40{{"token":"{person.token}"}}', "40{"), (f"420{join}", "430[{")):
        assert (await asked(server, address, says)).body == b"ok"
        heard = ""
        while answered not in heard:
            answer = await asked(server, address)
            assert answer.status == 200, answer
            heard += answer.body.decode()


async def polls_to_the_end(server: ParlourServer, person: Person) -> str:
    """Poll until the session is over (`1`, a packet CLOSE), and return all that came."""
    address = f"{PATH}&sid={opened(await asked(server, PATH))}"
    assert (await asked(server, address, f'40{{"token":"{person.token}"}}')).body == b"ok"
    packets: list[str] = []
    while "1" not in packets:
        answer = await asked(server, address)
        assert answer.status == 200, f"{answer} after {packets}"
        came = answer.body.decode().split("\x1e")
        packets += came
        if "2" in came:
            assert (await asked(server, address, "3")).body == b"ok"
    return "".join(packets)


async def test_a_worker_says_why_it_cannot_start(tmp_path: Path) -> None:
    """One of them is started first, so the sentence comes once."""
    away = {
        "PARLOUR_REDIS_URL": f"redis://127.0.0.1:{NOBODY}",
        "PARLOUR_DATABASE_URL": f"postgresql://127.0.0.1:{NOBODY}/parlour",
    }
    refused = await run_parlour(
        "serve", "--port", "0", folder=tmp_path, settings=away, program=with_workers(tmp_path)
    )
    (sentence,) = [line for line in refused.err.splitlines() if not line.startswith("{")]
    assert "the database does not answer" in sentence
    assert (refused.code, refused.out) == (2, "")


async def test_without_redis_they_are_refused(tmp_path: Path) -> None:
    refused = await run_parlour("serve", "--workers", "2", folder=tmp_path)
    assert_one_sentence(refused, "PARLOUR_REDIS_URL", "leave --workers out")
