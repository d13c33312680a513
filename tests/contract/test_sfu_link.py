"""What calls ask of SFUs (`SfuLink`), answered by a real LiveKit."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest
from livekit.api import TokenVerifier
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from parlour.doctor.findings import Verdict
from parlour.doctor.sfus import SfuCheck
from parlour.sfu.comparison import Comparison
from parlour.sfu.options import API_ADDRESS, KEY, SfuAccess, SfuOptions
from parlour.sfu.server import LiveKit, SfuEnded, find_livekit
from parlour.sfu.sfus import Sfu, Sfus
from parlour.sfu.tokens import SfuTokens
from parlour.sfu.webhooks import WebhookRefused, Webhooks
from parlour.sfu_link import SfuLink, SfuListener, SfuNumber, SfuRights, SfuUnavailable
from parlour.wire.signaling import PeerId
from tests.contract.coordination import eventually
from tests.servers.process import free_port
from tests.servers.turn import MEDIA

WITHIN_SECONDS = 30
SECRET = "a south wind that blows all night long"
ANN, BOB, EVE = PeerId("ann"), PeerId("bob"), PeerId("eve")


class Hook:
    """An HTTP server that gets webhooks."""

    def __init__(self) -> None:
        self.port = free_port()
        self.told: list[tuple[bytes, str]] = []

    def about(self, room: str) -> list[tuple[bytes, str]]:
        return [told for told in self.told if f'"{room}"'.encode() in told[0]]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                [token] = [line[15:] for line in head.split("\r\n") if line.startswith("Authorization: ")]
                body = await reader.readexactly(int(headers["content-length"]))
                self.told.append((body, token))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()


class Running:
    """A LiveKit, which can be ended and started again."""

    def __init__(self, folder: Path, hook: Hook) -> None:
        self.hook = hook
        self.options = SfuOptions(
            secret=SECRET,
            api_port=free_port(),
            udp_port=free_port(),
            tcp_port=free_port(),
            address=None,
            is_local=True,
            webhook_url=f"http://{API_ADDRESS}:{hook.port}/",
        )
        url = f"http://{API_ADDRESS}:{self.options.api_port}"
        self.access = SfuAccess(name="here", url=url, key=KEY, secret=SECRET, is_here=True)
        self._program = LiveKit(find_livekit(MEDIA), self.options, folder)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._program.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, SfuEnded):
                await self._task

    @asynccontextmanager
    async def person(self, token: str) -> AsyncIterator[ClientConnection]:
        """Connect as LiveKit's clients do, up to the answer that one has joined."""
        url = f"ws://{API_ADDRESS}:{self.options.api_port}/rtc?access_token={token}&protocol=16"
        async with connect(url, ping_interval=None) as socket:
            async with asyncio.timeout(WITHIN_SECONDS):
                await socket.recv()
            yield socket


class Calls:
    """Listens, and knows the members of rooms."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.seen: frozenset[str] = frozenset()
        self.rooms: dict[tuple[SfuNumber, str], frozenset[PeerId]] = {}

    def sfu_is_unwell(self, sfu: SfuNumber) -> None:
        self.told.append(f"{sfu:08x} is unwell")

    def sfu_is_well(self, sfu: SfuNumber) -> None:
        self.told.append(f"{sfu:08x} is well")

    def sfu_lost_rooms(self, _sfu: SfuNumber, rooms: Iterable[str]) -> None:
        self.told.append(f"lost: {' '.join(rooms)}")

    def sfu_is_drained(self, sfu: SfuNumber) -> None:
        self.told.append(f"{sfu:08x} is drained")

    def sfu_has_rooms(self, _sfu: SfuNumber, rooms: Iterable[str]) -> None:
        self.seen = frozenset(rooms)

    def sfu_rooms(self) -> list[tuple[SfuNumber, str]]:
        return list(self.rooms)

    def sfu_members(self, sfu: SfuNumber, room: str) -> frozenset[PeerId] | None:
        return self.rooms.get((sfu, room))


class Tried:
    """The link to one LiveKit, with its tasks."""

    def __init__(self, *accesses: SfuAccess) -> None:
        self.sfus = Sfus(accesses, partial(datetime.now, UTC), base_path="/meet")
        self.link: SfuLink = self.sfus
        self.calls = Calls()
        assert isinstance(self.calls, SfuListener)
        self.link.listen(self.calls)
        self.sfu: Sfu = self.sfus.by_number[accesses[0].number]
        self.comparison = Comparison(self.sfus)

    def token(self, room: str, peer_id: PeerId, rights: SfuRights | None = None) -> str:
        return self.link.token_for(self.sfu.number, room, peer_id, rights or SfuRights()).text

    async def until_well(self) -> None:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not self.link.is_well(self.sfu.number):
                if await self.sfus.look(self.sfu) < 1:
                    await asyncio.sleep(0.05)

    async def until_counted(self, room: str) -> None:
        """Look until LiveKit says how many are in a room, which takes it some seconds."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while not (await self.sfu.service.rooms()).get(room):  # noqa: ASYNC110 - it announces nothing
                await asyncio.sleep(0.05)
        await self.sfus.look(self.sfu)


