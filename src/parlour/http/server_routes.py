"""The server's own endpoints: its version and features, its health, and the descriptions of its API."""

import asyncio
from functools import partial

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy.exc import SQLAlchemyError

from parlour import __version__
from parlour.core import Core
from parlour.errors import Draining, Unavailable
from parlour.http.openapi import Document, openapi
from parlour.wire.asyncapi import asyncapi
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import ClientAddress, Configuration, Health

READY_SECONDS = 5
LEASE_SECONDS = 2
"""The time in which a node that has just started, or whose Redis has just come back, gets its lease."""


def server_routes(app: FastAPI, core: Core, public: Configuration, *, base_path: str) -> APIRouter:
    router = APIRouter(tags=["server"])

    @router.get(
        "/config",
        **endpoint(
            CallerKind.ANYONE,
            description="What a web client has to know before anybody logs in.",
            needs_database=False,
        ),
    )
    async def configuration() -> Configuration:
        return public

    @router.get(
        "/client-address",
        **endpoint(
            CallerKind.ANYONE,
            description=(
                "The address that the caller comes from, as Parlour sees it through proxies that it trusts."
            ),
            needs_database=False,
        ),
    )
    async def client_address(request: Request) -> ClientAddress:
        return ClientAddress(address="" if request.client is None else request.client.host)

    @router.head("/healthz", include_in_schema=False)
    @router.get(
        "/healthz",
        **endpoint(
            CallerKind.ANYONE,
            description="The process is up; it says `draining` once it is about to leave its cluster.",
            needs_database=False,
        ),
    )
    async def healthz() -> Health:
        return Health(status="draining" if core.is_draining else "ok")

    @router.head("/readyz", include_in_schema=False)
    @router.get(
        "/readyz",
        **endpoint(
            CallerKind.ANYONE,
            Unavailable,
            Draining,
            description=(
                "The database answers, and Redis where it is set, in which this node has its lease. "
                "`draining`: it is about to leave its cluster."
            ),
        ),
    )
    async def readyz() -> Health:
        if core.is_draining:
            raise Draining
        try:
            async with asyncio.timeout(READY_SECONDS):
                await core.database.ping()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Unavailable from error
        if core.redis_counts is not None and not await core.redis_counts.check():
            raise Unavailable
        try:
            async with asyncio.timeout(LEASE_SECONDS):
                await core.messages.wait_for_lease()
        except TimeoutError as error:
            raise Unavailable from error
        return Health(status="ok")

    http = Document(partial(openapi, app, base_path=base_path))
    signaling = Document(partial(asyncapi, version=__version__))
    router.add_api_route("/openapi.json", http.answer, include_in_schema=False)
    router.add_api_route("/asyncapi.json", signaling.answer, include_in_schema=False)
    return router
