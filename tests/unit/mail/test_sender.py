"""How long a letter waits, whom it is from, and where it is handed in."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.mail.sender import FIRST_PAUSE, LONGEST_PAUSE, pause_after
from parlour.mail.smtp import InvalidSender, InvalidSmtpUrl, SmtpServer, parsed_sender


def test_pauses_double_up_to_an_hour() -> None:
    minutes = [pause_after(attempts).total_seconds() / 60 for attempts in range(1, 12)]
    assert minutes == [1 / 12, 1 / 6, 1 / 3, 2 / 3, 4 / 3, 8 / 3, 16 / 3, 32 / 3, 64 / 3, 128 / 3, 60]


@given(st.integers(1, 10**6))
def test_pauses_only_grow(attempts: int) -> None:
    assert FIRST_PAUSE <= pause_after(attempts) <= pause_after(attempts + 1) <= LONGEST_PAUSE


def test_a_day_is_a_sensible_number_of_attempts() -> None:
    waited, attempts = timedelta(), 0
    while waited <= timedelta(days=1):
        attempts += 1
        waited += pause_after(attempts)
    assert 20 <= attempts <= 50


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", SmtpServer("localhost", 25, False, None, None)),
        ("smtp://localhost:2525", SmtpServer("localhost", 2525, False, None, None)),
        ("smtp://ann:secret@mail.example.org", SmtpServer("mail.example.org", 587, False, "ann", "secret")),
        ("smtps://mail.example.org", SmtpServer("mail.example.org", 465, True, None, None)),
        (
            "smtps://ann%40example.org:p%40ss%3Aw%2Frd@mail.example.org:4650",
            SmtpServer("mail.example.org", 4650, True, "ann@example.org", "p@ss:w/rd"),
        ),
        ("smtp://[::1]:25", SmtpServer("::1", 25, False, None, None)),
    ],
)
def test_smtp_urls(url: str, server: SmtpServer) -> None:
    assert SmtpServer.from_url(url) == server


@pytest.mark.parametrize(
    "url", ["", "localhost", "smtp:", "smtp://", "http://a", "smtp://a:b", "smtp://[::1"]
)
def test_what_is_no_smtp_url(url: str) -> None:
    with pytest.raises(InvalidSmtpUrl):
        SmtpServer.from_url(url)


@given(st.text())
def test_any_text_is_an_smtp_url_or_refused(text: str) -> None:
    try:
        server = SmtpServer.from_url(text)
    except InvalidSmtpUrl:
        return
    assert server.host


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("Parlour <parlour@localhost>", "Parlour", "parlour@localhost"),
        ("parlour@example.org", "", "parlour@example.org"),
        ('"Parlour, Example Ltd." <parlour@example.org>', "Parlour, Example Ltd.", "parlour@example.org"),
        ("Gesprächsraum <parlour@example.org>", "Gesprächsraum", "parlour@example.org"),
        ("Bücher <parlour@bücher.example>", "Bücher", "parlour@xn--bcher-kva.example"),
    ],
)
def test_senders(text: str, name: str, address: str) -> None:
    sender = parsed_sender(text)
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text", ["", "Parlour", "Parlour <>", "@example.org", "parlour@", "a@b.example\r\nBcc: c@d.example"]
)
def test_what_is_no_sender(text: str) -> None:
    with pytest.raises(InvalidSender):
        parsed_sender(text)
