"""The composition root: a list of features, each of which assembles itself from a small core."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from parlour.accounts.assembly import AccountsFeature
from parlour.audit.assembly import AuditFeature
from parlour.audit.requests import AuditedRequests
from parlour.calls.assembly import CallNeighbours, CallsFeature
from parlour.chat.assembly import ChatFeature
from parlour.core import Core
from parlour.diagnosis.assembly import DiagnosisFeature
from parlour.events.assembly import EventsFeature
from parlour.garbage import FULL_SECONDS, FullCollections, peak_memory
from parlour.handover import NumberedWorker
from parlour.http.application import Feature, Layers, add_routes, bare_application, identified_email
from parlour.http.dev_mail import dev_mail_routes
from parlour.http.middleware import handle_refusals
from parlour.http.server_routes import server_routes
from parlour.http.webclient import WebClient
from parlour.lean_imports import without_packages
from parlour.mail.assembly import MailFeature
from parlour.options import Options
from parlour.privacy.assembly import PrivacyFeature
from parlour.recordings.assembly import RecordingsFeature
from parlour.rooms.assembly import RoomsFeature
from parlour.settings import Settings
from parlour.shared_facts.exchange import FactExchange

if TYPE_CHECKING:
    from parlour.sfu.feature import SfuFeature

LOOK_SECONDS = 0.1
"""The pause between two looks at whether the end of a node has become urgent."""

log = structlog.get_logger("parlour")


class Parlour:
    """A server: its features, and the ASGI application that serves them."""

    def __init__(self, settings: Settings, *, port: int, worker: NumberedWorker | None = None) -> None:
        """`worker` is there if this process is one of several (see `Options`)."""
        self.options = options = Options(settings, port, worker)
        self.site, self.proxies = options.site(), options.proxies()
        self.core = core = Core(options.core())
        self.fact_exchange = FactExchange(core.bus, core.messages)
        self.audit = AuditFeature(core.database, core.tasks, core.clock)
        self.accounts = AccountsFeature(core, self.site, options.accounts())
        self.mail = MailFeature(core.outbox, core.tasks, self.accounts.links.sign, options.mail())
        self.rooms = RoomsFeature(core, self.accounts, options.rooms())
        self.chat = ChatFeature(core, self.accounts)
        self.events = EventsFeature(core, self.accounts)
        self.privacy = PrivacyFeature(core, self.accounts)
        self.recordings = RecordingsFeature(core, self.accounts, options.recordings())
        neighbours = CallNeighbours(self.accounts, self.rooms, self.chat, self.events, self.recordings)
        self.sfu = self._sfu_feature()
        sfus = None if self.sfu is None else self.sfu.sfus
        self.calls = CallsFeature(core, neighbours, self.proxies, self.audit.log, options.calls(), sfus)
        self.diagnosis = DiagnosisFeature(core, self.accounts, options.diagnosis())
        self.companions = options.companions()
        for companion in self.companions:
            companion.register(core.tasks)
        collections = FullCollections(self.calls.engine.sessions.by_sid.__len__, peak_memory=peak_memory)
        core.tasks.every(FULL_SECONDS, "garbage", collections.collect_if_due)

    def _sfu_feature(self) -> "SfuFeature | None":
        """Build what leads to SFUs, where there are any: it needs libraries of its own."""
        accesses = self.options.sfus()
        if not accesses:
            return None
        from parlour.http.tunnel.tunnels import TunnelSurroundings
        from parlour.sfu.feature import SfuFeature

        surroundings = TunnelSurroundings(
            base_path=self.site.base_path,
            headers=self.options.headers(),
            origin_allowed=self.accounts.origins.allow_connection,
            client_address=self.proxies.client_address,
        )
        return SfuFeature(self.core, accesses, surroundings)

    @property
    def features(self) -> tuple[Feature, ...]:
        """List the features, dependencies first."""
        return (
            self.audit,
            self.accounts,
            self.mail,
            self.rooms,
            self.chat,
            self.events,
            self.privacy,
            self.recordings,
            self.calls,
            self.diagnosis,
            *(() if self.sfu is None else (self.sfu,)),
        )

    def asgi(self) -> ASGIApp:
        """Return the application of HTTP, signaling and web client, for a single port."""
        audited = AuditedRequests(
            self.fastapi, self.audit.log, self.audit.counts, identified=identified_email
        )
        layers = Layers(self.site, self.proxies, self.options.headers())
        return layers.around(audited, self.calls.engine)

    @cached_property
    def fastapi(self) -> FastAPI:
        """Build all routes, lazily, since commands need none."""
        app = bare_application(self._lifespan)
        with without_packages(("pydantic.v1",)):
            self._add_routes(app)
        return app

    def _add_routes(self, app: FastAPI) -> None:
        web_client = WebClient(base_path=self.site.base_path)
        handle_refusals(app, not_found_page=web_client.not_found_page)
        routers = [router for feature in self.features for router in feature.routers()]
        if self.options.shows_mail:
            routers.append(dev_mail_routes(self.core.outbox, self.mail.renderer))
        configuration, base_path = self.options.configuration(), self.site.base_path
        routers.append(server_routes(app, self.core, configuration, base_path=base_path))
        routers.append(web_client.routes())
        add_routes(app, routers)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.core.tasks.start()
        try:
            yield
        finally:
            await self.core.stop()
            await self.close()

    async def drain(self, is_hurried: Callable[[], bool], *, is_replaced: bool) -> None:
        """Leave all that this node does to the other nodes of its cluster; without any, do nothing.

        Connections are still accepted for `drain_seconds`, so that balancers notice by `/readyz`. Then all
        are sent away. `is_hurried` ends all waiting. A worker that `is_replaced` has a successor at the same
        port already, of which balancers are told nothing.
        """
        if self.core.is_alone or (not is_replaced and self._ends_with_all_others()):
            return
        self.core.is_draining = not is_replaced
        log.info("node.draining", connections=len(self.calls.engine.connections))
        began = time.monotonic()
        await self.core.tasks.leave_to_other_nodes()
        seconds = 0 if is_replaced else self.options.settings.drain_seconds
        while time.monotonic() - began < seconds and not is_hurried():  # noqa: ASYNC110 - signals set no event
            await asyncio.sleep(LOOK_SECONDS)
        await self.calls.departures.run(is_hurried, is_replaced=is_replaced)
        log.info("node.drained", connections=len(self.calls.engine.connections))

    def _ends_with_all_others(self) -> bool:
        """Return True if this is one of several workers, and all nodes are on their machine: they end at
        once, and who is sent away would meet the next one that ends.
        """
        coordinator = self.core.coordinator
        if self.options.worker is None or coordinator.lease is None:
            return False
        here = coordinator.lease.description.host
        return all(lease.description.host == here for lease in coordinator.others.values())

    def load_later(self) -> None:
        """Load what a start can do without, in a thread: at its first use it would hold the event loop."""
        import parlour.wire.email_syntax  # noqa: F401 - imported for its first user

        self.mail.renderer.load()

    async def close(self) -> None:
        """Close the features, dependents first, then the core."""
        for feature in reversed(self.features):
            try:
                await feature.close()
            except SQLAlchemyError as error:  # the feature's last rows are lost with the database
                name, reason = type(feature).__name__, type(error).__name__
                log.warning("feature.closed_without_database", feature=name, error=reason)
        await self.core.close()
