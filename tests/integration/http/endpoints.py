"""All endpoints, each with a body of the right shape.

Those of the contract are written out, since they are fixed to the letter. All others are read from the
routes, so that tests cover a new endpoint as soon as it exists.
"""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter

from parlour.app import Parlour
from parlour.settings import Settings
from parlour.wire.endpoint import endpoint_of


@dataclass(frozen=True)
class Endpoint:
    """An endpoint and a valid request. `optional` members may be absent or null; `query` replaces a body."""

    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    needs_identity: bool = True
    needs_body: bool = True
    takes_body: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ENDPOINTS = (
    Endpoint(
        "POST",
        "/guest",
        {"email": "x@example.org", "displayName": "x"},
        optional=("displayName",),
        needs_identity=False,
    ),
    Endpoint("PUT", "/guest/verify", query=("token",), needs_identity=False),
    Endpoint(
        "POST",
        "/client",
        {"email": "x@example.org", "username": "xxxx", "password": "xxxxxxxx", "displayName": "x"},
        optional=("displayName",),
        needs_identity=False,
    ),
    Endpoint(
        "POST",
        "/client/login",
        {"username": "x", "password": "x", "remember_device": False, "remember": False},
        optional=("remember_device", "remember"),
        needs_identity=False,
    ),
    Endpoint("PUT", "/client/verify", query=("token",), needs_identity=False),
    Endpoint("PUT", "/logout", needs_identity=False),
    Endpoint("GET", "/refresh", needs_identity=False),
    Endpoint(
        "POST",
        "/room",
        {
            "name": "x",
            "password": "x",
            "description": "x",
            "creator": "x",
            "listed": True,
            "relay_only": False,
            "topology": "auto",
            "encryption": "auto",
        },
        optional=("listed", "relay_only", "topology", "encryption"),
    ),
    Endpoint("POST", "/room/access", {"name": "no such room", "password": "x"}),
    Endpoint(
        "POST",
        "/room/check",
        {"username": "x", "limit": 1, "after": "x", "search": "x", "mine": False},
        optional=("username", "limit", "after", "search", "mine"),
        needs_identity=False,
        needs_body=False,
    ),
    Endpoint(
        "POST",
        "/message",
        {
            "roomname": "no such room",
            "email": "x@example.org",
            "message": "x",
            "message_id": "x",
            "reply_to": "x",
        },
        optional=("email", "message_id", "reply_to"),
    ),
    Endpoint("POST", "/invitation", {"email": ["x@example.org"], "room": "no such room"}),
    Endpoint("POST", "/invitation/check", {"email": "x@example.org", "room": "no such room"}),
    Endpoint(
        "POST",
        "/event",
        {"room": "no such room", "starts_at": "2026-12-01T15:00:00+01:00", "duration_minutes": 1},
        optional=("starts_at", "duration_minutes"),
    ),
    Endpoint(
        "POST",
        "/event/log",
        {"email": "x@example.org", "name": "no such room", "move": "j"},
        optional=("email",),
    ),
)

WITH_BODY = tuple(endpoint for endpoint in ENDPOINTS if endpoint.body)


def _beside() -> tuple[Endpoint, ...]:
    """Collect the endpoints outside the contract from their routes."""
    with TemporaryDirectory() as folder:
        parlour = Parlour(Settings(data_dir=Path(folder), _env_file=None), port=8000)
        routes = list(iter_route_contexts(parlour.fastapi.routes))
        parlour.accounts.passwords.close()
    known = {str(endpoint) for endpoint in ENDPOINTS}
    found = (_endpoint(route) for route in routes if endpoint_of(route) is not None)
    return tuple(endpoint for endpoint in found if str(endpoint) not in known)


def _endpoint(route: Any) -> Endpoint:
    said = endpoint_of(route)
    assert said is not None
    (method,) = route.methods
    body = route.body_field
    return Endpoint(
        method,
        route.path,
        {} if body is None else _sample(TypeAdapter(body.field_info.annotation).json_schema()),
        query=tuple(field.alias for field in route.dependant.query_params if field.field_info.is_required()),
        needs_identity=said.caller.needs_identity,
        needs_body=body is not None and body.field_info.is_required(),
        takes_body=body is not None,
    )


def _sample(schema: dict[str, Any]) -> dict[str, Any]:
    """Make a body of the right shape without effect: its members are the schema's examples, or harmless."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    kind = kinds[0]
    if "$ref" in kind:
        kind = schema["$defs"][kind["$ref"].rsplit("/", 1)[1]]
    members = kind["properties"]
    return {
        name: HARMLESS[name] if name in HARMLESS else _value(members[name])
        for name in kind.get("required", ())
    }


HARMLESS: dict[str, Any] = {
    "password": "x",
    "room": "no such room",
    "roomname": "no such room",
    "name": "no such room",
    "rooms": ["no such room"],
}


def _value(schema: dict[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "anyOf" in schema:
        return None
    return {"boolean": True, "integer": 1, "string": "x"}[schema["type"]]


BESIDE = _beside()
"""The endpoints that Parlour has beside the contract."""
ALL_WITH_BODY = (*WITH_BODY, *(endpoint for endpoint in BESIDE if endpoint.takes_body))
