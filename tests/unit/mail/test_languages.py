"""Mails in every language: nothing is missing, and names in them stay what they are."""

import string
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

import parlour.mail
from parlour.languages import LANGUAGES, plural_category
from parlour.mail.catalogue import mail_texts
from parlour.mail.contents import (
    AccountWasDeleted,
    ClientVerification,
    Content,
    EmailChangeConfirmation,
    EmailChangeNotice,
    EmailWasChanged,
    EventCancelled,
    EventMoved,
    GuestVerification,
    InvitationLink,
    Mail,
    PasswordReset,
    PasswordWasChanged,
    RegistrationLink,
    RoomInvitation,
    VerificationLink,
)
from parlour.mail.rendering import MailRenderer

RENDERER = MailRenderer(
    public_url="https://meet.example.org", sender="parlour@example.org", sign=lambda _link: "t.o.k"
)
LINK = VerificationLink(verification_id="7", user_id=1, purpose="any", issued_at=0, expires_at=60)
REGISTRATION = RegistrationLink(registration_id="8", issued_at=0, expires_at=60)
INVITATION = InvitationLink(room_id=7, email="bob@example.org", issued_at=0, expires_at=60)
AT = datetime(2026, 12, 1, tzinfo=UTC)
CATALOGUES = Path(parlour.mail.__file__).parent / "texts"
TEXTS = {
    language: msgspec.json.decode((CATALOGUES / f"{language}.json").read_bytes()) for language in LANGUAGES
}
OTHERS = [language for language in LANGUAGES if language != "en"]


def every_kind(language: str) -> list[Content]:
    account = {"language": language, "username": "ann-lee"}
    timed = {**account, "lifetime": mail_texts(language).duration(timedelta(hours=1))}
    invitation = {"language": language, "inviter": "ann-lee", "room": "Garden", "path": "/r/Garden"}
    contents = [
        ({**timed, "link": REGISTRATION}, ClientVerification),
        ({**timed, "guest_lifetime": "30", "link": LINK}, GuestVerification),
        ({**timed, "link": LINK}, PasswordReset),
        (account, PasswordWasChanged),
        ({**timed, "link": LINK}, EmailChangeConfirmation),
        ({**timed, "new_email": "eve@example.org", "link": LINK}, EmailChangeNotice),
        ({**account, "new_email": "eve@example.org"}, EmailWasChanged),
        (account, AccountWasDeleted),
        ({**invitation, "is_event": False}, RoomInvitation),
        ({**invitation, "is_event": True}, RoomInvitation),
        ({**invitation, "sequence": 1, "link": INVITATION}, EventMoved),
        ({**invitation, "sequence": 1, "room_id": 7, "starts_at": AT, "cancelled_at": 0}, EventCancelled),
    ]
    return [msgspec.convert(msgspec.to_builtins(values), kind, strict=False) for values, kind in contents]


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_text_with_the_same_values(language: str) -> None:
    english, texts = TEXTS["en"], TEXTS[language]
    plain = {key for key in english if not key.startswith("duration.")}
    assert {key for key in texts if not key.startswith("duration.")} == plain
    assert {key for key in plain if fields_of(texts[key]) != fields_of(english[key])} == set()
    # "Parlour" alone may stay as it is.
    assert {key for key in plain if texts[key] == english[key]} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_of_every_unit_can_be_said(language: str) -> None:
    wanted = {
        f"duration.{unit}.{plural_category(language, count)}"
        for unit in ("hours", "minutes", "seconds")
        for count in range(200)
    }
    assert {key for key in TEXTS[language] if key.startswith("duration.")} == wanted


@pytest.mark.parametrize(
    ("language", "minutes", "text"),
    [
        ("en", 60, "one hour"),
        ("en", 30, "30 minutes"),
        ("en", 0.5, "30 seconds"),
        ("de", 120, "2 Stunden"),
        ("ru", 22, "22 минуты"),
        ("ar", 2, "دقيقتان"),
    ],
)
def test_durations(language: str, minutes: float, text: str) -> None:
    assert mail_texts(language).duration(timedelta(minutes=minutes)) == text


class Root(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.attributes = dict(attributes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_can_be_written(language: str) -> None:
    subjects = set()
    for content in every_kind(language):
        mail = RENDERER.render(Mail("bob@example.org", content))
        for part in (mail.subject, mail.text):
            assert not {"{", "}"} & set(part)
        assert len(mail.subject.splitlines()) == 1
        subjects.add(mail.subject)
        root = Root(mail.html).attributes
        assert root["lang"] == language
        assert root.get("dir", "ltr") == LANGUAGES[language]
    assert len(subjects) == 12


def test_names_are_isolated_in_right_to_left_mails_and_never_interpreted() -> None:
    content = RoomInvitation(language="ar", inviter="ann-lee", room="{host} {0}", path="/r/x", is_event=False)
    text = RENDERER.render(Mail("bob@example.org", content)).text
    assert "«\u2068{host} {0}\u2069»" in text
    assert "(\u2068bob@example.org\u2069)" in text


def test_a_mail_in_a_language_of_another_version_is_english() -> None:
    content = PasswordWasChanged(language="tlh", username="ann-lee")
    assert RENDERER.render(Mail("bob@example.org", content)).subject == "Your Parlour password was changed"


def test_a_mail_that_an_older_version_queued_is_english() -> None:
    stored = b'{"kind":"PasswordWasChanged","username":"ann-lee"}'
    assert msgspec.json.decode(stored, type=Content).language == "en"
