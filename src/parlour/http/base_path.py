"""Serves everything below the path of the public URL."""

from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """The outermost ASGI layer: takes `base`, such as `/meet`, off the paths of HTTP requests.

    A reverse proxy may pass the path on or remove it, so a path that does not begin with it stays as it is.
    WebSockets do not come this way: the engine knows the path by itself (`Options.prefix`).
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