@pytest.fixture(scope="module")
async def livekit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    hook = Hook()
    server = await asyncio.start_server(hook.serve, API_ADDRESS, hook.port)
    running = Running(tmp_path_factory.mktemp("sfu"), hook)
    running.start()
    yield running
    await running.stop()
    server.close()


@pytest.fixture
async def tried(livekit: Running) -> AsyncIterator[Tried]:
    found = Tried(livekit.access)
    await found.until_well()
    yield found
    await found.sfus.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not condition():  # noqa: ASYNC110 - what LiveKit does is announced to nobody
            await asyncio.sleep(0.02)


async def test_one_that_answers_is_well_and_chosen(tried: Tried, livekit: Running) -> None:
    link, number = tried.link, tried.sfu.number
    assert tried.calls.told == [f"{number:08x} is well"]
    assert link.well_ones() == {number}
    assert link.choose() == number
    assert link.choose(besides=frozenset({number})) is None
    assert link.path_of(number) == f"/meet/livekit/{number:08x}"
    assert not link.is_well(SfuNumber(number ^ 1))


async def test_a_room_is_opened_and_let_in_by_token(tried: Tried, livekit: Running) -> None:
    link, number = tried.link, tried.sfu.number
    await link.open_room(number, "7-1")
    await link.open_room(number, "7-1")
    async with livekit.person(tried.token("7-1", ANN)):
        assert await tried.sfu.service.people("7-1") == {ANN}
        with pytest.raises(InvalidStatus):
            async with livekit.person(tried.token("7-2", ANN)):
                raise AssertionError
    assert await tried.sfu.service.people("7-2") == frozenset()
    with pytest.raises(SfuUnavailable):
        await link.open_room(SfuNumber(number ^ 1), "7-1")


async def test_a_server_that_has_just_started_learns_of_rooms_and_people(livekit: Running) -> None:
    before = Tried(livekit.access)
    await before.until_well()
    number = before.sfu.number
    await before.link.open_room(number, "7-9")
    async with livekit.person(before.token("7-9", ANN)):
        after = Tried(livekit.access)
        looking = asyncio.create_task(after.sfus.look(after.sfu))
        await after.link.become_known()
        assert (after.link.are_known, "7-9" in after.calls.seen) == (True, True)
        await looking
        assert await after.link.people(number, "7-9") == {ANN}
    await livekit.stop()
    lost = Tried(livekit.access)
    await lost.sfus.look(lost.sfu)
    assert (lost.link.are_known, lost.calls.seen) == (True, frozenset())
    with pytest.raises(SfuUnavailable):
        await lost.link.people(number, "7-9")
    livekit.start()
    for tried in (before, after, lost):
        await tried.sfus.close()


async def test_livekits_library_reads_our_tokens(tried: Tried) -> None:
    text, expires = tried.token("7-1", ANN), int(time.time()) + 60
    claims = TokenVerifier(KEY, SECRET).verify(text)
    assert (claims.identity, claims.name, claims.metadata) == (ANN, "", "")
    grants = claims.video
    assert grants is not None
    assert (grants.room_join, grants.room) == (True, "7-1")
    assert (grants.can_publish, grants.can_subscribe) == (True, True)
    assert grants.can_publish_sources == ["camera", "microphone", "screen_share", "screen_share_audio"]
    assert (grants.can_publish_data, grants.can_update_own_metadata) == (True, False)
    assert not (grants.room_admin or grants.room_create or grants.hidden or grants.recorder or grants.agent)
    assert abs(tried.link.token_for(tried.sfu.number, "7-1", ANN, SfuRights()).expires - expires) <= 1
    watcher = SfuRights(publishes=False, sends_data=False)
    grants = TokenVerifier(KEY, SECRET).verify(tried.token("7-1", ANN, watcher)).video
    assert grants is not None
    assert (grants.can_publish, grants.can_publish_data, grants.can_subscribe) == (False, False, True)


