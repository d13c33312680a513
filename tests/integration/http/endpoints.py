"""The endpoints of the contract, each with a body that has the right shape."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Endpoint:
    """`optional` members may be absent or null; `query` is what stands in place of a body."""

    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    needs_identity: bool = True
    needs_body: bool = True

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
        {"name": "x", "password": "x", "description": "x", "creator": "x", "listed": True},
        optional=("listed",),
    ),
    Endpoint("POST", "/room/access", {"name": "no such room", "password": "x"}),
    Endpoint(
        "POST",
        "/room/check",
        {"username": "x", "limit": 1, "after": "x"},
        optional=("username", "limit", "after"),
        needs_identity=False,
        needs_body=False,
    ),
    Endpoint(
        "POST",
        "/message",
        {"roomname": "no such room", "email": "x@example.org", "message": "x", "message_id": "x"},
        optional=("email", "message_id"),
    ),
    Endpoint("POST", "/invitation", {"email": ["x@example.org"], "room": "no such room"}),
    Endpoint("POST", "/invitation/check", {"email": "x@example.org", "room": "no such room"}),
    Endpoint("POST", "/event", {"room": "no such room"}),
    Endpoint(
        "POST",
        "/event/log",
        {"email": "x@example.org", "name": "no such room", "move": "j"},
        optional=("email",),
    ),
)

WITH_BODY = tuple(endpoint for endpoint in ENDPOINTS if endpoint.body)
BESIDE = (
    Endpoint("GET", "/message", query=("roomname",)),
    Endpoint("GET", "/invitation", query=("room",)),
    Endpoint("GET", "/event/log", query=("room",)),
    Endpoint("GET", "/ice"),
    Endpoint("GET", "/account/export"),
    Endpoint("PUT", "/client/password", {"password": "x", "new_password": "x"}),
    Endpoint("PUT", "/client/email", {"password": "x", "email": "x@example.org"}),
    Endpoint("POST", "/account/deletion", {"password": "x"}),
    Endpoint("GET", "/session"),
    Endpoint("POST", "/invitation/link", {"token": "x"}, needs_identity=False),
    Endpoint("POST", "/invitation/guest", {"token": "x"}, needs_identity=False),
    Endpoint("POST", "/link", {"token": "x"}, needs_identity=False),
    Endpoint("PUT", "/session", {"remember": True}),
    Endpoint("DELETE", "/session"),
    Endpoint("DELETE", "/session/{session_id}"),
    Endpoint("GET", "/room/creation"),
    Endpoint("GET", "/room/admission", query=("room",)),
    Endpoint("GET", "/room/entry", query=("name",)),
    Endpoint("PUT", "/account/name", {"displayName": None}),
    Endpoint("GET", "/room/ban", query=("room",)),
    Endpoint("POST", "/room/ban", {"room": "no such room", "email": "x@example.org"}),
    Endpoint("POST", "/room/unban", {"room": "no such room", "email": "x@example.org"}),
    Endpoint("POST", "/room/remove", {"room": "no such room"}),
)
"""What Parlour has beside the contract, for those who are logged in."""
