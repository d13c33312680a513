"""The interface between an engine and the application above it."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Union

import msgspec
from msgspec import Struct

from parlour.engine.connection import Connection
from parlour.engine.session import Reason


class EventRejection(StrEnum):
    """The reason for which an event does not reach `on_event`. The connection stays open."""

    UNKNOWN_EVENT = "unknown event"
    INVALID_ARGUMENTS = "invalid arguments"
    BINARY = "binary attachments are not supported"


class Application(Protocol):
    """The application above the engine. Calls for a connection come in order, never concurrently.

    A method may return an awaitable: then the next call for that connection waits until it is done. A
    method that returns None costs no task. An exception is logged and counted, and ends neither the
    connection nor the engine.
    """

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> Awaitable[None] | None:
        """Answer now or later with `connection.accept()`, `refuse()` or `wait()`.

        A connection without an answer loses its transport after `Options.connect_timeout`.
        """

    def on_event(
        self, connection: Connection, name: str, payload: Any, ack_id: int | None
    ) -> Awaitable[None] | None:
        """Handle an event. `payload` has the type that `EventTypes` declares for `name`.

        If `ack_id` is not None, the client waits for `connection.ack(ack_id, …)`.
        """

    def on_refused_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> Awaitable[None] | None:
        """Handle an event that the client may not send; `detail` explains the fault to people."""

    def on_disconnect(self, connection: Connection, reason: Reason) -> Awaitable[None] | None:
        """Handle the end of a connection: the last call for it, made once unless `on_connect` refused it."""


_check = msgspec.json.Decoder(msgspec.Raw).decode


class KnownEvent(Struct, array_like=True, frozen=True, gc=False):
    """The arguments of an event of known type; surplus arguments are ignored, as JavaScript functions do.

    The array's first element, the event's name, is the tag by which msgspec chooses the subclass.
    """

    name: ClassVar[str]
    payload: ClassVar[Any] = None


class EventTypes:
    """The events that clients may send, and the type of each payload.

    `types` maps a name to the type of its first argument, None for an event without arguments. With
    `any_event`, other events are accepted too; their payload is the list of their arguments.
    """

    def __init__(self, types: Mapping[str, Any], *, any_event: bool = False) -> None:
        self._names = types.keys()
        self._any = msgspec.json.Decoder(list[Any]) if any_event else None
        known: Any = str  # a type that no array has
        if types:
            known = Union[tuple(_known_event(*one) for one in types.items())]  # noqa: UP007 - however many
        self.decode_known: Callable[[bytes | str], KnownEvent] = msgspec.json.Decoder(known).decode
        """Decodes a JSON array whose first element is a name of `types`. Raises `messages.JSON_ERRORS`."""

    def knows(self, name: str) -> bool:
        return name in self._names or self._any is not None

    def decode(self, name: str, arguments: str) -> Any:
        """Return the payload of an event. Raises UnknownEvent or `messages.JSON_ERRORS`."""
        if name in self._names:
            return self.decode_known(arguments).payload
        if self._any is None:
            _check(arguments)
            raise UnknownEvent(name)
        return self._any.decode(arguments)[1:]


def _known_event(name: str, kind: Any) -> type[KnownEvent]:
    fields: list[Any] = [] if kind is None else [("payload", kind)]
    event: Any = msgspec.defstruct(
        "Event", fields, bases=(KnownEvent,), namespace={"name": name}, tag=name, frozen=True, gc=False
    )
    known: type[KnownEvent] = event
    return known


class UnknownEvent(Exception):
    """No client event has this name."""
