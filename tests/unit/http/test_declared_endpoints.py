"""What endpoints say of themselves agrees with what they ask of `Identification`."""

import json
from math import inf, nan
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ValidationError

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


@pytest.fixture
def bodies(routes: list[Any]) -> list[type[BaseModel]]:
    said = [route for route in routes if endpoint_of(route) is not None]
    return models({param.field_info.annotation for route in said for param in route.dependant.body_params})


@pytest.mark.parametrize(
    ("declared", "others"), [("boolean", (1, "true", 0.0)), ("integer", (True, "5", 5.5, inf, nan))]
)
def test_a_body_takes_no_other_type_than_it_declares(
    bodies: list[type[BaseModel]], declared: str, others: tuple[object, ...]
) -> None:
    members = [(body, name) for body in bodies for name in members_of(body, declared)]
    assert len(members) > 1
    for body, name in members:
        for other in others:
            assert (name,) in faults(body, name, other), (body, name, other)


def test_a_body_takes_an_integer_within_declared_bounds_however_it_is_written(
    bodies: list[type[BaseModel]],
) -> None:
    members = [(body, name) for body in bodies for name in members_of(body, "integer")]
    assert len(members) > 1
    for body, name in members:
        for written in ("5", "5.0", "50e-1"):
            assert (name,) not in faults(body, name, json.loads(written)), (body, name, written)
        (declared,) = [one for one in types_of(body, name) if one.get("type") == "integer"]
        for outside in (declared["minimum"] - 1, declared["maximum"] + 1.0):
            assert (name,) in faults(body, name, outside), (body, name, outside)


def faults(body: type[BaseModel], name: str, value: object) -> list[tuple[str | int, ...]]:
    """Return where a body that has this member alone is not valid, and what it lacks."""
    try:
        body.model_validate({name: value})
    except ValidationError as refused:
        return [error["loc"] for error in refused.errors()]
    return []


def models(annotations: set[Any]) -> list[type[BaseModel]]:
    found = {model for annotation in annotations for model in (annotation, *get_args(annotation))}
    return [model for model in found if isinstance(model, type) and issubclass(model, BaseModel)]


def members_of(body: type[BaseModel], declared: str) -> list[str]:
    """Return the names of a body's members that are of this JSON type, also beside `null`."""
    return [
        name
        for name in body.model_json_schema()["properties"]
        if declared in (one.get("type") for one in types_of(body, name))
    ]


def types_of(body: type[BaseModel], name: str) -> list[dict[str, Any]]:
    """Return the schema of a member, and the schemas of which it has one."""
    schema = body.model_json_schema()["properties"][name]
    return [schema, *schema.get("anyOf", ())]
