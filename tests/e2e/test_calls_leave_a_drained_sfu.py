"""A call of browsers leaves an SFU that is drained for another one: nobody sees or hears it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from parlour.sfu.room_service import RoomService
from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.continuity import ContinuityWatch, keep_continuity
from tests.e2e.participant import Participant
from tests.e2e.test_a_server_that_dies import others
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour
from tests.servers.livekit import RunningLiveKit, moving_between, two_livekits

pytestmark = pytest.mark.database("sqlite")

MOVES = 2
LONGEST_GAP_MS = 2_000
"""Less than it takes to come anew to an SFU that has ended. What a quiet machine shows is printed."""

_NO_PAGES = "Object.defineProperty(window, 'documentPictureInPicture', { value: undefined });"
_LOOK_FOR_BLACK = """
  () => {
    const context = new OffscreenCanvas(16, 9).getContext("2d", { willReadFrequently: true });
    window.looked = { times: 0, black: 0 };
    const look = () => {
      const video = document.pictureInPictureElement;
      if (video) {
        context.clearRect(0, 0, 16, 9);
        context.drawImage(video, 0, 0, 16, 9);
        const pixels = context.getImageData(0, 0, 16, 9).data;
        const isBlack = pixels.every((value, at) => at % 4 === 3 || value < 8);
        window.looked.times += 1;
        window.looked.black += isBlack ? 1 : 0;
      }
      requestAnimationFrame(look);
    };
    look();
  }
"""


@dataclass
class Town:
    """A server with two SFUs, and the room of a call on one of them."""

    server: ParlourServer
    urls: list[str]
    """Of the SFUs; the last one has the call."""
    settings: dict[str, str]
    folder: Path
    people: list[Participant]

    async def drains(self) -> None:
        """Drain the SFU that has the call, and undrain the other one; wait until the move is settled."""
        other, used = self.urls
        await self._command("undrain", other)
        self.server.mark_log()
        await self._command("drain", used)
        await self.server.expect_log("topology.settled")
        self.urls = [used, other]

    async def _command(self, *words: str) -> str:
        ended = await run_parlour("sfu", *words, folder=self.folder, settings=self.settings)
        assert ended.code == 0, ended.err
        return ended.out


@pytest.fixture
async def town(fresh_server: StartServer, at_browser: AtBrowser, tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as leaving:
        sfus = await leaving.enter_async_context(two_livekits(tmp_path))
        settings = moving_between(*sfus)
        server = await fresh_server(settings)
        for _ in sfus:
            await server.expect_log("sfu.well")
        visitors = await leaving.enter_async_context(Visitors(server))
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        people = [await at_browser(account, bypass_csp=True) for account in accounts]
        for one in people:
            await one.page.add_init_script(_NO_PAGES)
            await keep_continuity(one.page)
            await one.comes_to(room)
            await one.enters()
        await server.expect_log("topology.settled")
        counts = {sfu.access.url: await people_on(sfu) for sfu in sfus}
        as_text = {name: str(value) for name, value in settings.items()}
        yield Town(server, sorted(counts, key=counts.__getitem__), as_text, tmp_path, people)


async def people_on(sfu: RunningLiveKit) -> int:
    service = RoomService(sfu.access)
    try:
        return sum([len(await service.people(room)) for room in await service.rooms()])
    finally:
        await service.close()


async def test_no_tile_is_black_and_no_voice_away_while_a_call_of_three_leaves_an_sfu(
    town: Town, record_property: Callable[[str, object], None]
) -> None:
    people = town.people
    watches = {one: ContinuityWatch(one.page, *others(one, people)) for one in people}
    await asyncio.gather(*(watch.begin() for watch in watches.values()))
    for number in range(1, MOVES + 1):
        await asyncio.gather(*(watch.restart() for watch in watches.values()))
        await town.drains()
        await asyncio.gather(*(one.sees_and_hears(*others(one, people)) for one in people))
        for one in people:
            for name, found in (await watches[one].read()).items():
                record_property(f"move {number}, {name} at {one.name}", str(found))
                print(f"move {number}, {name} at {one.name}: {found}")  # noqa: T201 - figures for the docs
                assert found.frames > 0, found
                assert found.picture < LONGEST_GAP_MS and found.sound < LONGEST_GAP_MS, found


@pytest.mark.parametrize("window", ["of Parlour's", "of the browser's"])
async def test_a_picture_in_a_window_of_its_own_is_not_black_while_the_call_moves(
    town: Town, window: str
) -> None:
    ann, bob, _ = town.people
    await ann.sees_and_hears(*others(ann, town.people))
    if window == "of Parlour's":
        await ann.button("View").click()
        await ann.page.get_by_role("menuitem", name="Picture-in-picture", exact=True).click()
    else:
        await ann.video_of(bob.name).evaluate("(video) => video.requestPictureInPicture()")
    await ann.page.wait_for_function("() => document.pictureInPictureElement !== null", polling=50)
    await ann.page.evaluate(_LOOK_FOR_BLACK)
    for _ in range(MOVES):
        await town.drains()
        await ann.sees_and_hears(*others(ann, town.people))
    looked = await ann.page.evaluate("() => window.looked")
    assert looked["times"] > 0 and looked["black"] == 0, looked
    assert await ann.page.evaluate("() => document.pictureInPictureElement !== null")
