"""Serve the built web client: its pages, its assets, their cache headers and the CSP."""

import os
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from parlour.http.content_encodings import Encoded, accept_encoding, chosen_encoding
from parlour.languages import DEFAULT_LANGUAGE, LANGUAGES, accepted_language, known_language
from parlour.wire.pages import PAGES, server_paths

BUILD = Path(__file__).parents[1] / "_web"
INDEX = "index.html"

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; worker-src 'self'; connect-src 'self' {sockets}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DOCS_SECURITY_POLICY = _POLICY.format(sockets="").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)

COMPILER_SECURITY_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""The policy of workers that compile WebAssembly; no page may. A worker has the policy of its own file."""

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
    """Return the default headers of every response.

    Some browsers do not count WebSockets of the page's own origin as `'self'`, so the policy names them,
    except for IPv6 addresses, which a policy cannot name.
    """
    sockets = " ".join(f"ws{origin.removeprefix('http')}" for origin in sorted(origins) if "[" not in origin)
    return {**_HEADERS, "Content-Security-Policy": _POLICY.format(sockets=sockets)}


_NOT_BUILT = (
    "<!doctype html><title>Parlour</title><h1>The web client is not built</h1>"
    "<p>Run <code>make setup</code>, then start the server again.</p>"
)
_SUFFIXES = {"br": ".br", "gzip": ".gz"}
"""The suffixes of compressed files by encoding, the best first."""
_HASHED = re.compile(r"-[A-Za-z0-9_-]{8}(?:\.\w+$|/)")
_COMPILER = re.compile(r"^(?:compile-worker-[A-Za-z0-9_-]{8}|segmentation-[A-Za-z0-9_-]{8}/[\w-]+)\.js$")
"""The files of workers that compile WebAssembly (web/src/call/effects)."""


class Assets(StaticFiles):
    """The files of the build, sent compressed if `web/compress.mjs` compressed them and the client accepts
    it.

    Each form is a separate file with its own ETag. Files with a hash of their content in the name, or in
    that of their folder, never change, so they are cached as immutable.
    """

    def file_response(
        self, full_path: Any, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        forms = {
            encoding: file
            for encoding, suffix in _SUFFIXES.items()
            if (file := Path(f"{full_path}{suffix}")).is_file()
        }
        encoding = chosen_encoding(accept_encoding(scope), list(forms))
        if encoding is None:
            response = super().file_response(full_path, stat_result, scope, status_code)
        else:
            file = forms[encoding]
            response = super().file_response(file, file.stat(), scope, status_code)
        if encoding is not None and response.status_code != HTTPStatus.NOT_MODIFIED:
            response.headers["Content-Encoding"] = encoding
            response.headers["Content-Type"] = FileResponse(full_path).headers["Content-Type"]
        if forms:
            response.headers.add_vary_header("Accept-Encoding")
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        scope["parlour.route"] = "/assets"
        hashed = _HASHED.search(path) is not None
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        if _COMPILER.search(path):
            response.headers["Content-Security-Policy"] = COMPILER_SECURITY_POLICY
        return response


_RELATIVE = re.compile(r'(?<==")(?:\.\.?/)+')
_BASE_PATH_META = '<meta name="parlour-base-path" content="'
_HTML = '<html lang="en">'
_END_OF_HEAD = "</head>"
_LOADED_TEXTS = ("common", "refusals")
"""The sections of a catalogue that every page loads before it shows anything (web/src/texts)."""


class WebClient:
    """Serves the client in `build` below `base_path`, such as `/meet`.

    The build does not know that path: its pages name their files relative to themselves, but a page is shown
    at many addresses. This class therefore writes the path into the pages, for the browser and for
    `web/src/base-path.ts`.
    """

    def __init__(self, *, base_path: str = "", build: Path = BUILD) -> None:
        self._build = build
        index = _read_page(build / INDEX, base_path)
        self._index = {
            language: Encoded(_in_language(index, language, build, base_path).encode())
            for language in (LANGUAGES if index is not None else ())
            if index is not None
        }
        docs = _read_page(build / "docs" / INDEX, base_path)
        self._docs = None if docs is None else Encoded(docs.encode())

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        async def show(request: Request) -> Response:
            return self._show(request)

        for page in PAGES.values():
            for path in server_paths(page):
                router.add_api_route(path, show, methods=["GET", "HEAD"])

        async def docs(request: Request) -> Response:
            return _page(request, self._docs, headers={"Content-Security-Policy": DOCS_SECURITY_POLICY})

        router.add_api_route("/docs", docs, methods=["GET", "HEAD"])
        if self._build.is_dir():
            self._add_files(router)
        return router

    def _add_files(self, router: APIRouter) -> None:
        """Serve the files that browsers look for at the root: the icon, the manifest."""
        files = Assets(directory=self._build)

        async def send(request: Request) -> Response:
            return await files.get_response(request.scope["path"].lstrip("/"), request.scope)

        for file in sorted(self._build.iterdir()):
            if file.is_file() and file.name != INDEX and file.suffix not in _SUFFIXES.values():
                router.add_api_route(f"/{file.name}", send, methods=["GET", "HEAD"])
        router.mount("/assets", Assets(directory=self._build / "assets", check_dir=False))

    def not_found_page(self, request: Request) -> Response | None:
        """Return the client's "not found" page if a person opened the address in a browser, None for a
        program.
        """
        is_person = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        return self._show(request, status=HTTPStatus.NOT_FOUND) if is_person else None

    def _show(self, request: Request, *, status: int = HTTPStatus.OK) -> Response:
        """Answer with the page in the language that the browser prefers.

        The client shows another one where a person has chosen it there, which only the browser knows.
        """
        asked = ",".join(request.headers.getlist("accept-language"))
        page = self._index.get(known_language(accepted_language(asked)))
        return _page(request, page, status=status, headers={"Vary": "Accept-Encoding, Accept-Language"})


def _read_page(file: Path, base_path: str) -> str | None:
    """Return a page with the base path in it, None if the client is not built. `base_path` holds no character
    that HTML would have to escape.
    """
    if not file.is_file():
        return None
    page = _RELATIVE.sub(f"{base_path}/", file.read_text(encoding="utf-8"))
    return page.replace(_BASE_PATH_META, _BASE_PATH_META + base_path)


def _in_language(page: str, language: str, build: Path, base_path: str) -> str:
    """Say in which language the page will be, and let the browser load its texts at once."""
    if language == DEFAULT_LANGUAGE:
        return page
    found = [
        file.name
        for section in _LOADED_TEXTS
        for file in build.glob(f"assets/texts-{section}-{language}-*.js")
    ]
    links = "".join(
        f'<link rel="modulepreload" crossorigin href="{base_path}/assets/{name}">' for name in found
    )
    html = f'<html lang="{language}" dir="{LANGUAGES[language]}">'
    return page.replace(_HTML, html, 1).replace(_END_OF_HEAD, links + _END_OF_HEAD, 1)


def _page(
    request: Request,
    page: Encoded | None,
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    if page is None:
        return HTMLResponse(_NOT_BUILT, status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    given = {"Cache-Control": "no-cache", **(headers or {})}
    return page.response(request, media_type="text/html", status=status, headers=given)
