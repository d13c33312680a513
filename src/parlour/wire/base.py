"""Building blocks of the wire's types: text without NUL, names, passwords, times."""

import re
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from parlour.wire.addresses import parsed_email
from parlour.wire.names import NEW_NAME_PATTERN, ROOM_NAME_LENGTH, parsed_name

CHAT_TEXT_LENGTH = 4000
PASSWORD_LENGTH = (8, 128)
USERNAME_LENGTH = (4, 24)
ROOM_PASSWORD_LENGTH = 128
DESCRIPTION_LENGTH = 1000
USERNAME_PATTERN = rf"^[A-Za-z_][A-Za-z0-9_-]{{{USERNAME_LENGTH[0] - 1},{USERNAME_LENGTH[1] - 1}}}$"

RoomTopology = Literal["auto", "mesh", "sfu"]
"""The way in which media of a room's calls are to travel. `auto` follows the number of people, and what their
clients bear.
"""
RoomEncryption = Literal["auto", "on", "off"]
"""Says if a room's calls go through an SFU encrypted end to end: always (`on`), never (`off`), or as the
server's setting says.
"""

NO_NUL = r"^[^\u0000]*$"
NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
"""No control characters (C0, DEL, C1) and no line or paragraph separators: text of one line."""
_NO_CONTROL_NOT_BLANK = NO_CONTROL[:-1] + r"[^\s\u0000-\u001f\u007f-\u009f]" + NO_CONTROL[1:]


def username_key(username: str) -> str:
    return username.casefold()


def is_loopback(host: str) -> bool:
    """Return True if a host's name or address is this machine's own (RFC 6761, RFC 1122)."""
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


MESSAGE_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
Text = Annotated[str, StringConstraints(pattern=NO_NUL)]
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=320, pattern=NO_CONTROL),
    AfterValidator(parsed_email),
    Field(json_schema_extra={"format": "email"}, examples=["ann@example.org"]),
]
Username = Annotated[str, StringConstraints(pattern=USERNAME_PATTERN), Field(examples=["ann-lee"])]
Password = Annotated[
    str,
    StringConstraints(min_length=PASSWORD_LENGTH[0], max_length=PASSWORD_LENGTH[1], pattern=NO_NUL),
    Field(examples=["correct horse battery"]),
]
RoomName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ROOM_NAME_LENGTH, strip_whitespace=True, pattern=NO_CONTROL),
    Field(examples=["Garden"], json_schema_extra={"pattern": _NO_CONTROL_NOT_BLANK}),
]
"""Any name that a room has ever had: an old room can be entered and removed, whatever the rules for new
names say.
"""
NewRoomName = Annotated[
    RoomName, AfterValidator(parsed_name), Field(json_schema_extra={"pattern": NEW_NAME_PATTERN})
]
DisplayName = Annotated[
    NewRoomName, Field(examples=["李小龍"], description="In any script, beside the username.")
]
"""A name by the rules for new rooms: visible, on one line, NFC, without controls of direction."""
ChatText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=CHAT_TEXT_LENGTH, pattern=NO_NUL),
    Field(examples=["Hello, everybody"]),
]
Timestamp = Annotated[
    datetime,
    PlainSerializer(iso, return_type=str),
    Field(examples=["2026-11-22T18:30:00.000Z"]),
]

_DAY = (
    "20[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))|20(?:[02468][048]|[13579][26])-02-29"
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_OFFSET = "(?:[Zz]|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
ZONED_TIME_PATTERN = f"^(?:{_DAY})[Tt]{_TIME}{_OFFSET}$"
"""RFC 3339 of this century, without leap seconds: days that exist, and offsets that some clock has."""
_ZONED_TIME = re.compile(ZONED_TIME_PATTERN)


def parsed_zoned_time(value: object) -> datetime:
    """Parse RFC 3339; the result keeps the offset. Raises ValueError."""
    if not isinstance(value, str) or not _ZONED_TIME.fullmatch(value):
        raise ValueError("use a date and time with an offset from UTC, such as 2026-11-22T19:30:00+01:00")
    return datetime.fromisoformat(value.upper())


ZonedTime = Annotated[
    datetime,
    BeforeValidator(parsed_zoned_time),
    WithJsonSchema(
        {"type": "string", "pattern": ZONED_TIME_PATTERN, "examples": ["2026-11-22T19:30:00+01:00"]}
    ),
]


_BYTES_OF_A_MESSAGE = 256
"""UTF-8. A longer text counts as several messages: a slow reader gets every byte of it."""


def message_cost(text: str) -> int:
    """Count the messages of the chat's rates that a text uses up."""
    return 1 + len(text.encode("utf-8", "surrogatepass")) // _BYTES_OF_A_MESSAGE


class Body(BaseModel):
    """A JSON object of the API; members that it does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)


class CamelBody(Body):
    """A JSON object whose members are written in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)
