"""Fixtures of the engine's tests: they run on uvloop, as in production, and on asyncio's own loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from parlour.engine import Engine, Options
from parlour.engine.sessions import TransportSessions
from tests.engine.reference import Client, Echo, Reference, reference_engine, serving


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {
        "uvloop": uvloop.new_event_loop,
        "asyncio": asyncio.new_event_loop,
    }


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests on asyncio's own loop after all others.

    The first of them ends the servers, databases and browsers in the session's other loop, which later tests
    would have to start again.
    """
    items.sort(key=_runs_on_asyncio)


def _runs_on_asyncio(item: pytest.Item) -> bool:
    chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return chosen.get("_asyncio_loop_factory") is asyncio.new_event_loop


@pytest.fixture
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options that differ from the defaults; set them by `@pytest.mark.parametrize("options", …)`."""
    return {}


@pytest_asyncio.fixture(loop_scope="module")
async def echo(options: dict[str, Any]) -> AsyncIterator[TransportSessions]:
    """A running Engine.IO echo at /engine.io/."""
    yield TransportSessions(Options(**{"path": "/engine.io/", **options}), Echo)


@pytest_asyncio.fixture(loop_scope="module")
async def io(echo: TransportSessions) -> AsyncIterator[Client]:
    """A client of the Engine.IO echo."""
    async with serving(echo) as port:
        client = Client(port, "/engine.io/")
        yield client
        await client.close()


@pytest_asyncio.fixture(loop_scope="module")
async def engine(options: dict[str, Any]) -> AsyncIterator[Engine]:
    yield reference_engine(**options)


@pytest_asyncio.fixture(loop_scope="module")
async def reference(engine: Engine) -> AsyncIterator[Reference]:
    assert isinstance(engine.application, Reference)
    yield engine.application


@pytest_asyncio.fixture(loop_scope="module")
async def client(engine: Engine) -> AsyncIterator[Client]:
    """A client of the Socket.IO reference application."""
    async with serving(engine.sessions) as port:
        client = Client(port, "/socket.io/")
        yield client
        await client.close()
