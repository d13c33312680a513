"""An invitation to an event as an iCalendar object (RFC 5545), which calendars take over. Pure."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from parlour.mail.contents import RoomInvitation
from parlour.mail.quotation import quotable

_LONGEST_LINE = 75
"""Octets, without the line break (RFC 5545, section 3.1)."""
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def event_calendar(content: RoomInvitation, *, public_url: str) -> str | None:
    """Return the calendar's text; None where the invitation says no time.

    A later mail about the same event replaces its entry, which has the same UID and an older DTSTAMP. The
    link is the room's page without the invitation's token: people share their calendars.
    """
    starts_at, link = content.starts_at, content.link
    if not content.is_event or starts_at is None or link is None:
        return None
    page = f"{public_url}{content.path}"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Parlour//Parlour//EN",
        "BEGIN:VEVENT",
        f"UID:event-{link.room_id}@{urlsplit(public_url).hostname or 'parlour'}",
        f"DTSTAMP:{_utc(datetime.fromtimestamp(link.issued_at, UTC))}",
        f"DTSTART:{_utc(starts_at)}",
        *_end(starts_at, content.duration_minutes),
        f"SUMMARY:{quotable(content.room).translate(_ESCAPED)}",
        f"LOCATION:{page.translate(_ESCAPED)}",
        f"URL:{page}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _end(starts_at: datetime, minutes: int | None) -> list[str]:
    """Say when the event ends; one without an end is a moment (section 3.6.1)."""
    return [] if minutes is None else [f"DTEND:{_utc(starts_at + timedelta(minutes=minutes))}"]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


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
