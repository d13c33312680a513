"""Invitations to events say when they start, in the mail and in the calendar that is attached."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.languages import LANGUAGES
from parlour.mail.calendar import event_calendar
from parlour.mail.contents import Content, InvitationLink, Mail, RoomInvitation
from parlour.mail.rendering import MailRenderer, RenderedMail

RENDERER = MailRenderer(public_url="https://meet.example.org/parlour/", sign=lambda _link: "t.o.k")
AT = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
LINK = InvitationLink(room_id=7, email="bob@example.org", issued_at=1_795_743_000, expires_at=1_795_829_400)
INVITATION = RoomInvitation(inviter="ann-lee", room="Garden", path="/r/Garden", is_event=True, link=LINK)


def invitation(**values: object) -> RoomInvitation:
    return msgspec.structs.replace(INVITATION, **values)


def mail_of(content: RoomInvitation) -> RenderedMail:
    return RENDERER.render(Mail("bob@example.org", content))


def unfolded(calendar: str | None) -> dict[str, str]:
    lines = (calendar or "").replace("\r\n ", "").split("\r\n")
    return {name: value for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize(
    ("starts_at", "minutes", "sentence"),
    [
        (AT, None, "It starts on 2026-12-01 00:30 (UTC+01:00), which is 2026-11-30 23:30 UTC."),
        (AT.astimezone(UTC), None, "It starts on 2026-11-30 23:30 UTC."),
        (AT.astimezone(UTC), 90, "It starts on 2026-11-30 23:30 UTC. Duration: 90 minutes."),
    ],
)
def test_the_mail_says_when(starts_at: datetime, minutes: int | None, sentence: str) -> None:
    mail = mail_of(invitation(starts_at=starts_at, duration_minutes=minutes))
    assert sentence in mail.text.splitlines()
    assert sentence in mail.html


def test_the_outbox_keeps_the_offset() -> None:
    stored = msgspec.json.encode(invitation(starts_at=AT, duration_minutes=90))
    assert mail_of(msgspec.json.decode(stored, type=Content)) == mail_of(
        invitation(starts_at=AT, duration_minutes=90)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_both_times(language: str) -> None:
    text = mail_of(invitation(language=language, starts_at=AT, duration_minutes=120)).text
    for time in ("2026-12-01 00:30 (UTC+01:00)", "2026-11-30 23:30 UTC"):
        assert time in text


def test_the_calendar_of_an_event() -> None:
    calendar = mail_of(invitation(starts_at=AT, duration_minutes=90)).calendar
    assert calendar is not None
    assert unfolded(calendar) == {
        "BEGIN": "VEVENT",
        "VERSION": "2.0",
        "PRODID": "-//Parlour//Parlour//EN",
        "UID": "event-7@meet.example.org",
        "DTSTAMP": "20261127T013000Z",
        "DTSTART": "20261130T233000Z",
        "DTEND": "20261201T010000Z",
        "SUMMARY": "Garden",
        "LOCATION": "https://meet.example.org/parlour/r/Garden",
        "URL": "https://meet.example.org/parlour/r/Garden",
        "END": "VCALENDAR",
        "": "",
    }
    assert "t.o.k" not in calendar, "calendars are shared, the link is the invitee's alone"
    assert "DTEND" not in unfolded(mail_of(invitation(starts_at=AT)).calendar)


@pytest.mark.parametrize("without", [{"starts_at": None}, {"is_event": False}, {"link": None}])
def test_nothing_is_attached_without_a_time(without: dict[str, object]) -> None:
    assert mail_of(invitation(**{"starts_at": AT} | without)).calendar is None


@given(st.text(min_size=1, max_size=64))
def test_a_name_is_one_value_of_the_calendar(room: str) -> None:
    name = "".join(room.splitlines())
    plain = event_calendar(invitation(starts_at=AT), public_url="https://meet.example.org")
    calendar = event_calendar(invitation(starts_at=AT, room=name), public_url="https://meet.example.org")
    assert calendar is not None and plain is not None
    assert unfolded(calendar).keys() == unfolded(plain).keys()
    lines = calendar.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
