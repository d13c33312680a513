"""People and servers for the tests of the HTTP contract.

`ann`, `bob` and `gus` live as long as the session: tests that change an account make it by `visitors`.
Every answer to any of them is validated against the OpenAPI document.
"""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Databases
from tests.integration.http.document import Document
from tests.people import Person, Residents, Visitors
from tests.servers import ParlourServer


@pytest.fixture(scope="session")
async def document(server: ParlourServer) -> Document:
    return await Document.of(server)


@pytest.fixture(scope="session")
async def residents(server: ParlourServer, document: Document) -> AsyncIterator[Residents]:
    async with Visitors(server, examine=document.examine) as visitors:
        yield Residents(visitors)


@pytest.fixture
async def visitors(server: ParlourServer, document: Document) -> AsyncIterator[Visitors]:
    """A factory of people for a single test."""
    async with Visitors(server, examine=document.examine) as visitors:
        yield visitors


@pytest.fixture
async def ann(residents: Residents) -> Person:
    """A client, shared by the session."""
    return await residents.client("ann")


@pytest.fixture
async def bob(residents: Residents) -> Person:
    """Another client, shared by the session."""
    return await residents.client("bob")


@pytest.fixture
async def gus(residents: Residents) -> Person:
    """A guest, shared by the session."""
    return await residents.guest("gus")


@pytest.fixture
async def nobody(visitors: Visitors) -> Person:
    """A person without an account."""
    return await visitors.stranger()


@pytest.fixture(scope="session")
async def brief_server(
    database: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ParlourServer]:
    """A server whose guests expire after five seconds: enough for a few requests on a busy machine."""
    folder = tmp_path_factory.mktemp(f"brief-{database}")
    async with ParlourServer(folder, await databases.create(database), {"PARLOUR_GUEST_TTL": 5}) as running:
        yield running


@pytest.fixture
async def brief_visitors(brief_server: ParlourServer, document: Document) -> AsyncIterator[Visitors]:
    async with Visitors(brief_server, examine=document.examine) as visitors:
        yield visitors


@pytest.fixture(scope="session")
async def hasty_server(
    database: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ParlourServer]:
    """A server whose links and access tokens expire after a second, and refresh tokens after two."""
    settings = {
        "PARLOUR_VERIFICATION_TTL": 1,
        "PARLOUR_PASSWORD_RESET_TTL": 1,
        "PARLOUR_ACCESS_TOKEN_TTL": 1,
        "PARLOUR_REFRESH_TOKEN_TTL": 2,
    }
    folder = tmp_path_factory.mktemp(f"hasty-{database}")
    async with ParlourServer(folder, await databases.create(database), settings) as running:
        yield running


@pytest.fixture
async def hasty_visitors(hasty_server: ParlourServer, document: Document) -> AsyncIterator[Visitors]:
    async with Visitors(hasty_server, examine=document.examine) as visitors:
        yield visitors
