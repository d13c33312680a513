"""Assemble the FastAPI application and the ASGI layers around it, through which every HTTP request passes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from parlour import __version__
from parlour.engine import Engine
from parlour.http.base_path import BasePath
from parlour.http.content_encodings import CompressedJson
from parlour.http.exact_routes import ExactRoutes
from parlour.http.middleware import Cors, FailureResponses, RequestMiddleware
from parlour.http.proxies import ClientAddresses, TrustedProxies
from parlour.http.request_turns import RequestTurns
from parlour.http.site import Site


class Feature(Protocol):
    """The interface of a domain to the application; `assembly.py` of the domain implements it.

    The constructor registers the domain's tasks and subscriptions with the core.
    """

    def routers(self) -> list[APIRouter]: ...

    async def close(self) -> None: ...


def bare_application(lifespan: Lifespan[FastAPI]) -> FastAPI:
    """Create an application without routes. FastAPI's own document routes are off: `http.openapi` serves
    them.
    """
    return FastAPI(
        title="Parlour",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # the redirect would repeat the request's Host header
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        lifespan=lifespan,
    )


def add_routes(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Add the routes of all routers, which have no prefix, and an index in front of them.

    `include_router` would keep each router as a branch of its own, whose routes are tried twice.
    """
    routes = [route for router in routers for route in router.routes]
    app.router.routes += [ExactRoutes(routes), *routes]


@dataclass(frozen=True, slots=True)
class Layers:
    """The configuration of the layers around the application; `headers` are set on every answer."""

    site: Site
    proxies: TrustedProxies
    headers: dict[str, str]

    def around(self, audited: ASGIApp, engine: Engine) -> ASGIApp:
        """Wrap the application and the engine, which share a port, in the layers of HTTP."""
        paths = _by_path(CompressedJson(audited), engine)
        cors = Cors(
            FailureResponses(RequestTurns(paths)),
            allow_origins=sorted(self.site.origins),
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
        own = (engine.options.path.rstrip("/"),)
        outermost = RequestMiddleware(cors, headers=self.headers, limits_itself=own)
        return BasePath(ClientAddresses(outermost, self.proxies), self.site.base_path)


def _by_path(app: ASGIApp, engine: Engine) -> ASGIApp:
    route = engine.options.path.rstrip("/")

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and engine.serves(scope["path"]):
            scope["parlour.route"] = route
            await engine.asgi(scope, receive, send)
        else:
            await app(scope, receive, send)

    return dispatch


def identified_email(state: dict[str, Any]) -> str:
    """Return the caller's email from a request's state, "" for an unidentified caller."""
    identity = state.get("identity")
    return "" if identity is None else str(identity.email)
