"""One test per attack, named after it. Each runs against a server as a person starts it."""

from collections.abc import AsyncIterator

import pytest

from tests.people import Person, Visitors
from tests.servers import ParlourServer


@pytest.fixture(scope="session")
async def residents(server: ParlourServer) -> AsyncIterator[Visitors]:
    async with Visitors(server) as residents:
        yield residents


@pytest.fixture(scope="session")
async def ann(residents: Visitors) -> Person:
    """The one who is attacked: a client."""
    return await residents.client("ann")


@pytest.fixture(scope="session")
async def mallory(residents: Visitors) -> Person:
    """The attacker, who has an account too."""
    return await residents.client("mallory")


@pytest.fixture
async def visitors(server: ParlourServer) -> AsyncIterator[Visitors]:
    async with Visitors(server) as visitors:
        yield visitors
