"""A tab that is hidden, a page that is frozen, a computer that sleeps: each is back in its call, unasked."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, CDPSession, expect

from tests.conftest import StartServer, people_at
from tests.e2e.conftest import AtBrowser, seating
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers.browser import chromium

pytestmark = pytest.mark.database("sqlite")

ASLEEP_SECONDS = 32
"""Longer than the server waits for the answer to a ping (25 seconds and a tick)."""
AMPLE, SHORT = 60, 1
"""Graces, in seconds: bob's visit outlives his sleep, or it is over long before he wakes."""

_BECOMES = """
  (visibility) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event("visibilitychange"));
  }
"""


class Sleeper:
    """Bob, whose browser does as it is told; ann is awake and sees what becomes of him."""

    def __init__(self, ann: Participant, bob: Participant, browser: Browser, cdp: CDPSession) -> None:
        self.ann, self.bob = ann, bob
        self._browser = browser
        self._cdp = cdp

    async def hides(self) -> None:
        """As a page is told of it: Playwright keeps its pages in front, whatever is opened beside them."""
        await self.bob.page.evaluate(_BECOMES, "hidden")

    async def is_in_front(self) -> None:
        await self.bob.page.evaluate(_BECOMES, "visible")

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """No script of the page runs; its media go on."""
        await self._cdp.send("Debugger.enable")
        await self._cdp.send("Debugger.pause")
        try:
            yield
        finally:
            await self._cdp.send("Debugger.disable")

    @asynccontextmanager
    async def asleep(self) -> AsyncIterator[None]:
        """The computer sleeps: nothing of the page runs, its media neither."""
        renderers = await self._renderers()
        for renderer in renderers:
            os.kill(renderer, signal.SIGSTOP)
        try:
            yield
        finally:
            for renderer in renderers:
                os.kill(renderer, signal.SIGCONT)

    async def _renderers(self) -> list[int]:
        session = await self._browser.new_browser_cdp_session()
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        return [process["id"] for process in processes if process["type"] == "renderer"]

    async def says(self, writer: Participant, text: str) -> None:
        await writer.field("Message").fill(text)
        await writer.field("Message").press("Enter")
        await self.has_read(writer, text)
        await expect(writer.page.get_by_text("Sending…")).to_have_count(0)

    async def has_read(self, reader: Participant, text: str) -> None:
        """Once, whoever wrote it."""
        message = reader.page.get_by_role("log").get_by_role("article").filter(has_text=text)
        await expect(message).to_have_count(1)

    async def peer_id(self) -> str | None:
        """Whom ann takes bob for."""
        return await self.ann.tile(self.bob.name).get_attribute("data-peer")

    async def expects_to_be_together(self) -> None:
        """New frames and sound both ways, nothing that anybody is told of, and no page loaded anew."""
        ann, bob = self.ann, self.bob
        async with asyncio.timeout(60):
            await asyncio.gather(ann.expects(bob.name), bob.expects(ann.name))
        await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
        for one in (ann, bob):
            await expect(one.stage.get_by_role("status")).to_have_count(0)
            await expect(one.page.get_by_text("Your call continues.")).to_have_count(0)
        assert await bob.page.evaluate("window.samePage"), "the page was loaded again"


@pytest.fixture
async def sleeper(
    fresh_server: StartServer, at_browser: AtBrowser, request: pytest.FixtureRequest
) -> AsyncIterator[Sleeper]:
    """Two in a call, with the chat open; bob has a browser of his own, since all of its pages sleep."""
    server = await fresh_server({"PARLOUR_RESUME_GRACE": AMPLE})
    async with (
        Visitors(server) as visitors,
        chromium() as browser,
        people_at(browser, request, "bob") as beds,
    ):
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(accounts[1], to=room)
        ann, bob = await at_browser(accounts[0]), await seating(beds)(accounts[1])
        for one in (ann, bob):
            await one.comes_to(room)
            await one.enters()
            await one.page.evaluate("window.samePage = true")
        sleeper = Sleeper(ann, bob, browser, await bob.page.context.new_cdp_session(bob.page))
        await sleeper.expects_to_be_together()
        await asyncio.gather(ann.opens("Chat"), bob.opens("Chat"))
        await sleeper.says(ann, "Good night")
        await sleeper.has_read(bob, "Good night")
        yield sleeper


async def test_a_tab_is_hidden_a_page_is_frozen_and_a_computer_sleeps(sleeper: Sleeper) -> None:
    """One call: each is back in it as if nothing had been."""
    await _a_tab_that_was_hidden(sleeper)
    await _a_page_that_was_frozen_goes_on_with_its_visit(sleeper)
    await _the_server_starts_anew(sleeper, grace=SHORT)
    await _a_computer_that_slept_comes_back_though_its_visit_is_over(sleeper)


async def _the_server_starts_anew(sleeper: Sleeper, *, grace: int | None = None) -> None:
    ann, server = sleeper.ann, sleeper.ann.account.server
    await server.kill()
    await expect(ann.page.get_by_text("Your call continues.")).to_be_visible()
    if grace is not None:
        server.settings["PARLOUR_RESUME_GRACE"] = str(grace)
    await server.start()


async def _a_tab_that_was_hidden(sleeper: Sleeper) -> None:
    """It stays in the call meanwhile, and misses nothing."""
    ann, bob = sleeper.ann, sleeper.bob
    before = await sleeper.peer_id()
    await sleeper.hides()
    await ann.sees_and_hears(bob.name)
    await sleeper.says(ann, "While you look elsewhere")
    await _the_server_starts_anew(sleeper)
    await sleeper.is_in_front()
    await sleeper.expects_to_be_together()
    await sleeper.has_read(bob, "While you look elsewhere")
    assert await sleeper.peer_id() == before


async def _a_page_that_was_frozen_goes_on_with_its_visit(sleeper: Sleeper) -> None:
    ann, bob = sleeper.ann, sleeper.bob
    before = await sleeper.peer_id()
    ann.account.server.mark_log()
    async with sleeper.frozen():
        await sleeper.says(ann, "While you were frozen")
        await asyncio.sleep(ASLEEP_SECONDS)  # that it was so long is the subject
        await ann.expects(bob.name)
    await ann.account.server.expect_log("visit.resumed")
    await sleeper.expects_to_be_together()
    assert await sleeper.peer_id() == before
    await sleeper.has_read(bob, "While you were frozen")
    await sleeper.says(bob, "Thawed")
    await sleeper.has_read(ann, "Thawed")


async def _a_computer_that_slept_comes_back_though_its_visit_is_over(sleeper: Sleeper) -> None:
    ann, bob = sleeper.ann, sleeper.bob
    await sleeper.expects_to_be_together()
    before = await sleeper.peer_id()
    async with sleeper.asleep():
        await sleeper.says(ann, "While you slept")
        await expect(ann.tile(bob.name)).to_have_count(0)
    await sleeper.expects_to_be_together()
    assert await sleeper.peer_id() != before
    await sleeper.has_read(bob, "Good night")
    await sleeper.has_read(bob, "While you slept")
    await sleeper.says(bob, "Awake")
    await sleeper.has_read(ann, "Awake")
