"""What letters say, in both parts, whatever names are in them."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.mail.letters import Letter, Letters
from parlour.rooms.service import room_path

LETTERS = Letters(public_url="https://meet.example.org/parlour/")
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


def invitation(room: str) -> Letter:
    return LETTERS.invitation(
        email="bob@example.org", inviter="ann-lee", room=room, path=room_path(room), is_event=False
    )


@pytest.mark.parametrize(
    ("letter", "link"),
    [
        (
            LETTERS.client_verification(
                email="ann@example.org", username="ann-lee", token="t.o.k", lifetime="one hour"
            ),
            "https://meet.example.org/parlour/verifyclient/t.o.k",
        ),
        (
            LETTERS.guest_verification(
                email="ann@example.org", token="t.o.k", lifetime="one hour", guest_lifetime="30 minutes"
            ),
            "https://meet.example.org/parlour/verifyguest/t.o.k",
        ),
        (invitation("Garden & Co/7"), "https://meet.example.org/parlour/r/Garden%20%26%20Co%2F7"),
    ],
    ids=["client", "guest", "invitation"],
)
def test_both_parts_hold_the_link(letter: Letter, link: str) -> None:
    assert link in letter.text.splitlines()
    assert Page(letter.html).links == [link, link]
    assert letter.subject
    assert len(letter.subject.splitlines()) == 1


def test_letters_say_how_long_links_work() -> None:
    letter = LETTERS.guest_verification(
        email="ann@example.org", token="t", lifetime="one hour", guest_lifetime="30 minutes"
    )
    for part in (letter.text, Page(letter.html).text):
        assert "one hour" in part
        assert "30 minutes" in part


@pytest.mark.parametrize("is_event", [True, False])
def test_an_invitation_says_what_it_is_to(is_event: bool) -> None:
    letter = LETTERS.invitation(
        email="bob@example.org", inviter="ann-lee", room="Garden", path="/r/Garden", is_event=is_event
    )
    kind = "event" if is_event else "room"
    assert f"ann-lee invites you to the {kind} “Garden”" in letter.text
    assert "bob@example.org" in letter.text


@given(st.text(min_size=1, max_size=64))
def test_a_rooms_name_is_text_and_never_markup(room: str) -> None:
    letter = invitation(f"</p><script>alert(1)</script>{room}")
    page = Page(letter.html)
    assert page.tags <= TAGS
    assert all(link.startswith("https://meet.example.org/parlour/r/") for link in page.links)


@pytest.mark.parametrize("is_event", [True, False])
@pytest.mark.parametrize(
    "room", ["https://evil.example/login", "Your account is locked, call 555", "\u202eelpmaxe"]
)
def test_nothing_that_a_stranger_chose_is_in_the_subject(room: str, is_event: bool) -> None:
    letter = LETTERS.invitation(
        email="bob@example.org", inviter="ann-lee", room=room, path=room_path(room), is_event=is_event
    )
    what = "an event" if is_event else "a room"
    assert letter.subject == f"ann-lee invites you to {what} on meet.example.org"
    assert letter.subject in Page(letter.html).text, "the title"
    assert f"Open the {what.split()[1]}:" in letter.text


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
