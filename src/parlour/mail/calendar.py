"""An event as an iCalendar object (RFC 5545), which calendars take over by iTIP (RFC 5546). Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlsplit

from parlour.mail.contents import Content, EventCancelled, EventMoved, RoomInvitation
from parlour.mail.quotation import quotable

_LONGEST_LINE = 75
"""Octets, without the line break (RFC 5545, section 3.1)."""
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_OF_ADDRESSES = "@!$&'*+=~._-"
"""Characters of addresses that a URI may have as they are (RFC 6068)."""

Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The text of an iCalendar object, and what a calendar is to do with it."""

    method: Method
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """The entry of an event in a calendar."""

    room_id: int
    method: Method
    stamp: int
    starts_at: datetime | None


def event_calendar(content: Content, *, recipient: str, organizer: str, public_url: str) -> Calendar | None:
    """Return what is attached to a mail about an event; None where no calendar can have the event.

    All mails about an event have one UID, so that a later one, of a higher SEQUENCE, replaces the entry or
    takes it away. The link is the room's page without the invitation's token: people share their calendars.
    The organizer is the address that sends the mails: no invitee learns the creator's.
    """
    if not isinstance(content, RoomInvitation | EventMoved | EventCancelled):
        return None
    entry = _entry(content)
    if entry is None:
        return None
    page = f"{public_url}{content.path}"
    uid = f"event-{_event_key(entry.room_id, content.room_created_at)}"
    name = content.inviter_name or content.inviter
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Parlour//Parlour//EN",
        f"METHOD:{entry.method}",
        "BEGIN:VEVENT",
        f"UID:{uid}@{urlsplit(public_url).hostname or 'parlour'}",
        f"DTSTAMP:{_utc(datetime.fromtimestamp(entry.stamp, UTC))}",
        f"SEQUENCE:{content.sequence}",
        f"STATUS:{'CONFIRMED' if entry.method == 'REQUEST' else 'CANCELLED'}",
        *_times(entry.starts_at, content.duration_minutes),
        f"SUMMARY:{quotable(content.room).translate(_ESCAPED)}",
        f"ORGANIZER;CN={_parameter(quotable(name))}:{_mailbox(organizer)}",
        f"ATTENDEE;RSVP=FALSE:{_mailbox(recipient)}",
        f"LOCATION:{page.translate(_ESCAPED)}",
        f"URL:{page}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return Calendar(entry.method, "".join(f"{_folded(line)}\r\n" for line in lines))


def _entry(content: RoomInvitation | EventMoved | EventCancelled) -> _Entry | None:
    """Return None for an invitation that says no time. An event that loses its time leaves calendars."""
    starts_at = content.starts_at
    if isinstance(content, EventCancelled):
        room_id, stamp = content.room_id, content.cancelled_at
        return _Entry(room_id=room_id, method="CANCEL", stamp=stamp, starts_at=starts_at)
    link = content.link
    if link is None or (isinstance(content, RoomInvitation) and (starts_at is None or not content.is_event)):
        return None
    method: Method = "CANCEL" if starts_at is None else "REQUEST"
    return _Entry(room_id=link.room_id, method=method, stamp=link.issued_at, starts_at=starts_at)


def _event_key(room_id: int, created_at: datetime | None) -> str:
    """Tell an event from all others, also of earlier rooms: SQLite gives the id of a removed room again."""
    return str(room_id) if created_at is None else f"{room_id}-{created_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"


def _times(starts_at: datetime | None, minutes: int | None) -> list[str]:
    """Say when the event starts and ends; one without an end is a moment (RFC 5545, section 3.6.1)."""
    if starts_at is None:
        return []
    end = [] if minutes is None else [f"DTEND:{_utc(starts_at + timedelta(minutes=minutes))}"]
    return [f"DTSTART:{_utc(starts_at)}", *end]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _mailbox(address: str) -> str:
    return f"mailto:{quote(address, safe=_OF_ADDRESSES)}"


def _parameter(text: str) -> str:
    """Quote the value of a parameter, which can hold no quotation marks (RFC 5545, section 3.1)."""
    return f'"{text.replace(chr(34), chr(39))}"'


def _folded(line: str) -> str:
    """Break a long line before the character that exceeds it; its continuation starts with a space."""
    parts, length = [""], 0
    for character in line:
        size = len(character.encode())
        if length + size > _LONGEST_LINE:
            parts.append("")
            length = 1
        parts[-1] += character
        length += size
    return "\r\n ".join(parts)
