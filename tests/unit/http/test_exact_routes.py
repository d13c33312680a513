"""The index of routes chooses the route that trying all in turn would choose."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import BaseRoute, Match, Route

from parlour.app import Parlour
from parlour.http.exact_routes import ExactRoutes
from parlour.settings import Settings

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[BaseRoute]:
    folder: Path = tmp_path_factory.mktemp("data")
    return Parlour(Settings(data_dir=folder), port=8000).fastapi.router.routes


def chosen(routes: list[BaseRoute], scope: dict[str, Any]) -> tuple[Any, Any]:
    """Return the endpoint and the parameters of the route that a request takes."""
    for route in routes:
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            return child_scope["endpoint"], child_scope["path_params"]
    return None, None


@given(data=st.data())
def test_each_request_takes_the_same_route_as_without_the_index(
    routes: list[BaseRoute], data: st.DataObject
) -> None:
    assert isinstance(routes[0], ExactRoutes)
    known = [route.path for route in routes if isinstance(route, Route)]
    path = data.draw(st.sampled_from(known) | st.text(max_size=5).map(lambda text: f"/{text}"))
    changed = data.draw(st.sampled_from([path, path + "/", path.upper(), path[:-1], "/" + path, path + "/x"]))
    kind = data.draw(st.sampled_from(["http", "websocket"]))
    scope = {"type": kind, "method": data.draw(st.sampled_from(METHODS)), "path": changed, "headers": []}
    assert chosen(routes, dict(scope)) == chosen(routes[1:], dict(scope))


def test_the_everyday_requests_are_in_the_index(routes: list[BaseRoute]) -> None:
    for method, path in (("GET", "/refresh"), ("POST", "/room/check"), ("GET", "/room/entry")):
        match, _ = routes[0].matches({"type": "http", "method": method, "path": path, "headers": []})
        assert match is Match.FULL


def test_a_route_with_parameters_that_comes_first_is_not_passed_by() -> None:
    async def endpoint(_request: Any) -> Any: ...

    first, second = Route("/room/{name}", endpoint), Route("/room/check", endpoint)
    scope = {"type": "http", "method": "GET", "path": "/room/check", "headers": []}
    assert ExactRoutes([first, second]).matches(scope)[0] is Match.NONE
    assert ExactRoutes([second, first]).matches(scope)[0] is Match.FULL
