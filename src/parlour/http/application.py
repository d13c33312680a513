"""What every HTTP request passes, put together: a FastAPI application and the layers around it."""

from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from parlour import __version__
from parlour.engine import Engine
from parlour.http.base_path import BasePath
from parlour.http.content_encodings import CompressedJson
from parlour.http.middleware import Cors, FailureResponses, RequestMiddleware
from parlour.http.proxies import ClientAddresses, TrustedProxies
from parlour.http.request_turns import RequestTurns
from parlour.http.site import Site


class Feature(Protocol):
    """What the application asks of each domain, once `assembly.py` has put the domain together.

    The constructor registers tasks and subscriptions with the core.
    """

    def routers(self) -> list[APIRouter]: ...

    async def close(self) -> None: ...


def bare_application(lifespan: Lifespan[FastAPI]) -> FastAPI:
    """An application without routes, which serves its documents by routes of its own."""
    return FastAPI(
        title="Parlour",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # the redirect would repeat the request's Host header
        lifespan=lifespan,
    )


@dataclass(frozen=True, slots=True)
class Layers:
    """What lies around the application: `headers` are those of every answer."""

    site: Site
    proxies: TrustedProxies
    headers: dict[str, str]

    def around(self, audited: ASGIApp, engine: Engine) -> ASGIApp:
        """The whole of HTTP and signaling on one port, from the outermost layer on."""
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
    """Return the caller's email from a request's state, or "" for a caller who is unknown."""
    identity = state.get("identity")
    return "" if identity is None else str(identity.email)
