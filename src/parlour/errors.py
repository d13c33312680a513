"""The base of all refusals: what Parlour answers when it will not do what was asked."""

import math
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a request that does not fit; `field` is a dotted path such as `email.0`."""

    field: str
    message: str


class Refusal(Exception):
    """A request that was understood and is refused.

    A subclass is a noun whose docstring is the sentence that people read. `code` is a stable
    snake_case word for programs and `status` the HTTP status (RFC 9110). One handler turns a
    refusal into problem+json (RFC 9457), another into a Socket.IO acknowledgement.
    """

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(self.sentence())
        self.fields = fields

    @classmethod
    def sentence(cls) -> str:
        return " ".join((cls.__doc__ or cls.code).split())

    @property
    def message(self) -> str:
        return self.sentence()


class InvalidRequest(Refusal):
    """Some of this isn't valid. Please check it and try again."""

    code = "invalid_request"
    status = 422


class IdentityRequired(Refusal):
    """Please log in first."""

    code = "identity_required"
    status = 401


class InvalidToken(Refusal):
    """This session is no longer valid. Please log in again."""

    code = "invalid_token"
    status = 401


class NotTheCaller(Refusal):
    """You can't act on behalf of someone else."""

    code = "not_the_caller"
    status = 403


class OriginNotAllowed(Refusal):
    """Parlour can't be used at this address."""

    code = "origin_not_allowed"
    status = 403

    def __init__(self, *, expected: str = "") -> None:
        """`expected` is the address that people open, so that whoever came by another finds the way."""
        super().__init__()
        self._expected = expected

    @property
    def message(self) -> str:
        return f"{self.sentence()} Open {self._expected} instead." if self._expected else self.sentence()


class PreflightRefused(Refusal):
    """This website isn't allowed to send requests here."""

    code = "preflight_refused"
    status = 403


class NotFound(Refusal):
    """There is nothing at this address."""

    code = "not_found"
    status = 404


class MethodNotAllowed(Refusal):
    """This address doesn't support that method."""

    code = "method_not_allowed"
    status = 405


class MalformedRequest(Refusal):
    """This isn't a valid HTTP request."""

    code = "malformed_request"
    status = 400


class HeadTooLarge(Refusal):
    """The address or the headers of the request are too large."""

    code = "head_too_large"
    status = 431


class RequestTooLarge(Refusal):
    """The request is too large."""

    code = "request_too_large"
    status = 413


class TryLater(Refusal):
    """Please try again in a moment."""

    def __init__(self, *, retry_after: float = 1.0) -> None:
        """`retry_after` is in seconds."""
        super().__init__()
        self.retry_after = max(1, math.ceil(retry_after))


class RateLimited(TryLater):
    """You're doing that too often. Please wait a moment and try again."""

    code = "rate_limited"
    status = 429


class Busy(TryLater):
    """Too many people are logging in right now. Please try again in a few seconds."""

    code = "busy"
    status = 503


class InternalError(Refusal):
    """Something went wrong on the server. It has been logged; please try again."""

    code = "internal_error"
    status = 500


class Unavailable(Refusal):
    """Parlour can't do this right now. Please try again in a moment."""

    code = "unavailable"
    status = 503
