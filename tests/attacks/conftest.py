"""Fixtures of the attacks: a test per attack, against a server with its default settings."""

from collections.abc import AsyncIterator

import pytest

from tests.people import Person, Residents, Visitors
from tests.servers import ParlourServer


@pytest.fixture(scope="session")
async def residents(server: ParlourServer) -> AsyncIterator[Residents]:
    async with Visitors(server) as visitors:
        yield Residents(visitors)


@pytest.fixture
async def ann(residents: Residents) -> Person:
    """The target of the attacks, a client."""
    return await residents.client("ann")


@pytest.fixture
async def mallory(residents: Residents) -> Person:
    """The attacker, also a client."""
    return await residents.client("mallory")


@pytest.fixture
async def visitors(server: ParlourServer) -> AsyncIterator[Visitors]:
    async with Visitors(server) as visitors:
        yield visitors
