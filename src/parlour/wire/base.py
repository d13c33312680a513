"""What the wire's types are made of: text without NUL, names, passwords, addresses, times."""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic.alias_generators import to_camel

USERNAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_-]{3,23}$"
ROOM_NAME_LENGTH = 64
CHAT_TEXT_LENGTH = 4000
EMAIL_LENGTH = 254
PASSWORD_LENGTH = (8, 128)

_NO_NUL = r"^[^\u0000]*$"
_NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
"""No control characters (C0, DEL, C1) and no line or paragraph separators: text of one line."""
_NO_CONTROL_NOT_BLANK = _NO_CONTROL[:-1] + r"[^\s\u0000-\u001f\u007f-\u009f]" + _NO_CONTROL[1:]

# Reserved on the internet, in use inside networks of one's own; the library is told by this list alone.
for _private in ("local", "localhost", "test"):
    if _private in SPECIAL_USE_DOMAIN_NAMES:
        SPECIAL_USE_DOMAIN_NAMES.remove(_private)


def parsed_email(text: str) -> str:
    """The address in its normal form (RFC 5321, without quoting or address literals).

    Addresses inside a private network (`ann@office.local`, `bob@localhost`) are addresses too, but a
    domain without a dot is more often a slip of the finger. Raises ValueError.
    """
    try:
        email = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError("this is not an email address") from error
    if "." not in email.domain and email.ascii_domain != "localhost":
        raise ValueError("this is not an email address")
    # Some characters become three where case is folded.
    if max(len(email.normalized), len(email_key(email.normalized))) > EMAIL_LENGTH:
        raise ValueError("this email address is too long")
    return email.normalized


def deliverable_email(email: str) -> str:
    """The address as mail servers take it: an international domain in ASCII (RFC 5891)."""
    parsed = validate_email(email, check_deliverability=False, globally_deliverable=False)
    return f"{parsed.local_part}@{parsed.ascii_domain}"


def email_key(email: str) -> str:
    """What makes two addresses the same one: they are compared without regard to case."""
    return email.casefold()


def username_key(username: str) -> str:
    return username.casefold()


def room_key(name: str) -> str:
    return name.strip().casefold()


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own (RFC 6761, RFC 1122)."""
    host = host.lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Text = Annotated[str, StringConstraints(pattern=_NO_NUL)]
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=320, pattern=_NO_CONTROL),
    AfterValidator(parsed_email),
    Field(json_schema_extra={"format": "email"}, examples=["ann@example.org"]),
]
Username = Annotated[str, StringConstraints(pattern=USERNAME_PATTERN), Field(examples=["ann-lee"])]
Password = Annotated[
    str,
    StringConstraints(min_length=PASSWORD_LENGTH[0], max_length=PASSWORD_LENGTH[1], pattern=_NO_NUL),
    Field(examples=["correct horse battery"]),
]
RoomName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ROOM_NAME_LENGTH, strip_whitespace=True, pattern=_NO_CONTROL),
    Field(examples=["Garden"], json_schema_extra={"pattern": _NO_CONTROL_NOT_BLANK}),
]
ChatText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=CHAT_TEXT_LENGTH, pattern=_NO_NUL),
    Field(examples=["Hello, everybody"]),
]
Timestamp = Annotated[
    datetime,
    PlainSerializer(iso, return_type=str),
    Field(examples=["2026-11-22T18:30:00.000Z"]),
]


class Body(BaseModel):
    """A JSON object of the API; members that it does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class CamelBody(Body):
    """A JSON object whose members are written in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)
