"""An HTTP endpoint declares itself at its route: its callers, its refusals, its entry of the audit log.

OpenAPI's `security`, the audit log and the tests that sweep all endpoints read it there, so that a new
endpoint is in all of them from its first line.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from parlour.errors import IdentityRequired, InvalidToken, RateLimited, Refusal
from parlour.wire.refusals import refusals

_KEY = "x-parlour-endpoint"


class CallerKind(Enum):
    """The kinds of callers that an endpoint may have."""

    ANYONE = auto()
    """Anyone, logged in or not; a token is not looked at."""
    OPTIONAL = auto()
    """Anyone; a token that is sent has to be valid."""
    FORMER = auto()
    """Anyone; a token counts even after its session has ended."""
    COOKIE = auto()
    """The cookie's owner; an access token does not count."""
    CALLER = auto()
    """A person who is logged in (`Identification.required`)."""
    WRITER = auto()
    """A person who is logged in and has not written too often (`Identification.writing`)."""

    @property
    def needs_identity(self) -> bool:
        return self in (CallerKind.CALLER, CallerKind.WRITER)


_REFUSED_BY_IDENTIFICATION: dict[CallerKind, tuple[type[Refusal], ...]] = {
    CallerKind.OPTIONAL: (InvalidToken,),
    CallerKind.CALLER: (IdentityRequired, InvalidToken),
    CallerKind.WRITER: (RateLimited, IdentityRequired, InvalidToken),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRule:
    """The audit log's entry for a request that succeeded; GET and HEAD leave none.

    An empty `code` stands for method and path. `by_link`: the token of a mailed link proves who acts, and
    works once, so that nobody makes many entries of it.
    """

    kind: str = "change"
    code: str = ""
    is_kept: bool = True
    by_link: bool = False


NOT_KEPT = AuditRule(is_kept=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The declaration of an endpoint, without its refusals: those are in its responses."""

    caller: CallerKind = CallerKind.ANYONE
    audit: AuditRule = field(default=AuditRule())
    needs_database: bool = True


def endpoint(
    caller: CallerKind,
    *refused: type[Refusal],
    description: str,
    audit: AuditRule | None = None,
    needs_database: bool = True,
) -> dict[str, Any]:
    """Return what `APIRouter.get`, `post`, `put` or `delete` takes beside the path: `**endpoint(...)`.

    `refused` is all that the use case raises; what identification refuses is added.
    """
    said = Endpoint(caller=caller, audit=audit or AuditRule(), needs_database=needs_database)
    return {
        "description": description,
        "responses": refusals(*refused, *_REFUSED_BY_IDENTIFICATION.get(caller, ())),
        "openapi_extra": {_KEY: said},
    }


def endpoint_of(route: object) -> Endpoint | None:
    """Read a route's declaration; None for a route of the web client or of the descriptions."""
    extra = getattr(route, "openapi_extra", None) or {}
    said = extra.get(_KEY)
    return said if isinstance(said, Endpoint) else None


def without_declaration(operation: dict[str, Any]) -> None:
    """Remove the declaration from an operation of OpenAPI, which shows only what follows from it."""
    operation.pop(_KEY, None)
