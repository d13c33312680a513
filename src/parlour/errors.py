"""The base of all refusals: what Parlour answers when it will not do what was asked."""

import math
from dataclasses import dataclass
from typing import ClassVar

from parlour.texts import FIELD_FAULTS, REFUSALS


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a request that does not fit; `field` is a dotted path such as `email.0`.

    `code` is empty where the form of the value is at fault, which clients can check themselves.
    """

    field: str
    message: str
    code: str = ""

    @classmethod
    def coded(cls, field: str, code: str) -> "FieldError":
        """A fault by its code, with its sentence from `texts.FIELD_FAULTS`."""
        return cls(field, FIELD_FAULTS[code], code)


class Refusal(Exception):
    """A request that was understood and is refused.

    A subclass is a noun. `code` is a stable snake_case word for programs, by which `texts.REFUSALS` has the
    sentence that people read, and `status` is the HTTP status (RFC 9110). One handler turns a refusal into
    problem+json (RFC 9457), another into a Socket.IO acknowledgement.
    """

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(self.sentence())
        self.fields = fields

    @classmethod
    def sentence(cls) -> str:
        return REFUSALS[cls.code]

    @property
    def message(self) -> str:
        return self.sentence()


class InvalidRequest(Refusal):
    code = "invalid_request"
    status = 422


class IdentityRequired(Refusal):
    code = "identity_required"
    status = 401


class InvalidToken(Refusal):
    code = "invalid_token"
    status = 401


class NotTheCaller(Refusal):
    code = "not_the_caller"
    status = 403


class OriginNotAllowed(Refusal):
    code = "origin_not_allowed"
    status = 403

    def __init__(self, *, expected: str = "") -> None:
        """Name `expected`, the public URL, in the sentence for users who opened another address."""
        super().__init__()
        self._expected = expected

    @property
    def message(self) -> str:
        return f"{self.sentence()} Open {self._expected} instead." if self._expected else self.sentence()


class PreflightRefused(Refusal):
    code = "preflight_refused"
    status = 403


class NotFound(Refusal):
    code = "not_found"
    status = 404


class MethodNotAllowed(Refusal):
    code = "method_not_allowed"
    status = 405


class MalformedRequest(Refusal):
    code = "malformed_request"
    status = 400


class HeadTooLarge(Refusal):
    code = "head_too_large"
    status = 431


class RequestTooLarge(Refusal):
    code = "request_too_large"
    status = 413


class TryLater(Refusal):
    """A refusal that ends by itself: its answer has `Retry-After`."""

    def __init__(self, *, retry_after: float = 1.0) -> None:
        """`retry_after` is in seconds."""
        super().__init__()
        self.retry_after = max(1, math.ceil(retry_after))


class RateLimited(TryLater):
    code = "rate_limited"
    status = 429


class Busy(TryLater):
    code = "busy"
    status = 503


class InternalError(Refusal):
    code = "internal_error"
    status = 500


class Unavailable(Refusal):
    code = "unavailable"
    status = 503


class Draining(Refusal):
    """This node is about to end: another one is to be asked."""

    code = "draining"
    status = 503
