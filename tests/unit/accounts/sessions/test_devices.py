"""What a session list calls a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.accounts.sessions.devices import LONGEST, device_name

_MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{_MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            f"{_MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36",
            "Chrome on Windows",
        ),
        (f"{_MOZILLA} (Windows NT 10.0) Chrome/139.0 Safari/537.36 Edg/139.0", "Edge on Windows"),
        (f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15", "Safari on macOS"),
        (
            f"{_MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (f"{_MOZILLA} (Linux; Android 15) Chrome/139.0 Mobile Safari/537.36", "Chrome on Android"),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("", "Unknown device"),
        (None, "Unknown device"),
    ],
)
def test_names(user_agent: str | None, name: str) -> None:
    assert device_name(user_agent) == name


@given(st.text(max_size=300))
def test_any_text_becomes_a_short_plain_name(user_agent: str) -> None:
    name = device_name(user_agent)
    assert 1 <= len(name) <= LONGEST
    assert name.isascii() and name.isprintable() and not set(name) & set("<>&\"'")
