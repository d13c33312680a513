"""Serves the built web client: its pages, its assets, their cache headers and the CSP."""

import re
from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILD = Path(__file__).parent / "_web"
INDEX = "index.html"

PAGES = (
    "/",
    "/login",
    "/register",
    "/mail",
    "/new",
    "/profile",
    "/r/{room:path}",
    "/verifyclient/{token}",
    "/verifyguest/{token}",
    "/verifyemail",
    "/verifyemail/{token}",
    "/stopemail",
    "/forgot",
    "/reset",
    "/reset/{token}",
)
"""The routes of the web client; every one is its index.html.

Where the protocol leaves it open, the token of a mail's link is its fragment, which no request repeats; the
paths that end with one are those of mails from older versions.
"""

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self' {sockets}; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
DOCS_SECURITY_POLICY = _POLICY.format(sockets="").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), "
    "geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def security_headers(*, origins: Iterable[str]) -> dict[str, str]:
    """On every response that does not say otherwise.

    Not every browser counts WebSockets of the page's own origin as `'self'`, so they are named, save for
    IPv6 addresses, which a policy cannot name.
    """
    sockets = " ".join(f"ws{origin.removeprefix('http')}" for origin in sorted(origins) if "[" not in origin)
    return {**_HEADERS, "Content-Security-Policy": _POLICY.format(sockets=sockets)}


_NOT_BUILT = (
    "<!doctype html><title>Parlour</title><h1>The web client is not built</h1>"
    "<p>Run <code>make setup</code>, then start the server again.</p>"
)
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.\w+$")


class Assets(StaticFiles):
    """Files whose name holds a hash of their content never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        scope["parlour.route"] = "/assets"
        hashed = _HASHED.search(path) is not None
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response


def webclient_routes(build: Path = BUILD) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    async def show() -> Response:
        return _page(build)

    for path in PAGES:
        router.add_api_route(path, show, methods=["GET", "HEAD"])

    @router.get("/docs")
    async def docs() -> Response:
        headers = {"Content-Security-Policy": DOCS_SECURITY_POLICY, "Cache-Control": "no-cache"}
        found = build / "docs" / "index.html"
        return FileResponse(found, headers=headers) if found.is_file() else _not_built()

    def add_file(file: Path) -> None:
        async def send() -> Response:
            return FileResponse(file, headers={"Cache-Control": "no-cache"})

        router.add_api_route(f"/{file.name}", send, methods=["GET", "HEAD"])

    if build.is_dir():
        for file in sorted(build.iterdir()):  # the icon, the manifest
            if file.is_file() and file.name != INDEX:
                add_file(file)
        router.mount("/assets", Assets(directory=build / "assets", check_dir=False))
        router.mount("/docs", Assets(directory=build / "docs", check_dir=False))
    return router


def not_found_page(request: Request, build: Path = BUILD) -> Response | None:
    """The client's own "not found" page for a person who opened an address; None for a program."""
    is_person = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return _page(build, status=404) if is_person else None


def _page(build: Path, status: int = 200) -> Response:
    index = build / INDEX
    if not index.is_file():
        return _not_built()
    return FileResponse(index, status_code=status, headers={"Cache-Control": "no-cache"})


def _not_built() -> Response:
    return HTMLResponse(_NOT_BUILT, status_code=503)
