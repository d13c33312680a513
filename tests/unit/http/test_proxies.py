"""Whose address a request counts for: the walk past trusted hops (RFC 9110, RFC 7239)."""

import string
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.http.proxies import HeaderLines, TrustedProxies, is_proxied

PROXY = "127.0.0.1"
TRUSTED = TrustedProxies([PROXY, "10.0.0.0/8", "2001:db8:ffff::/48"])


def saying(
    forwarded_for: Sequence[str] = (), forwarded: Sequence[str] = (), proto: Sequence[str] = ()
) -> HeaderLines:
    headers = {"x-forwarded-for": forwarded_for, "forwarded": forwarded, "x-forwarded-proto": proto}
    return lambda name: headers[name]


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("203.0.113.6", "203.0.113.6"),
        ("203.0.113.6:4711", "203.0.113.6"),
        (" 203.0.113.6 \t", "203.0.113.6"),
        ('"203.0.113.6:4711"', "203.0.113.6"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("[fe80::1%eth0]:4711", "fe80::1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("::ffff:203.0.113.6", "203.0.113.6"),
        ("[::ffff:203.0.113.6]:4711", "203.0.113.6"),
        ("203.0.113.6, 10.1.2.3", "203.0.113.6"),
        ("6.6.6.6, 203.0.113.6,10.1.2.3:80, [2001:db8:ffff::9]", "203.0.113.6"),
        ("203.0.113.6, ::ffff:10.1.2.3", "203.0.113.6"),
        (",, 203.0.113.6, ,", "203.0.113.6"),
        ("10.1.2.3", "10.1.2.3"),
        ("unknown", PROXY),
        ("_hidden", PROXY),
        ("203.0.113.6, unknown, 10.1.2.3", "10.1.2.3"),
        ("203.0.113.6:port", PROXY),
        ("203.0.113.6:123456", PROXY),
        ("[203.0.113.6]", PROXY),
        ("[2001:db8::1", PROXY),
        ("2001:db8::1]", PROXY),
        ("[2001:db8::1]4711", PROXY),
        ("203.0.113", PROXY),
        ("0203.0.113.6", PROXY),
        ("1" * 5000, PROXY),
        ("\N{FULLWIDTH DIGIT ONE}.1.1.1", PROXY),
        ("'; drop table users", PROXY),
        ("", PROXY),
        (",", PROXY),
    ],
)
def test_one_hop_as_proxies_write_it(hop: str, address: str) -> None:
    assert TRUSTED.client_address(PROXY, saying([hop])) == address
    assert TRUSTED.client_address("::ffff:127.0.0.1", saying([hop])) == address
    if "," not in hop and '"' not in hop and hop:
        assert TRUSTED.client_address(PROXY, saying([], [f'proto=https;for="{hop.strip()}"'])) == address


def test_what_a_client_wrote_before_the_proxy_is_not_believed() -> None:
    """HAProxy adds a line of its own, nginx and others an element to the client's."""
    for forged in (
        "6.6.6.6",
        PROXY,
        "10.9.9.9",
        "unknown",
        '"',
        "for=6.6.6.6",
        ", ," * 40_000,
        "1," * 40_000,
    ):
        for lines in (
            [forged, "203.0.113.6"],
            [f"{forged}, 203.0.113.6"],
            [forged, "203.0.113.6", "10.0.0.1"],
        ):
            assert TRUSTED.client_address(PROXY, saying(lines)) == "203.0.113.6", forged[:20]


