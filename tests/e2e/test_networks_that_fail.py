"""People on hosts of their own, and a network between them that fails: the call heals, without a reload."""

import asyncio
import time
from collections.abc import Callable, Coroutine

import pytest
from playwright.async_api import WebSocket, expect

from tests.e2e.frames import FrameWatch
from tests.e2e.seats import Seat, see_each_other
from tests.servers.network import Network

pytestmark = pytest.mark.database("sqlite")

CUT_SECONDS = 20
OFFLINE_SECONDS = 15
_NOTE_WHETHER_ONLINE = """
  () => {
    const heard = (event) => new Promise((done) => addEventListener(event, () => done(), { once: true }));
    window.heard = { offline: heard("offline"), online: heard("online") };
  }
"""
# Words may be there for less time than lies between two looks from outside.
_NOTE_WHAT_IS_SAID = """
  () => {
    window.said = [];
    window.listening?.disconnect();
    const look = () => {
      for (const status of document.querySelectorAll("main [role=group] [role=status]")) {
        const name = status.closest("[role=group]").getAttribute("aria-label");
        if (status.textContent) window.said.push(`${name}: ${status.textContent}`);
      }
      window.said = [...new Set(window.said)];
    };
    const all = { subtree: true, childList: true, characterData: true };
    window.listening = new MutationObserver(look);
    window.listening.observe(document.body, all);
  }
"""

Record = Callable[[str, object], None]


class Fault:
    """Measures for how long pictures stand still because of one fault, the worse of the two directions."""

    def __init__(self, ann: Seat, bob: Seat, name: str) -> None:
        self._seats = ann, bob
        self._name = name
        self._watches = [
            FrameWatch(here.participant, there.participant.name) for here, there in ((ann, bob), (bob, ann))
        ]

    async def begin(self) -> None:
        for watch, seat in zip(self._watches, self._seats, strict=True):
            await watch.begin()
            await seat.participant.page.evaluate(_NOTE_WHAT_IS_SAID)

    async def heals(self, record: Record, *, besides: float = 0) -> None:
        """`besides` are the seconds for which nothing could have helped."""
        await see_each_other(*self._seats)
        worst = max([flow.worst for watch in self._watches for flow in (await watch.flows()).values()])
        seconds = round(worst / 1000 - besides, 1)
        record(self._name, seconds)
        print(f"{self._name}: media both ways after {seconds} s")  # noqa: T201 - for docs/reliability.md


async def test_a_call_heals_whatever_becomes_of_the_network(
    network: Network, pair: tuple[Seat, Seat], record_property: Record
) -> None:
    """One call: a line gets poor, an address changes, a line is cut, a computer goes offline."""
    ann, bob = pair
    for seat in pair:
        tell_of_requests(seat)
    await _a_line_gets_poor(ann, bob, record_property)
    await _an_address_changes(ann, bob, network.at(99), record_property)
    await _a_line_is_cut_for_twenty_seconds(ann, bob, record_property)
    await _a_computer_goes_offline_and_online(ann, bob, record_property)


async def _a_line_gets_poor(ann: Seat, bob: Seat, record_property: Record) -> None:
    poor = Fault(ann, bob, "5 % loss")
    await poor.begin()
    bob.host.link.loss = 0.05
    await poor.heals(record_property)
    bob.host.link.loss = 0

    slow = Fault(ann, bob, "300 ms round trip")
    await slow.begin()
    bob.host.link.delay = 0.15
    await slow.heals(record_property)
    bob.host.link.delay = 0


async def _an_address_changes(ann: Seat, bob: Seat, address: str, record_property: Record) -> None:
    moved = Fault(ann, bob, "address change")
    await moved.begin()
    await bob.host.moves_to(address)
    await first_of(
        told(ann, about=bob), told(bob, about=ann)
    )  # ICE may find the new address before the other notices
    await moved.heals(record_property)
    await quiet(ann, bob)


async def _a_line_is_cut_for_twenty_seconds(ann: Seat, bob: Seat, record_property: Record) -> None:
    cut = Fault(ann, bob, "20 s cut")
    await cut.begin()
    bob.host.link.cut, began = True, time.monotonic()
    await lost(ann, bob)
    await asyncio.sleep(began + CUT_SECONDS - time.monotonic())  # as long as the line is away
    bob.host.link.cut, length = False, time.monotonic() - began
    await cut.heals(record_property, besides=length)
    await quiet(ann, bob)


async def _a_computer_goes_offline_and_online(ann: Seat, bob: Seat, record_property: Record) -> None:
    """Its browser says so itself, by the events of that name."""
    page = bob.participant.page
    await page.evaluate(_NOTE_WHETHER_ONLINE)
    offline = Fault(ann, bob, f"{OFFLINE_SECONDS} s offline")
    await offline.begin()
    await bob.host.unplugs()
    began = time.monotonic()
    async with asyncio.timeout(30):
        await page.evaluate("window.heard.offline")
    await lost(ann, bob)
    await asyncio.sleep(began + OFFLINE_SECONDS - time.monotonic())  # as long as there is no network
    await bob.host.plugs_in()
    length = time.monotonic() - began
    async with asyncio.timeout(30):
        await page.evaluate("window.heard.online")
    await offline.heals(record_property, besides=length)
    await quiet(ann, bob)


def tell_of_requests(seat: Seat) -> None:
    """Print when the page asks the server for what: a test that fails shows whether it went on asking."""
    name, page = seat.participant.name, seat.participant.page

    def tell(what: str, url: str) -> None:
        print(f"{time.monotonic():.1f} {name}: {what} {url.partition('&t=')[0]}")  # noqa: T201

    def follow(socket: WebSocket) -> None:
        tell("opens", socket.url)
        socket.once("framereceived", lambda _: tell("hears over", socket.url))
        socket.on("close", lambda _: tell("closes", socket.url))

    page.on("request", lambda request: tell(request.method, request.url))
    page.on("requestfinished", lambda request: tell("has the answer of", request.url))
    page.on("requestfailed", lambda request: tell("has no answer of", request.url))
    page.on("websocket", follow)


async def told(here: Seat, *, about: Seat) -> None:
    """The other's tile says, or has said since the fault began, that the connection was lost."""
    words = f"{about.participant.name}: Reconnecting…"
    await here.participant.page.wait_for_function(
        "(words) => window.said.includes(words)", arg=words, polling=100
    )


async def lost(ann: Seat, bob: Seat) -> None:
    """Both are told."""
    await asyncio.gather(told(ann, about=bob), told(bob, about=ann))


async def first_of(*events: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.ensure_future(event) for event in events]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


async def quiet(ann: Seat, bob: Seat) -> None:
    """Nobody is told any more that something is wrong, and nobody has been left behind."""
    for here, there in ((ann.participant, bob.participant), (bob.participant, ann.participant)):
        await expect(here.stage.get_by_role("status")).to_have_count(0)
        await expect(here.page.get_by_text("Your call continues.")).to_have_count(0)
        await here.expects(there.name)
