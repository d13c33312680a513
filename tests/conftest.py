"""Fixtures of all tests: servers, databases and browsers.

A test that takes `server` runs twice, on SQLite and on PostgreSQL, each time against a server that the
whole session shares: names come from `unique`, so that tests do not meet. A test for which the database
does not matter is marked with `@pytest.mark.database("sqlite")`; `fresh_server` takes other settings.
"""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from playwright.async_api import Browser, expect

from parlour.db.database import Database
from parlour.db.migrate import migrate
from tests.integration.signaling.programs import left_out
from tests.servers import ParlourServer, PostgresServer, RedisServer, SmtpServer
from tests.servers.browser import People, chromium, evidence_folder
from tests.servers.forked import Forks
from tests.servers.smtp import Security

_DATABASES = ("sqlite", "postgres")
SHOWN_WITHIN_MS = 60_000
"""The timeout of a page's expected content: several browsers share two cores."""
_FAILED = pytest.StashKey[bool]()
_RUNNING = pytest.StashKey[list[ParlourServer]]()

# Types of the factories, for the tests that take them.
StartServer = Callable[..., Awaitable[ParlourServer]]
StartSmtpServer = Callable[..., Awaitable[SmtpServer]]
Unique = Callable[[str], str]


# ------------------------------------------------------------------------------------------ databases


