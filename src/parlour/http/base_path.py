"""Serve everything below the path of the public URL."""

from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """The outermost ASGI layer: it removes `base`, such as `/meet`, from the paths of HTTP requests.

    A reverse proxy may keep or strip the prefix, so a path that does not begin with it stays as it is.
    WebSockets do not pass this layer: the engine knows the prefix (`Options.prefix`).
    """

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            rest = path.removeprefix(self._base)
            if rest != path and (not rest or rest.startswith("/")):
                scope["path"] = rest or "/"
        await self._app(scope, receive, send)
