"""People at browsers on hosts of their own, whose lines can be made narrow and lossy."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import ViewportSize, expect

from bench.mesh import watch
from bench.mesh.fake_media import Camera, microphone_flags
from bench.mesh.figures import Look, Resize, Scene, Used, limited_by_cpu, received, upload
from tests.e2e.media import keep_connections
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.network import Host, Network

ENTER_MS = 120_000
"""Eight browsers that start on two cores take their time."""
WINDOW = ViewportSize(width=1280, height=800)
SMALL_WINDOW = ViewportSize(width=800, height=500)
"""The windows of people whose cameras are small, since the machine is: to draw without a GPU costs too."""
LARGE_CAMERA = 720
SIZES = (
    ViewportSize(width=640, height=480),
    ViewportSize(width=320, height=300),
    ViewportSize(width=640, height=480),
)
"""The windows that one person gets in turn, before the one that they had."""
FOLLOWED_WITHIN = 10.0
LATENCY = 0.01
"""Seconds at each end of a line: a round trip takes 40 ms."""
_LEAVE_ALONE = """
  RTCRtpSender.prototype.setParameters = async () => {};
  RTCRtpTransceiver.prototype.setCodecPreferences = () => {};
"""


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at a browser on a host of their own."""

    participant: Participant
    host: Host

    async def cost(self) -> tuple[float, float]:
        """Return the CPU seconds of the browser's processes until now, and the megabytes that they occupy."""
        costs = [_cost_of(pid) for pid in await self.host.processes()]
        return sum(seconds for seconds, _ in costs), sum(megabytes for _, megabytes in costs)


def _cost_of(pid: int) -> tuple[float, float]:
    """Return CPU seconds and megabytes; what processes share is counted once (PSS of proc_pid_smaps(5))."""
    with suppress(OSError):  # it has ended
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        user, system = stat.rpartition(")")[2].split()[11:13]
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        occupied = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK"), int(occupied.split()[1]) / 1024
    return 0.0, 0.0


class Call:
    """A call whose people sit behind lines of their own."""

    def __init__(self, seats: list[Seat], camera: Camera, *, is_fixed: bool) -> None:
        self._seats = seats
        self._camera = camera
        self._window = window_for(camera)
        self._is_fixed = is_fixed

    async def measure(self, *, line: float | None, loss: float, settle: float, seconds: float) -> Scene:
        """Make all lines so narrow and lossy, wait `settle` seconds, then measure for `seconds`.

        `loss` is that of the whole way: each end loses the same part of it.
        """
        await self._looks()
        for seat in self._seats:
            seat.host.link.upload, seat.host.link.loss = line, 1 - (1 - loss) ** 0.5
        await asyncio.sleep(settle)
        changing = await self._looks()
        loop = asyncio.get_running_loop()
        began = loop.time()
        costs = [await seat.cost() for seat in self._seats]
        await asyncio.sleep(seconds)
        looks = await self._looks()
        took = loop.time() - began
        used = []
        for place, seat in enumerate(self._seats):
            cpu, megabytes = await seat.cost()
            used.append(
                Used(
                    upload=upload(looks[place]),
                    cores=(cpu - costs[place][0]) / took,
                    megabytes=megabytes,
                    limited_by_cpu=limited_by_cpu(looks[place][-1]),
                )
            )
        return Scene(
            people=len(self._seats),
            camera=self._camera.title,
            upload=line,
            loss=loss,
            received=[one for each in looks for one in received(each)],
            used=used,
            seconds=took,
            breaks_before=sum(one.breaks for each in changing for one in received(each)),
            is_fixed=self._is_fixed,
        )

    async def resizes(self) -> list[Resize]:
        """Give one person's window other sizes, and measure how soon the pictures that come follow."""
        page = self._seats[0].participant.page
        found = []
        for size in (*SIZES, self._window):
            followers = await watch.resize(page, size, captured=self._camera.height, within=FOLLOWED_WITHIN)
            title = f"{size['width']} × {size['height']}"
            found.append(Resize(len(self._seats), self._camera.title, title, followers))
        return found

    async def _looks(self) -> Sequence[list[Look]]:
        return await asyncio.gather(*(watch.take(seat.participant.page) for seat in self._seats))


def window_for(camera: Camera) -> ViewportSize:
    return WINDOW if camera.height >= LARGE_CAMERA else SMALL_WINDOW


@asynccontextmanager
async def call_of(count: int, folder: Path, camera: Camera, *, is_fixed: bool = False) -> AsyncIterator[Call]:
    """Start a server, a network and so many browsers, and have everybody enter one room."""
    expect.set_options(timeout=ENTER_MS)
    async with AsyncExitStack() as ending:
        network = await ending.enter_async_context(Network(folder))
        server = await ending.enter_async_context(
            ParlourServer(folder, settings={"PARLOUR_ALLOW_INSECURE": "true"}, host="0.0.0.0")  # noqa: S104
        )
        url = f"http://{network.address}:{httpx.URL(server.address).port}"
        server.settings["PARLOUR_ALLOWED_ORIGINS"] = url
        await server.restart()
        visitors = await ending.enter_async_context(Visitors(server))
        accounts = [await visitors.client(f"p{number}") for number in range(count)]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        seats = []
        for place, account in enumerate(accounts):
            host = await network.host()
            host.link.delay = LATENCY
            voice = microphone_flags(folder, place=place, people=count)
            flags = (f"--unsafely-treat-insecure-origin-as-secure={url}", *camera.flags(folder), *voice)
            browser = await ending.enter_async_context(chromium(host.program(CHROMIUM), *flags))
            people = People(browser)
            ending.push_async_callback(people.leave)
            page = await people(account.username or "", at=url, viewport=window_for(camera))
            page.set_default_timeout(ENTER_MS)
            await keep_connections(page)
            if is_fixed:
                await page.add_init_script(_LEAVE_ALONE)
            seats.append(Seat(Participant(page, account), host))
            await seats[-1].participant.comes_to(room)
            await seats[-1].participant.enters()
        for seat in seats:
            await expect(seat.participant.stage.get_by_role("group")).to_have_count(count)
            await watch.begin(seat.participant.page)
        yield Call(seats, camera, is_fixed=is_fixed)
