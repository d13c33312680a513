"""Generates from `wire` the web client's wire.gen.ts and pages.gen.ts, and the tables of docs/protocol.md.

`python -m parlour.wire.export` writes them, with `--check` it fails where they differ.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from parlour.wire import http
from parlour.wire.asyncapi import event_schemas, sentence
from parlour.wire.base import (
    CHAT_TEXT_LENGTH,
    DESCRIPTION_LENGTH,
    PASSWORD_LENGTH,
    ROOM_PASSWORD_LENGTH,
    USERNAME_LENGTH,
    Body,
)
from parlour.wire.events import RateKind
from parlour.wire.names import ROOM_NAME_LENGTH
from parlour.wire.pages import PAGES, client_pattern
from parlour.wire.signaling import (
    CLIENT_EVENTS,
    LEGACY_DESCRIPTION_EVENT,
    SERVER_EVENTS,
    DescriptionFromPeer,
)

ROOT = Path(__file__).parents[3]
TYPESCRIPT = ROOT / "web" / "src" / "wire.gen.ts"
PAGES_TYPESCRIPT = TYPESCRIPT.with_name("pages.gen.ts")
PROTOCOL = ROOT / "docs" / "protocol.md"
HEADER = "// Generated from src/parlour/wire by `make generate`. Do not edit.\n"


def http_models() -> list[type[BaseModel]]:
    models = [
        value
        for value in vars(http).values()
        if isinstance(value, type) and issubclass(value, Body) and value.__module__ == http.__name__
    ]
    return sorted(models, key=lambda model: model.__name__)


def json_schema() -> dict[str, Any]:
    """One JSON Schema of everything that crosses the network, by type name."""
    _, schema = models_json_schema(
        [(model, "serialization") for model in http_models()],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = schema["$defs"]
    clashes = definitions.keys() & event_schemas().keys()
    if clashes:
        raise ValueError(f"two types of one name: {sorted(clashes)}")
    return dict(sorted((definitions | event_schemas()).items()))


def typescript() -> str:
    blocks = [HEADER, *(_declaration(name, schema) for name, schema in json_schema().items())]
    client = {name: event.__name__ if event.has_payload else "void" for name, event in CLIENT_EVENTS.items()}
    acks = {name: f"{event.acknowledgement.__name__} | Rejected" for name, event in CLIENT_EVENTS.items()}
    server = {name: kind.__name__ for name, kind in SERVER_EVENTS.items()}
    blocks += [
        _mapping("ClientEvents", "What a client sends, by event name.", client),
        _mapping("Acknowledgements", "What an event is acknowledged with.", acks),
        _mapping("ServerEvents", "What the server sends, by event name.", server),
        _client_limits(),
    ]
    return "\n".join(blocks)


LIMITS = {
    "chatText": CHAT_TEXT_LENGTH,
    "description": DESCRIPTION_LENGTH,
    "eventMinutes": http.LONGEST_EVENT_MINUTES,
    "passwordLeast": PASSWORD_LENGTH[0],
    "password": PASSWORD_LENGTH[1],
    "roomName": ROOM_NAME_LENGTH,
    "roomPassword": ROOM_PASSWORD_LENGTH,
    "roomsAsked": http.MOST_ROOMS_ASKED,
    "usernameLeast": USERNAME_LENGTH[0],
    "username": USERNAME_LENGTH[1],
}


def _client_limits() -> str:
    lines = [f"  {name}: {limit}," for name, limit in LIMITS.items()]
    comment = "/** Lengths of texts are in code points; `roomsAsked` counts the rooms of one request. */"
    return "\n".join([comment, "export const LIMITS = {", *lines, "} as const;", ""])


def _mapping(name: str, comment: str, members: dict[str, str]) -> str:
    lines = [f"  {_key(key)}: {value};" for key, value in members.items()]
    return "\n".join([f"/** {comment} */", f"export interface {name} {{", *lines, "}", ""])


def _declaration(name: str, schema: dict[str, Any]) -> str:
    comment = _comment(schema.get("description"), "")
    if not schema.get("properties"):
        return f"{comment}export type {name} = Record<string, never>;\n"
    return f"{comment}export interface {name} {{\n{''.join(_members(schema))}}}\n"


def _members(schema: dict[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, member in schema["properties"].items():
        # a constant with a default is always sent by the server, and may be left out by a client
        is_constant = "default" in member and (len(member.get("enum", ())) == 1 or "const" in member)
        optional = "" if name in required or is_constant else "?"
        yield _comment(member.get("description"), "  ")
        yield f"  {_key(name)}{optional}: {_type(member)};\n"


def _comment(text: str | None, indent: str) -> str:
    return f"{indent}/** {' '.join(text.split())} */\n" if text else ""


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        inner = _type(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    simple = {
        "string": "string",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
        "null": "null",
    }
    return simple.get(schema.get("type", ""), "unknown")


def pages() -> str:
    lines = [f"  {name}: {json.dumps(client_pattern(path))}," for name, path in PAGES.items()]
    return "\n".join(
        [HEADER, "/** The paths of all pages. */", "export const PAGES = {", *lines, "} as const;", ""]
    )


_RATES = {
    RateKind.RELAY: "a relay, and by its bytes",
    RateKind.ENTRY: "an entry",
    RateKind.CHAT: "a chat message",
    RateKind.OTHER: "another event",
}
"""Rates are called as the settings call them (docs/settings.md)."""


def protocol_tables() -> dict[str, str]:
    """The generated parts of docs/protocol.md, by the name of their markers."""
    schemas = event_schemas()
    client = [
        f"| `{name}` | {_shape(event, schemas) if event.has_payload else '–'} | {sentence(event)} | "
        f"{_shape(event.acknowledgement, schemas)} | {_RATES[event.rate]} |"
        for name, event in CLIENT_EVENTS.items()
    ]
    events = {**SERVER_EVENTS, LEGACY_DESCRIPTION_EVENT: DescriptionFromPeer}
    server = [f"| `{name}` | {_shape(kind, schemas)} | {sentence(kind)} |" for name, kind in events.items()]
    parts = [
        f"| `{name}` | {member} | `{_type(shape)}`{_limits(shape)} |"
        for name, schema in schemas.items()
        for member, shape in ((f"`{key}`", value) for key, value in schema.get("properties", {}).items())
    ]
    return {
        "client events": "\n".join(
            [
                "| event | payload | what it asks for | acknowledged with | counts as |",
                "| --- | --- | --- | --- | --- |",
                *client,
            ]
        ),
        "server events": "\n".join(["| event | payload | what it says |", "| --- | --- | --- |", *server]),
        "types": "\n".join(["| type | member | shape |", "| --- | --- | --- |", *parts]),
    }


def _shape(kind: type, schemas: dict[str, Any]) -> str:
    schema = schemas[kind.__name__]
    required = set(schema.get("required", ()))
    members = [name if name in required or name == "ok" else f"{name}?" for name in schema["properties"]]
    return f"`{{{', '.join(members)}}}`"


def _limits(schema: dict[str, Any]) -> str:
    options = [schema, *schema.get("anyOf", ())]
    limits = []
    for option in options:
        if "minLength" in option:
            limits.append(f"at least {option['minLength']}")
        if "maxLength" in option:
            limits.append(f"at most {option['maxLength']} characters")
        if "maximum" in option:
            limits.append(f"{option.get('minimum', 0)} to {option['maximum']}")
    return f", {', '.join(limits)}" if limits else ""


def protocol(document: str) -> str:
    """The document with its generated parts made anew."""
    for name, table in protocol_tables().items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(document):
            raise ValueError(f"docs/protocol.md lacks {begin}")
        block = f"{begin}\n{table}\n{end}"
        document = block.join(pattern.split(document))
    return document


def main() -> int:
    wanted = {
        TYPESCRIPT: typescript(),
        PAGES_TYPESCRIPT: pages(),
        PROTOCOL: protocol(PROTOCOL.read_text(encoding="utf-8")),
    }
    if "--check" not in sys.argv[1:]:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        path.relative_to(ROOT)
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        sys.stderr.write(f"{path} is out of date: run `make generate`.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
