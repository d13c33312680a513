"""People at browsers on hosts of their own, whose lines can be made narrow and lossy."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import expect

from bench.mesh.figures import Received, Scene, Streams, Used, received, upload
from tests.e2e.media import keep_connections
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.network import Host, Network

ENTER_MS = 120_000
"""Eight browsers that start on two cores take their time."""
_FAKE_CAMERA = "--use-fake-device-for-media-stream=fps=30"
_LEAVE_PARAMETERS = "RTCRtpSender.prototype.setParameters = async () => {};"
_STREAMS = """
  async () => {
    const found = {};
    for (const [index, connection] of window.connections.entries()) {
      if (connection.connectionState !== "connected") continue;
      for (const stats of (await connection.getStats()).values()) {
        if (!["inbound-rtp", "outbound-rtp"].includes(stats.type)) continue;
        found[`${index} ${stats.type} ${stats.ssrc}`] = stats;
      }
    }
    return found;
  }
"""


@dataclass(frozen=True, slots=True)
class Seat:
    participant: Participant
    host: Host

    async def streams(self) -> Streams:
        found: Streams = await self.participant.page.evaluate(_STREAMS)
        return found

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

    def __init__(self, seats: list[Seat], *, is_fixed: bool) -> None:
        self.seats = seats
        self._is_fixed = is_fixed

    async def measure(self, *, line: float | None, loss: float, settle: float, seconds: float) -> Scene:
        """Make all lines so narrow and lossy, wait `settle` seconds, then measure for `seconds`."""
        for seat in self.seats:
            seat.host.link.upload, seat.host.link.loss = line, loss
        await asyncio.sleep(settle)
        loop = asyncio.get_running_loop()
        began = loop.time()
        costs = [await seat.cost() for seat in self.seats]
        before = await asyncio.gather(*(seat.streams() for seat in self.seats))
        await asyncio.sleep(seconds)
        after = await asyncio.gather(*(seat.streams() for seat in self.seats))
        took = loop.time() - began
        found: list[Received] = []
        used: list[Used] = []
        for place, seat in enumerate(self.seats):
            found += received(before[place], after[place], took)
            cpu, megabytes = await seat.cost()
            sent = upload(before[place], after[place], took)
            used.append(Used(upload=sent, cores=(cpu - costs[place][0]) / took, megabytes=megabytes))
        return Scene(
            people=len(self.seats),
            upload=line,
            loss=loss,
            received=found,
            used=used,
            is_fixed=self._is_fixed,
        )


@asynccontextmanager
async def call_of(count: int, folder: Path, *, is_fixed: bool = False) -> AsyncIterator[Call]:
    """Start a server, a network and so many browsers, and have everybody enter one room."""
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
        for account in accounts:
            host = await network.host()
            flags = (f"--unsafely-treat-insecure-origin-as-secure={url}", _FAKE_CAMERA)
            browser = await ending.enter_async_context(chromium(host.program(CHROMIUM), *flags))
            people = People(browser)
            ending.push_async_callback(people.leave)
            page = await people(account.username or "", at=url, viewport={"width": 1280, "height": 800})
            page.set_default_timeout(ENTER_MS)
            await keep_connections(page)
            if is_fixed:
                await page.add_init_script(_LEAVE_PARAMETERS)
            seats.append(Seat(Participant(page, account), host))
            await seats[-1].participant.comes_to(room)
            await seats[-1].participant.enters()
        for seat in seats:
            await expect(seat.participant.stage.get_by_role("group")).to_have_count(count, timeout=ENTER_MS)
        yield Call(seats, is_fixed=is_fixed)
