"""The base of declarations of signaling events; the events are declared in `wire.signaling`.

The event's class is its one declaration. The dispatcher, the rate limiter, the audit log, AsyncAPI, the
tables of docs/protocol.md and the web client's types read it there. What they say of it is data
(`__doc__ = …`): `python -OO` strips docstrings.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

Short = Annotated[str, Meta(max_length=256)]


class RateKind(IntEnum):
    """Which of a person's rates an event counts against; each has a setting of its own."""

    RELAY = 0
    ENTRY = 1
    CHAT = 2
    OTHER = 3
    RELAY_BYTES = 4
    """Relays count a second time, by size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Which outcomes of an event the audit log records."""

    forbidden: bool = False
    """A refusal for want of permission (status 403), under its own code."""
    done: str | None = None
    """The code under which success is recorded, as a change of roles."""


def _wire_name(attribute: str) -> str:
    head, *tail = attribute.split("_")
    return head + "".join("ID" if word == "id" else word.capitalize() for word in tail)


class Payload(Struct, frozen=True, gc=False, rename=_wire_name):
    """A member of an event that is an object of its own."""


class Accepted(Struct, frozen=True):
    __doc__ = "The acknowledgement of an event that was carried out."

    ok: Literal[True] = True


class Rejected(Struct, frozen=True):
    __doc__ = "The acknowledgement of an event that was refused."

    code: str
    message: str
    ok: Literal[False] = False


class ServerEvent(Struct, frozen=True, gc=False, rename=_wire_name):
    """An event that the server sends; `event` is its name, `__doc__` says what it tells."""

    event: ClassVar[str]


class ClientEvent(Struct, frozen=True, gc=False, rename=_wire_name):
    """An event that a client sends; `__doc__` says what it asks for, the fields are its payload."""

    event: ClassVar[str]
    """Its name."""
    has_payload: ClassVar[bool] = True
    """False where a payload, if a client sends one, is passed over."""
    rate: ClassVar[RateKind] = RateKind.OTHER
    acknowledgement: ClassVar[type[Struct]] = Accepted
    """The acknowledgement of success; that of a refusal is always `Rejected`."""
    audit: ClassVar[Audited] = Audited()
    relayed_as: ClassVar[type[ServerEvent] | None] = None
    """The event that the addressed peer gets; None if the event is for the server."""

    def units(self) -> int:
        """Return the number of units of its rate that the event costs."""
        return 1

    def is_valid(self) -> bool:
        """Check the event's texts beyond what their types say."""
        return True

    def audit_subject(self) -> str:
        """Return the subject of the event's entry in the audit log."""
        return self.event
