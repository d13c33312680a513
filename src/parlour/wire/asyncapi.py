"""AsyncAPI 3 of the Socket.IO events, from the types of `wire.signaling`."""

from typing import Any

import msgspec

from parlour.wire.events import ClientEvent, Rejected
from parlour.wire.signaling import (
    CLIENT_EVENTS,
    LEGACY_DESCRIPTION_EVENT,
    SERVER_EVENTS,
    ConnectAuth,
    DescriptionFromPeer,
)

REF = "#/components/schemas/{name}"


def event_schemas() -> dict[str, Any]:
    """JSON Schemas of everything that signaling sends, by type name."""
    kinds: list[type] = [
        *(event for event in CLIENT_EVENTS.values() if event.has_payload),
        *SERVER_EVENTS.values(),
        *{event.acknowledgement for event in CLIENT_EVENTS.values()},
        Rejected,
        ConnectAuth,
    ]
    kinds.sort(key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(kinds, ref_template=REF)
    return dict(sorted(components.items()))


def sentence(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


def asyncapi(*, version: str) -> dict[str, Any]:
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, kind in CLIENT_EVENTS.items():
        key = f"client-{name}"
        messages[key] = {"name": name, "summary": sentence(kind), "payload": _payload(kind)}
        operations[f"receive-{name}"] = _operation("receive", key) | {
            "reply": {"channel": _channel(), "messages": [_reference(f"acknowledge-{name}")]}
        }
        messages[f"acknowledge-{name}"] = {
            "name": f"acknowledgement of {name}",
            "payload": {"oneOf": [_schema(kind.acknowledgement.__name__), _schema(Rejected.__name__)]},
        }
    server_events: dict[str, type] = {**SERVER_EVENTS, LEGACY_DESCRIPTION_EVENT: DescriptionFromPeer}
    for name, event in server_events.items():
        key = f"server-{name}"
        messages[key] = {"name": name, "summary": sentence(event), "payload": _schema(event.__name__)}
        operations[f"send-{name}"] = _operation("send", key)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parlour signaling",
            "version": version,
            "description": "Socket.IO protocol 5 at /socket.io, default namespace. Messages are the "
            "events' first arguments; the `auth` of the CONNECT is the schema ConnectAuth.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "signaling": {
                "address": "/socket.io",
                "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in messages},
            }
        },
        "operations": operations,
        "components": {"messages": messages, "schemas": event_schemas()},
    }


def _payload(kind: type[ClientEvent]) -> dict[str, Any]:
    if not kind.has_payload:
        return {"description": "None; what a client sends here is passed over."}
    return _schema(kind.__name__)


def _schema(name: str) -> dict[str, Any]:
    return {"$ref": REF.format(name=name)}


def _channel() -> dict[str, str]:
    return {"$ref": "#/channels/signaling"}


def _reference(key: str) -> dict[str, str]:
    return {"$ref": f"#/channels/signaling/messages/{key}"}


def _operation(action: str, key: str) -> dict[str, Any]:
    return {"action": action, "channel": _channel(), "messages": [_reference(key)]}