async def has_people(tried: Tried, room: str, *people: PeerId) -> bool:
    """Return True if these are in a room: LiveKit ends a connection before it forgets its person."""
    return await tried.sfu.service.people(room) == set(people)


async def is_closed(tried: Tried, room: str) -> bool:
    return room not in await tried.sfu.service.rooms()


async def test_who_is_removed_is_disconnected(tried: Tried, livekit: Running) -> None:
    link, number = tried.link, tried.sfu.number
    await link.open_room(number, "7-3")
    carrying_out = asyncio.create_task(carry_out(tried))
    async with livekit.person(tried.token("7-3", ANN)) as ann, livekit.person(tried.token("7-3", BOB)) as bob:
        link.remove(number, "7-3", EVE)  # is not there
        link.remove(number, "no such room", EVE)
        link.remove(number, "7-3", ANN)
        await ended(ann)
        await eventually(partial(has_people, tried, "7-3", BOB))
        link.close_room(number, "7-3")
        await ended(bob)
    await eventually(partial(is_closed, tried, "7-3"))
    link.close_room(number, "7-3")
    await until(lambda: not len(tried.sfu.removals))
    carrying_out.cancel()


async def test_who_is_no_member_is_found_by_comparison(tried: Tried, livekit: Running) -> None:
    number = tried.sfu.number
    for room in ("7-4", "7-5"):
        await tried.link.open_room(number, room)
    tried.calls.rooms[number, "7-4"] = frozenset({ANN, BOB})
    async with (
        livekit.person(tried.token("7-4", ANN)),
        livekit.person(tried.token("7-4", EVE)) as eve,
        livekit.person(tried.token("7-5", EVE)),  # of this room, this node knows nothing
    ):
        tried.comparison.compare_soon("7-5")
        await tried.comparison.follow_hints()
        assert not len(tried.sfu.removals)
        tried.comparison.compare_soon("7-4")
        await tried.comparison.follow_hints()
        assert len(tried.sfu.removals) == 1
        carrying_out = asyncio.create_task(carry_out(tried))
        await ended(eve)
        carrying_out.cancel()
        await eventually(partial(has_people, tried, "7-4", ANN))
        await tried.comparison.compare_all()
        assert not len(tried.sfu.removals)
        assert await tried.sfu.service.people("7-5") == {EVE}


async def test_webhooks_are_believed_once_and_from_livekit_alone(tried: Tried, livekit: Running) -> None:
    webhooks, now = Webhooks([tried.sfu.tokens]), time.time()
    await tried.link.open_room(tried.sfu.number, "7-6")
    await until(lambda: livekit.hook.about("7-6"))
    body, token = livekit.hook.about("7-6")[0]
    others = Webhooks([SfuTokens(KEY, SECRET + "!"), SfuTokens("another key", SECRET)])
    for refusing, altered, signed, at in (
        (others, body, token, now),
        (webhooks, body + b" ", token, now),
        (webhooks, body, tried.token("7-6", ANN), now),
        (webhooks, body, token + "x", now),
        (webhooks, body, "", now),
        (webhooks, body, token, now + 3600),
    ):
        with pytest.raises(WebhookRefused):
            refusing.room_of(altered, signed, at)
    assert webhooks.room_of(body, token, now) == "7-6"
    with pytest.raises(WebhookRefused):
        webhooks.room_of(body, token, now)
    assert Webhooks([tried.sfu.tokens]).room_of(body, token, now) == "7-6"


