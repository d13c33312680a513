"""The line by which a person and a program learn where the server is."""

import pytest

from parlour.serve import ready_line


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("http://localhost:8000", "127.0.0.1", 8000),
        ("http://localhost:8000", "::1", 8000),
        ("http://localhost", "127.0.0.1", 80),
        ("http://192.168.1.5:8000/meet", "192.168.1.5", 8000),
        ("http://[2001:db8::5]:8000", "2001:db8::5", 8000),
    ],
)
def test_one_address_where_the_public_url_is_where_it_listens(url: str, address: str, port: int) -> None:
    assert ready_line(url, address=address, port=port) == f"Parlour is ready at {url}"


@pytest.mark.parametrize(
    ("url", "address", "port", "listens"),
    [
        ("https://meet.example.org", "127.0.0.1", 8000, "http://127.0.0.1:8000"),
        ("http://localhost:8000", "127.0.0.1", 9000, "http://127.0.0.1:9000"),
        ("http://localhost:8000", "127.0.0.2", 8000, "http://127.0.0.2:8000"),
        ("http://localhost:8000", "0.0.0.0", 8000, "http://0.0.0.0:8000"),  # noqa: S104 - a text
        ("https://localhost:8000", "127.0.0.1", 8000, "http://127.0.0.1:8000"),
        ("http://192.168.1.5:8000", "::", 8000, "http://[::]:8000"),
    ],
)
def test_both_where_they_differ(url: str, address: str, port: int, listens: str) -> None:
    said = ready_line(url, address=address, port=port)
    assert said == f"Parlour is ready at {url} and listens on {listens}"
