"""URIs of STUN and TURN servers (RFC 7064, RFC 7065)."""

import pytest

from parlour.turn.uri import IceUri, parsed


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("stun:example.org", IceUri(False, "example.org", 3478, "udp")),
        ("stun:example.org:19302", IceUri(False, "example.org", 19302, "udp")),
        ("stuns:example.org", IceUri(False, "example.org", 5349, "tls")),
        ("turn:192.0.2.1", IceUri(True, "192.0.2.1", 3478, "udp")),
        ("turn:[2001:db8::1]:443?transport=tcp", IceUri(True, "2001:db8::1", 443, "tcp")),
        ("TURNS:example.org?transport=tcp", IceUri(True, "example.org", 5349, "tls")),
        ("turn:example.org?transport=udp", IceUri(True, "example.org", 3478, "udp")),
    ],
)
def test_what_browsers_take(text: str, uri: IceUri) -> None:
    assert parsed(text) == uri
    assert parsed(str(uri)) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "http://example.org",
        "turn://example.org",
        "turn:",
        "turn:user@example.org",
        "turn:example.org:0",
        "turn:example.org:70000",
        "turn:example.org?transport=sctp",
        "turns:example.org?transport=udp",
        "stun:example.org?transport=tcp",
        "turn:[2001:db8::1",
        "turn:example.org ",
    ],
)
def test_what_they_do_not(text: str) -> None:
    with pytest.raises(ValueError, match=r"\bis no URI|that browsers do not|that is none"):
        parsed(text)
