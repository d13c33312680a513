"""People at real browsers."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.conftest import SHOWN_WITHIN_MS, StartServer, people_at
from tests.e2e.look import Photographer
from tests.e2e.media import keep_connections, use_small_pictures
from tests.e2e.participant import Participant
from tests.e2e.seats import Seat, pair_in_a_call
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.browser import People
from tests.servers.firefox import firefox
from tests.servers.livekit import RunningLiveKit, livekit
from tests.servers.network import Network

AtBrowser = Callable[..., Awaitable[Participant]]

_LONGEST_TEST_SECONDS = 270
"""The bound of what a test awaits in a page, where Playwright has none (`page.evaluate`)."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Bound the test, so that a hang is found before `faulthandler_timeout` ends the whole worker."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _bounded(item.obj)


def _bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def bounded(*given: Any, **named: Any) -> None:
        async with asyncio.timeout(_LONGEST_TEST_SECONDS):
            await test(*given, **named)

    return bounded


@pytest.fixture
async def visitors(server: ParlourServer) -> AsyncIterator[Visitors]:
    """A factory of accounts: `await visitors.client("ann")`."""
    async with Visitors(server) as visitors:
        yield visitors


@pytest.fixture
def at_browser(person: People) -> AtBrowser:
    """`ann = await at_browser(account)` sits at a browser of their own, with no page opened yet.

    The camera has few `lines`, to spare two cores; None leaves it as the client asks for it.
    """
    return seating(person)


@pytest.fixture(scope="session")
async def firefox_browser(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> AsyncIterator[Browser]:
    is_shown = pytestconfig.getoption("headed")
    async with firefox(tmp_path_factory.mktemp("firefox"), is_shown=is_shown) as running:
        yield running


@pytest.fixture
async def at_firefox(firefox_browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[AtBrowser]:
    """`ann = await at_firefox(account)` sits at a Firefox, like `at_browser` does at Chromium."""
    async with people_at(firefox_browser, request) as people:
        yield seating(people)


def seating(people: People) -> AtBrowser:
    """Seat people at profiles of the browser of `people`, as the fixture `at_browser` does."""

    async def sit_down(account: Person, *, lines: int | None = 180, **context: Any) -> Participant:
        page = await people(account.username or account.email, at=account.server.url, **context)
        page.set_default_timeout(SHOWN_WITHIN_MS)
        await keep_connections(page)
        if lines is not None:
            await use_small_pictures(page, lines)
        return Participant(page, account)

    return sit_down


@pytest.fixture
async def sfu(tmp_path: Path) -> AsyncIterator[RunningLiveKit]:
    """A LiveKit without a Parlour."""
    folder = tmp_path / "livekit"
    folder.mkdir()
    async with livekit(folder) as running:
        yield running


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with Network(tmp_path) as network:
        yield network


@pytest.fixture
async def pair(network: Network, fresh_server: StartServer) -> AsyncIterator[tuple[Seat, Seat]]:
    """Two in a call, on hosts of their own, who see each other."""
    async with pair_in_a_call(network, fresh_server) as pair:
        yield pair


@pytest.fixture
def photographer(pytestconfig: pytest.Config) -> Iterator[Photographer]:
    """`await photographer.takes(page, "home")` checks the page in every look."""
    folder = None
    if pytestconfig.getoption("--pictures"):
        folder = pytestconfig.rootpath / "test-results" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
    photographer = Photographer(folder)
    yield photographer
    assert not photographer.complaints, "\n".join(photographer.complaints)