@pytest.mark.parametrize(
    "forged",
    [
        "for=6.6.6.6",
        'for="',
        'for="6.6.6.6',
        'for="6.6.6.6\\',
        'for=6.6.6.6, for="',
        'a=";',
        "for=6.6.6.6;;;",
        "for",
        ";" + " \t" * 200 + ";" * 200,
        '"' * 30_001,
        "," * 60_000,
    ],
)
@pytest.mark.parametrize(
    "own",
    [
        "for=203.0.113.6",
        'For="203.0.113.6:4711";proto=https',
        "proto=http;by=_us;FOR=203.0.113.6",
        'for=203.0.113.6;host="a.example, for=6.6.6.6"',
        'for=203.0.113.6;host="a.example\\", for=6.6.6.6"',
        'for="\\203.0.113.6"',
    ],
)
def test_forwarded_is_read_from_the_right(forged: str, own: str) -> None:
    for lines in (
        [forged, own],
        [f"{forged}, {own}"],
        [f"{forged},{own}", "for=10.0.0.1", 'for="10.0.0.2:_x"'],
    ):
        assert TRUSTED.client_address(PROXY, saying([], lines)) == "203.0.113.6"


def test_who_is_no_proxy_is_not_believed() -> None:
    forged = saying(["6.6.6.6"], ["for=6.6.6.6"], ["https"])
    assert TRUSTED.client_address("192.0.2.1", forged) == "192.0.2.1"
    assert TRUSTED.scheme("192.0.2.1", forged) is None
    assert TrustedProxies([]).client_address(PROXY, forged) == PROXY


def test_two_headers_that_name_different_clients() -> None:
    """One of them is the client's own word; only a setting can say which."""
    both = saying(["203.0.113.6"], ["for=6.6.6.6"])
    assert TRUSTED.client_address(PROXY, both) == PROXY
    assert TRUSTED.client_address(PROXY, saying(["203.0.113.6"], ['for="203.0.113.6:1"'])) == "203.0.113.6"
    by_setting = {
        header: TrustedProxies([PROXY], header=header).client_address(PROXY, both)
        for header in ("x-forwarded-for", "forwarded")
    }
    assert by_setting == {"x-forwarded-for": "203.0.113.6", "forwarded": "6.6.6.6"}


@pytest.mark.parametrize(
    ("trusted", "peer"),
    [
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.0/104", "127.0.0.1"),
        ("fe80::/10", "fe80::1%eth0"),
        ("::1", "0:0:0:0:0:0:0:1"),
    ],
)
def test_a_proxy_by_each_of_its_names(trusted: str, peer: str) -> None:
    assert TrustedProxies([trusted]).client_address(peer, saying(["203.0.113.6"])) == "203.0.113.6"


def test_a_dual_stack_listener_knows_its_clients_without_any_proxy() -> None:
    assert TrustedProxies([]).client_address("::ffff:192.0.2.1", saying()) == "192.0.2.1"


@pytest.mark.parametrize(
    ("proto", "forwarded", "scheme"),
    [
        (["https"], [], "https"),
        (["http", "HTTPS"], [], "https"),
        (["https, http"], [], "http"),
        (["javascript"], [], None),
        ([], ["for=203.0.113.6;proto=https"], "https"),
        ([], ["for=203.0.113.6"], None),
        ([], ['"'], None),
    ],
)
def test_the_scheme(proto: list[str], forwarded: list[str], scheme: str | None) -> None:
    assert TRUSTED.scheme(PROXY, saying([], forwarded, proto)) == scheme


@given(st.lists(st.text(string.printable + "ü\udcff", max_size=60), max_size=5), st.booleans())
def test_no_text_fails_or_beats_the_last_line(lines: list[str], is_forwarded: bool) -> None:
    own = "for=203.0.113.6" if is_forwarded else "203.0.113.6"
    told = saying([], [*lines, own]) if is_forwarded else saying([*lines, own])
    assert TRUSTED.client_address(PROXY, told) == "203.0.113.6"


@pytest.mark.parametrize(
    "name",
    ["Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-FORWARDED-HOST", "Via", "X-Real-IP", "CF-Ray"],
)
def test_signs_of_a_proxy(name: str) -> None:
    assert is_proxied(["host", name])


def test_a_browser_shows_no_sign_of_a_proxy() -> None:
    assert not is_proxied(
        ["Host", "Accept", "Cookie", "User-Agent", "Sec-Fetch-Site", "Upgrade-Insecure-Requests"]
    )
    assert is_proxied(["Host"], http_version="1.0"), "nginx as it is, to the servers behind it"