@pytest.mark.parametrize("are_counted", [True, False])
async def test_one_that_ends_is_unwell_and_has_lost_its_rooms(
    tried: Tried, livekit: Running, are_counted: bool
) -> None:
    number, told = tried.sfu.number, tried.calls.told
    unwell, well = f"{number:08x} is unwell", f"{number:08x} is well"
    await tried.link.open_room(number, "7-7")
    tried.calls.rooms[number, "7-7"] = frozenset({ANN})
    async with livekit.person(tried.token("7-7", ANN)):
        if are_counted:
            await tried.until_counted("7-7")
        await livekit.stop()
        livekit.start()
    other = Tried(livekit.access)  # waits until it is back, before this node has looked
    await other.until_well()
    await other.sfus.close()
    await tried.sfus.look(tried.sfu)
    assert told == [well, "lost: 7-7"]
    await livekit.stop()
    for failures in range(4):
        assert tried.link.is_well(number) == (failures < 3)
        await tried.sfus.look(tried.sfu)
    assert told[2:] == [unwell]
    assert tried.link.choose() is None
    with pytest.raises(SfuUnavailable):
        await tried.link.open_room(number, "7-7")
    livekit.start()
    await tried.until_well()
    assert told[3:] == [well]


async def test_one_that_is_drained_is_left_until_it_is_undrained_or_started_again(
    tried: Tried, livekit: Running
) -> None:
    number, told, link = tried.sfu.number, tried.calls.told, tried.link
    drained, well = f"{number:08x} is drained", f"{number:08x} is well"
    for _ in range(2):  # again is harmless
        await tried.sfu.service.drain()
        await tried.sfus.look(tried.sfu)
    assert told == [well, drained]
    assert link.drained_ones() == {number}
    assert (link.choose(), link.is_well(number)) == (None, True)
    assert not [room for room in tried.calls.seen if "drained" in room]
    await link.open_room(number, "7-8")
    async with livekit.person(tried.token("7-8", ANN)):  # whose call has nowhere else to go
        assert await link.people(number, "7-8") == {ANN}
    for _ in range(2):
        await tried.sfu.service.undrain()
        await tried.sfus.look(tried.sfu)
    assert told == [well, drained, well]
    assert (link.choose(), link.drained_ones()) == (number, frozenset())
    await tried.sfu.service.drain()
    await tried.sfus.look(tried.sfu)
    await livekit.stop()
    for _ in range(3):
        await tried.sfus.look(tried.sfu)
    assert not link.drained_ones()
    livekit.start()
    await tried.until_well()
    assert told[3:] == [drained, f"{number:08x} is unwell", well]
    assert link.choose() == number


async def test_one_whose_secret_is_another_is_never_well(tried: Tried, livekit: Running) -> None:
    url = livekit.access.url
    wrong = Tried(SfuAccess(name=url, url=url, key=KEY, secret=SECRET + "!"))
    await wrong.sfus.look(wrong.sfu)
    assert not wrong.link.well_ones()
    with pytest.raises(SfuUnavailable, match=f"{HTTPStatus.UNAUTHORIZED}"):
        await wrong.link.open_room(wrong.sfu.number, "7-9")
    await wrong.sfus.close()


async def test_doctor_tries_each(livekit: Running) -> None:
    gone = f"http://{API_ADDRESS}:{free_port()}"
    accesses = [
        livekit.access,
        SfuAccess(name="wrong", url=livekit.access.url, key=KEY, secret=SECRET + "!"),
        SfuAccess(name="gone", url=gone, key=KEY, secret=SECRET),
    ]
    well, wrong, silent = await SfuCheck(accesses).run()
    assert well.verdict is Verdict.OK
    assert well.says == f"{livekit.access.url} answers, opens rooms and lets people in."
    assert wrong.verdict is Verdict.FAILED
    assert wrong.says.startswith(f"{livekit.access.url} refuses Parlour's key (401 ")
    assert "PARLOUR_LIVEKIT_SECRET" in wrong.todo
    assert (silent.verdict, silent.says.startswith(f"{gone} does not answer (")) == (Verdict.FAILED, True)
    assert await SfuCheck([]).run() == []


async def carry_out(tried: Tried) -> None:
    while True:
        await tried.sfu.removals.carry_out()


async def ended(socket: ClientConnection) -> None:
    """Read until LiveKit closes the connection."""
    async with asyncio.timeout(WITHIN_SECONDS):
        async for _ in socket:
            pass
