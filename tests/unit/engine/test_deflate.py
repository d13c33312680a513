"""permessage-deflate: which offers are taken, and what is inflated."""

import pytest

from parlour.engine.deflate import TooLarge, deflated, inflated, is_offered


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (None, False),
        ("", False),
        ("x-webkit-deflate-frame", False),
        ("permessage-deflate", True),
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", True),
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", True),
        ("permessage-deflate; what_is_this", False),
    ],
)
def test_offers(header: str | None, *, taken: bool) -> None:
    assert is_offered(header) is taken


def test_a_bomb_is_noticed_before_it_is_held() -> None:
    bomb = deflated(b"0" * 50_000_000)
    assert len(bomb) < 500_000
    with pytest.raises(TooLarge):
        inflated(bomb, 1000)
    with pytest.raises(ValueError, match="not deflate"):
        inflated(b"\xff" * 10, 1000)
    assert inflated(deflated(b"abc" * 999), 10_000) == b"abc" * 999