class Databases:
    """A factory of databases, in `folder` or in a PostgreSQL that starts with the first request for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._postgres: PostgresServer | None = None
        self._templates: dict[str, str] = {}
        self._ending = AsyncExitStack()

    async def create(self, kind: str) -> str | None:
        """Create an empty database and return its URL; None stands for a file in Parlour's data folder."""
        return None if kind == "sqlite" else await (await self._server()).create_database()

    async def create_migrated(self, kind: str, data: Path) -> str | None:
        """Create a database with all tables for the server of the data folder `data`; return as `create`.

        Migrations take up to a quarter of a server's start, so a template is migrated once and copied.
        """
        if kind == "sqlite":
            template = await self._template(kind, f"sqlite:///{self._folder / 'template.db'}")
            data.mkdir(mode=0o700)
            shutil.copyfile(template.removeprefix("sqlite:///"), data / "parlour.db")
            (data / "parlour.db").chmod(0o600)
            return None
        postgres = await self._server()
        template = await self._template(kind, postgres.url("parlour_template"))
        return await postgres.create_database(template=template.rpartition("/")[2])

    async def _template(self, kind: str, url: str) -> str:
        if kind not in self._templates:
            if kind == "postgres":
                await (await self._server()).create_database("parlour_template")
            database = Database(url)
            await migrate(database)
            await database.close()
            self._templates[kind] = url
        return self._templates[kind]

    async def _server(self) -> PostgresServer:
        if self._postgres is None:
            self._postgres = await self._ending.enter_async_context(PostgresServer())
        return self._postgres

    async def aclose(self) -> None:
        await self._ending.aclose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("database")
        kinds = marker.args if marker else _DATABASES
        metafunc.parametrize("database", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on."""
    kind: str = request.param
    assert kind in _DATABASES
    return kind


@pytest.fixture(scope="session")
async def databases(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Databases]:
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    await databases.aclose()


@pytest.fixture
async def postgres() -> AsyncIterator[PostgresServer]:
    """A PostgreSQL server for this test alone, which may stop and start it."""
    async with PostgresServer() as server:
        yield server


@pytest.fixture
async def redis() -> AsyncIterator[RedisServer]:
    """A Redis server for this test alone, which may stop and start it."""
    async with RedisServer() as server:
        yield server


# -------------------------------------------------------------------------------------------- servers


@pytest.fixture(scope="session", autouse=True)
async def forks() -> AsyncIterator[None]:
    """Servers and commands are forks of a process that has imported Parlour."""
    Forks.running = running = Forks()
    yield
    Forks.running = None
    await running.aclose()


@pytest.fixture(scope="session")
async def server(
    database: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> AsyncIterator[ParlourServer]:
    """A running Parlour with default settings, shared by all tests on this database."""
    folder = tmp_path_factory.mktemp(f"server-{database}")
    async with ParlourServer(folder, await databases.create(database)) as running:
        pytestconfig.stash[_RUNNING].append(running)
        yield running
        pytestconfig.stash[_RUNNING].remove(running)


@pytest.fixture
async def fresh_server(
    database: str, databases: Databases, tmp_path: Path, pytestconfig: pytest.Config
) -> AsyncIterator[StartServer]:
    """Start servers for this test alone: `await fresh_server({"PARLOUR_GUEST_TTL": 2})`.

    Each has a migrated database of its own, unless `database_url` names a database to share.
    """
    ours: list[ParlourServer] = []
    async with AsyncExitStack() as ending:

        async def start(
            settings: Mapping[str, str | int] | None = None,
            database_url: str | None = None,
            host: str = "127.0.0.1",
            open_files: int | None = None,
        ) -> ParlourServer:
            folder = tmp_path / f"server-{len(ours)}"
            folder.mkdir()
            url = database_url or await databases.create_migrated(database, folder / "data")
            parlour = ParlourServer(folder, url, settings, host, open_files)
            ours.append(parlour)
            pytestconfig.stash[_RUNNING].append(parlour)
            return await ending.enter_async_context(parlour)

        yield start
    for parlour in ours:
        pytestconfig.stash[_RUNNING].remove(parlour)


@pytest.fixture
async def smtp_server(tmp_path: Path) -> AsyncIterator[StartSmtpServer]:
    """Start mail servers: `await smtp_server("starttls", login=("ann", "secret"))`."""
    async with AsyncExitStack() as ending:

        async def start(
            security: Security = "plain", login: tuple[str, str] | None = None, *, smtputf8: bool = True
        ) -> SmtpServer:
            server = SmtpServer(tmp_path, security, login, smtputf8=smtputf8)
            return await ending.enter_async_context(server)

        yield start


@pytest.fixture
def unique() -> Unique:
    """`unique("ann")` is a name that no other test uses, fit for a username (24 characters at most)."""
    return lambda name: f"{name}-{secrets.token_hex(4)}"


# ------------------------------------------------------------------------------------------- browsers


@pytest.fixture(scope="session")
async def browser(pytestconfig: pytest.Config) -> AsyncIterator[Browser]:
    async with chromium(is_shown=pytestconfig.getoption("headed")) as running:
        yield running


@pytest.fixture
async def person(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[People]:
    """`page = await person("ann", at=server.url)`: a new person with a browser profile of their own.

    A failed test leaves a screenshot of each page in `test-results/`. An uncaught error of the web client,
    a breach of its content security policy or a request to a third party fails the test too.
    """
    async with people_at(browser, request) as people:
        yield people


@asynccontextmanager
async def people_at(
    browser: Browser, request: pytest.FixtureRequest, name: str = ""
) -> AsyncIterator[People]:
    """People at profiles of `browser`, as the fixture `person` has them at Chromium.

    A test with several browsers names each, so that one's evidence does not replace another's.
    """
    evidence = evidence_folder(request.config.rootpath, request.node.nodeid) / name
    people = People(browser, traces=evidence if request.config.getoption("tracing") else None)
    is_whole = False  # a fixture that fails among these people raises here; a test that fails does not
    try:
        yield people
        is_whole = True
    finally:
        faults = tuple(people.faults)  # a screenshot styles the page, which breaks the policy in Firefox
        if not is_whole or request.node.stash.get(_FAILED, False) or faults:
            await people.keep_evidence(evidence)
        await people.leave()
    assert not faults, "\n".join(faults)


# -------------------------------------------------------------------------------------------- reports


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests on uvloop, the event loop of the server."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tracing", action="store_true", help="keep Playwright's trace of each browser")
    parser.addoption("--headed", action="store_true", help="show the browsers' windows")
    parser.addoption("--pictures", action="store_true", help="keep a picture of each page in each look")


def pytest_report_header() -> list[str]:
    """Name the programs of client libraries that this machine cannot run, so that no test covers them."""
    names = ", ".join(left_out())
    return [f"programs left out, which are not built here (make test-programs): {names}"] if names else []


def pytest_configure(config: pytest.Config) -> None:
    expect.set_options(timeout=SHOWN_WITHIN_MS)
    config.stash[_RUNNING] = []
    config.addinivalue_line("markers", "database(*kinds): run on these databases alone: sqlite, postgres")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for server in item.config.stash[_RUNNING]:
        server.mark_log()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the servers' logs since the test's start to the report of a failure."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
        for server in item.config.stash[_RUNNING]:
            if log := server.log_since_mark():
                report.sections.append((f"log of {server.url or server.folder.name}", log))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Fail the run if a test was skipped, since a skip is easily taken for a pass."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if reporter is not None and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"\n{len(skipped)} skipped: what cannot run here has not passed.", red=True)
    yield
