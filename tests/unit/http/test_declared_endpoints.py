"""What endpoints say of themselves agrees with what they ask of `Identification`."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from parlour.app import Parlour
from parlour.settings import Settings
from parlour.wire.endpoint import CallerKind, endpoint_of

ASKED = {"required": CallerKind.CALLER, "writing": CallerKind.WRITER, "optional": CallerKind.OPTIONAL}
"""The methods of `Identification` that routes depend on."""


@pytest.fixture
def routes(tmp_path: Path) -> list[Any]:
    parlour = Parlour(Settings(data_dir=tmp_path, _env_file=None), port=8000)
    found = list(iter_route_contexts(parlour.fastapi.routes))
    parlour.accounts.passwords.close()
    return found


def test_the_declared_caller_is_the_one_that_is_identified(routes: list[Any]) -> None:
    declared = {route.path: endpoint_of(route) for route in routes}
    assert declared["/room/entry"] is not None
    for route in routes:
        said = endpoint_of(route)
        if said is None:
            continue
        asked = [ASKED[dependency.call.__name__] for dependency in route.dependant.dependencies]
        if asked:
            assert [said.caller] == asked, route.path
        else:
            assert not said.caller.needs_identity, route.path
            assert said.caller is not CallerKind.OPTIONAL, route.path


def test_everything_in_the_document_says_so_at_its_route(routes: list[Any]) -> None:
    silent = [
        route.path
        for route in routes
        if getattr(route, "include_in_schema", False) and endpoint_of(route) is None
    ]
    assert silent == []
