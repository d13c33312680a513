"""The public URL's path is taken off requests that have it, and is not asked of others."""

import pytest
from starlette.types import Receive, Scope, Send

from parlour.engine.options import Options
from parlour.http.base_path import BasePath


@pytest.mark.parametrize(
    ("base", "asked", "path"),
    [
        ("/meet", "/meet", "/"),
        ("/meet", "/meet/", "/"),
        ("/meet", "/meet/room/check", "/room/check"),
        ("/meet", "/room/check", "/room/check"),
        ("/meet", "/meeting", "/meeting"),
        ("/meet", "/meet/meet/x", "/meet/x"),
        ("/a/b", "/a/b/r/x", "/r/x"),
        ("/a/b", "/a/r/x", "/a/r/x"),
        ("", "/room/check", "/room/check"),
    ],
)
async def test_paths(base: str, asked: str, path: str) -> None:
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["path"])

    async def unused() -> None:
        raise AssertionError

    await BasePath(app, base)({"type": "http", "path": asked}, unused, unused)  # type: ignore[arg-type]
    assert seen == [path]


@pytest.mark.parametrize(
    ("path", "serves"),
    [
        ("/socket.io", True),
        ("/socket.io/", True),
        ("/meet/socket.io/", True),
        ("/meet/socket.io", True),
        ("/meet/meet/socket.io/", False),
        ("/meetsocket.io/", False),
        ("/other/socket.io/", False),
        ("/meet", False),
    ],
)
def test_paths_of_the_engine(path: str, serves: bool) -> None:
    assert Options(prefix="/meet").serves(path) is serves
