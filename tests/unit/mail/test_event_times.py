"""Mails about events say when they start, and bring a file that calendars take over (iTIP)."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.languages import LANGUAGES
from parlour.mail.calendar import Calendar, event_calendar
from parlour.mail.contents import (
    Content,
    EventCancelled,
    EventMoved,
    InvitationLink,
    Mail,
    RoomInvitation,
)
from parlour.mail.rendering import MailRenderer, RenderedMail

RENDERER = MailRenderer(
    public_url="https://meet.example.org/parlour/",
    sender="parlour@meet.example.org",
    sign=lambda _link: "t.o.k",
)
AT = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
LINK = InvitationLink(room_id=7, email="bob@example.org", issued_at=1_795_743_000, expires_at=1_795_829_400)
INVITATION = RoomInvitation(inviter="ann-lee", room="Garden", path="/r/Garden", is_event=True, link=LINK)
MOVED = EventMoved(inviter="ann-lee", room="Garden", path="/r/Garden", sequence=2, link=LINK, starts_at=AT)
CANCELLED = EventCancelled(
    inviter="ann-lee",
    inviter_name='Ann "Lee"',
    room="Garden",
    path="/r/Garden",
    sequence=3,
    room_id=7,
    starts_at=AT,
    cancelled_at=1_795_743_000,
)


def invitation(**values: object) -> RoomInvitation:
    return msgspec.structs.replace(INVITATION, **values)


def mail_of(content: Content) -> RenderedMail:
    return RENDERER.render(Mail("bob@example.org", content))


def unfolded(calendar: Calendar | None) -> dict[str, str]:
    assert calendar is not None
    lines = calendar.text.replace("\r\n ", "").split("\r\n")
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
    assert calendar.method == "REQUEST"
    assert unfolded(calendar) == {
        "BEGIN": "VEVENT",
        "VERSION": "2.0",
        "PRODID": "-//Parlour//Parlour//EN",
        "METHOD": "REQUEST",
        "UID": "event-7@meet.example.org",
        "DTSTAMP": "20261127T013000Z",
        "SEQUENCE": "0",
        "STATUS": "CONFIRMED",
        "DTSTART": "20261130T233000Z",
        "DTEND": "20261201T010000Z",
        "SUMMARY": "Garden",
        'ORGANIZER;CN="ann-lee"': "mailto:parlour@meet.example.org",
        "ATTENDEE;RSVP=FALSE": "mailto:bob@example.org",
        "LOCATION": "https://meet.example.org/parlour/r/Garden",
        "URL": "https://meet.example.org/parlour/r/Garden",
        "END": "VCALENDAR",
        "": "",
    }
    assert "t.o.k" not in calendar.text, "calendars are shared, the link is the invitee's alone"
    assert "DTEND" not in unfolded(mail_of(invitation(starts_at=AT)).calendar)


@pytest.mark.parametrize("without", [{"starts_at": None}, {"is_event": False}, {"link": None}])
def test_nothing_is_attached_without_a_time(without: dict[str, object]) -> None:
    assert mail_of(invitation(**{"starts_at": AT} | without)).calendar is None


def test_an_event_that_moves_is_the_same_event_with_a_higher_sequence() -> None:
    first, moved = mail_of(invitation(starts_at=AT)), mail_of(MOVED)
    assert unfolded(moved.calendar)["UID"] == unfolded(first.calendar)["UID"]
    assert unfolded(moved.calendar) | {"SEQUENCE": "0"} == unfolded(first.calendar)
    assert "ann-lee has changed when the event “Garden” takes place." in moved.text.splitlines()
    assert "2026-12-01 00:30 (UTC+01:00)" in moved.text
    assert "/r/Garden#invitation=t.o.k" in moved.text
    again = mail_of(invitation(starts_at=AT, sequence=2))
    assert unfolded(again.calendar) == unfolded(moved.calendar), "whoever is invited later gets the same"


def test_a_later_room_of_the_same_id_has_an_event_of_its_own() -> None:
    """SQLite gives the id of a removed room again."""
    created = datetime(2026, 11, 27, 6, 30, 1, 5, UTC)
    uids = [
        unfolded(mail_of(msgspec.structs.replace(content, room_created_at=at, starts_at=AT)).calendar)["UID"]
        for at in (created, created + timedelta(microseconds=1))
        for content in (INVITATION, MOVED, CANCELLED)
    ]
    first, later = uids[0], uids[3]
    assert uids == [first] * 3 + [later] * 3 and first != later
    assert first == "event-7-20261127T063001000005Z@meet.example.org"


def test_an_event_without_a_time_leaves_calendars() -> None:
    undated = mail_of(msgspec.structs.replace(MOVED, starts_at=None))
    assert undated.calendar is not None and undated.calendar.method == "CANCEL"
    assert unfolded(undated.calendar).keys().isdisjoint({"DTSTART", "DTEND"})
    assert "A new date hasn't been set yet." in undated.text.splitlines()


def test_an_event_that_is_cancelled() -> None:
    mail = mail_of(CANCELLED)
    assert mail.subject == "ann-lee has cancelled an event on meet.example.org"
    assert "It was planned for 2026-12-01 00:30 (UTC+01:00)." in mail.text.splitlines()
    assert mail.calendar is not None and mail.calendar.method == "CANCEL"
    lines = unfolded(mail.calendar)
    assert (lines["METHOD"], lines["STATUS"], lines["SEQUENCE"]) == ("CANCEL", "CANCELLED", "3")
    assert lines["ORGANIZER;CN=\"Ann 'Lee'\""] == "mailto:parlour@meet.example.org"


def test_an_address_is_one_uri_of_the_calendar() -> None:
    odd = RENDERER.render(Mail('"a:b%c"@bücher.example', CANCELLED)).calendar
    assert unfolded(odd)["ATTENDEE;RSVP=FALSE"] == "mailto:%22a%3Ab%25c%22@b%C3%BCcher.example"


@given(st.text(min_size=1, max_size=64))
def test_a_name_is_one_value_of_the_calendar(room: str) -> None:
    name = "".join(room.splitlines())
    plain, calendar = (
        event_calendar(
            content,
            recipient="bob@example.org",
            organizer="parlour@meet.example.org",
            public_url="https://meet.example.org",
        )
        for content in (invitation(starts_at=AT), invitation(starts_at=AT, room=name))
    )
    assert calendar is not None and plain is not None
    assert unfolded(calendar).keys() == unfolded(plain).keys()
    lines = calendar.text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
