"""What letters say, in both parts, whatever names are in them."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.mail.contents import (
    ClientVerification,
    Content,
    EmailChangeConfirmation,
    EmailChangeNotice,
    GuestVerification,
    InvitationLink,
    Mail,
    PasswordReset,
    RegistrationLink,
    RoomInvitation,
    VerificationLink,
)
from parlour.mail.rendering import MailRenderer, RenderedMail
from parlour.rooms.entities import room_path


def id_of(link: VerificationLink | RegistrationLink | InvitationLink) -> str:
    if isinstance(link, InvitationLink):
        return str(link.room_id)
    return link.registration_id if isinstance(link, RegistrationLink) else link.verification_id


RENDERER = MailRenderer(
    public_url="https://meet.example.org/parlour/",
    sender="parlour@example.org",
    sign=lambda link: f"t.o.k-{id_of(link)}",
)
LINK = VerificationLink(verification_id="7", user_id=1, purpose="any", issued_at=0, expires_at=60)
REGISTRATION = RegistrationLink(registration_id="8", issued_at=0, expires_at=60)
TAGS = {"html", "head", "meta", "title", "body", "table", "tr", "td", "p", "a"}


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "a":
            self.links.append(dict(attributes)["href"] or "")
            assert {name for name, _ in attributes} <= {"href", "style"}

    def handle_data(self, data: str) -> None:
        self.text += data


def mail_of(content: Content) -> RenderedMail:
    return RENDERER.render(Mail("bob@example.org", content))


def invitation(room: str, *, is_event: bool = False) -> RenderedMail:
    return mail_of(RoomInvitation(inviter="ann-lee", room=room, path=room_path(room), is_event=is_event))


GUEST = mail_of(GuestVerification(link=LINK, lifetime="one hour", guest_lifetime="30 minutes"))


@pytest.mark.parametrize(
    ("mail", "link"),
    [
        (
            mail_of(ClientVerification(username="ann-lee", link=REGISTRATION, lifetime="one hour")),
            "https://meet.example.org/parlour/verifyclient/t.o.k-8",
        ),
        (GUEST, "https://meet.example.org/parlour/verifyguest/t.o.k-7"),
        (
            mail_of(PasswordReset(username="ann-lee", link=LINK, lifetime="one hour")),
            "https://meet.example.org/parlour/reset#t.o.k-7",
        ),
        (
            mail_of(EmailChangeConfirmation(username="ann-lee", link=LINK, lifetime="one hour")),
            "https://meet.example.org/parlour/verifyemail#t.o.k-7",
        ),
        (
            mail_of(
                EmailChangeNotice(
                    username="ann-lee", new_email="eve@example.org", link=LINK, lifetime="one hour"
                )
            ),
            "https://meet.example.org/parlour/stopemail#t.o.k-7",
        ),
        (invitation("Garden & Co/7"), "https://meet.example.org/parlour/r/Garden%20%26%20Co%2F7"),
    ],
    ids=["client", "guest", "password", "email", "stop", "invitation"],
)
def test_both_parts_hold_the_link(mail: RenderedMail, link: str) -> None:
    assert link in mail.text.splitlines()
    assert Page(mail.html).links == [link, link]
    assert mail.subject
    assert len(mail.subject.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("José", "Hello José,"),
        ("李小龍", "Hello 李小龍,"),
        ("שלום", "Hello \u2068שלום\u2069,"),
        ("Your bank: https://evil.example", "Hello Your bank: https: / /evil. example,"),
        (None, "Hello ann-lee,"),
    ],
)
def test_a_letter_greets_by_the_display_name(name: str | None, greeted: str) -> None:
    """It is quoted, since anybody can register with somebody else's address."""
    content = ClientVerification(
        username="ann-lee", display_name=name, link=REGISTRATION, lifetime="one hour"
    )
    mail = mail_of(content)
    assert mail.text.splitlines()[0] == greeted
    assert greeted in Page(mail.html).text
    assert (name or "ann-lee") not in mail.subject


def test_a_guest_who_gives_a_name_is_greeted_by_it() -> None:
    content = GuestVerification(display_name="Mira", link=LINK, lifetime="one hour", guest_lifetime="an hour")
    assert mail_of(content).text.startswith("Hello Mira,\n")
    assert GUEST.text.startswith("Hello,\n")


def test_letters_say_how_long_links_work() -> None:
    for part in (GUEST.text, Page(GUEST.html).text):
        assert "one hour" in part
        assert "30 minutes" in part


@pytest.mark.parametrize("is_event", [True, False])
def test_an_invitation_says_what_it_is_to(is_event: bool) -> None:
    mail = invitation("Garden", is_event=is_event)
    kind = "event" if is_event else "room"
    assert f"ann-lee has invited you to the {kind} “Garden”" in mail.text
    assert "bob@example.org" in mail.text


@given(st.text(min_size=1, max_size=64))
def test_a_rooms_name_is_text_and_never_markup(room: str) -> None:
    page = Page(invitation(f"</p><script>alert(1)</script>{room}").html)
    assert page.tags <= TAGS
    assert all(link.startswith("https://meet.example.org/parlour/r/") for link in page.links)


@pytest.mark.parametrize("is_event", [True, False])
@pytest.mark.parametrize(
    "room", ["https://evil.example/login", "Your account is locked, call 555", "\u202eelpmaxe"]
)
def test_nothing_that_a_stranger_chose_is_in_the_subject(room: str, is_event: bool) -> None:
    mail = invitation(room, is_event=is_event)
    what = "an event" if is_event else "a room"
    assert mail.subject == f"ann-lee has invited you to {what} on meet.example.org"
    assert mail.subject in Page(mail.html).text, "the title"
    assert f"Open the {what.split()[1]}:" in mail.text


@pytest.mark.parametrize(
    ("room", "quoted"),
    [
        ("Garden", "Garden"),
        ("https://evil.example/login?x=1", "https: / /evil. example/login?x=1"),
        ("www.evil.example", "www. evil. example"),
        ("evil。example", "evil。 example"),
        ("evil.123abc.com", "evil. 123abc. com"),
        ("192.0.2.7/login", "192. 0. 2.7/login"),
        ("eve@evil.example", "eve@ evil. example"),
        ("mailto:eve", "mailto: eve"),
        ("Release 2.0, 10:30", "Release 2.0, 10:30"),
        ("a\u202eb\u2069c", "abc"),
        ("שלום", "\u2068שלום\u2069"),
    ],
)
def test_a_quoted_name_holds_no_link_and_turns_nothing_around(room: str, quoted: str) -> None:
    assert f"“{quoted}”" in invitation(room).text
    assert f"“{quoted}”" in Page(invitation(room).html).text
