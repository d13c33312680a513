"""Email addresses, as every part of Parlour reads and compares them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from parlour.wire.addresses import deliverable_email, email_key, mailbox_key, parsed_email
from parlour.wire.base import Email


def fits(text: str) -> bool:
    try:
        TypeAdapter[str](Email).validate_python(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  ann@example.org ", "ann@example.org"),
        ("Ann.Lee+parlour@EXAMPLE.org", "Ann.Lee+parlour@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("ann@office.local", "ann@office.local"),
        ("bob@localhost", "bob@localhost"),
        ("a@nas.home.arpa", "a@nas.home.arpa"),
        ("a@nas.lan", "a@nas.lan"),
        ("bob@parlour.test", "bob@parlour.test"),
        ("ünal@example.org", "ünal@example.org"),
        ("ann@xn--bcher-kva.example", "ann@bücher.example"),
        ("ann@mail.example.co.uk", "ann@mail.example.co.uk"),
    ],
)
def test_addresses(text: str, email: str) -> None:
    assert parsed_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@@example.org",
        "ann lee@example.org",
        "ann@exam ple.org",
        "ann@example..org",
        "ann@-example.org",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann@[127.0.0.1]",
        '"ann lee"@example.org',
        "ann@example.org\nBcc: eve@example.org",
        "ann\r\n@example.org",
        "ann\0@example.org",
        "ann@" + "a" * 250 + ".org",
        "ann@exam\u2028ple.org",
        "a" * 64 + "@" + ".".join(["b" * 55 + "ü"] * 3),
        "\ud800@example.org",
        "a@in-addr.arpa",
        "a@home.arpa",
        "a@nothome.arpa",
        "an\u200bn@example.org",
        "an\u202en@example.org",
        "an\u034fn@example.org",
        "an\u3164n@example.org",
        "ann\ufe0f@example.org",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert not fits(text)


local_parts = st.text(st.sampled_from("abcXYZ019.+-_'üßΐŉ"), min_size=1, max_size=64)
domains = st.lists(
    st.text(st.sampled_from("abcXYZ019-üßΐ"), min_size=1, max_size=63), min_size=1, max_size=6
).map(".".join)


@given(local_parts, domains)
@example("ΐ" * 32, ".".join(["ΐ" * 14] * 5))
@example("ann", "straße.example")
def test_an_address_in_normal_form_stays_as_it_is(local: str, domain: str) -> None:
    try:
        email = parsed_email(f"{local}@{domain}")
    except ValueError:
        return
    assert parsed_email(email) == email
    assert len(email) <= 254
    assert len(email_key(email)) <= 254, "it has to fit its column"
    assert not set(email) & set("\r\n\0 ,<>")


@given(local_parts, domains)
def test_addresses_are_compared_without_regard_to_case(local: str, domain: str) -> None:
    try:
        email = parsed_email(f"{local}@{domain}")
    except ValueError:
        return
    assert email_key(email) == email_key(email_key(email))
    if email.upper().lower() == email.lower():
        assert email_key(email) == email_key(email.upper()) == email_key(email.lower())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@straße.example", "ann@strasse.example"),
        ("ann@faß.de", "ann@fass.de"),
        ("ann@βόλος.example", "ann@βόλοσ.example"),
        ("straße@example.org", "strasse@example.org"),
        ("ſam@example.org", "sam@example.org"),
        ("ﬁn@example.org", "fin@example.org"),
        ("ŉ@example.org", "ʼn@example.org"),
        ("аnn@example.org", "ann@example.org"),
        ("ann@bücher.example", "ann@bucher.example"),
    ],
)
def test_two_mailboxes_are_two_addresses(one: str, other: str) -> None:
    assert email_key(parsed_email(one)) != email_key(parsed_email(other))
    assert deliverable_email(one) != deliverable_email(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        ("ann@bücher.example", "ANN@XN--BCHER-KVA.example"),
        ("ann@BÜCHER.example", "ann@bu\u0308cher.example"),
        ("ann@ｂücher。example", "ann@bücher.example"),
        ("ÜNAL@example.org", "ünal@example.org"),
        ("u\u0308nal@example.org", "ünal@example.org"),
        ("ann@STRASSE.example", "ann@strasse.example"),
    ],
)
def test_one_mailbox_is_one_address(one: str, other: str) -> None:
    assert email_key(parsed_email(one)) == email_key(parsed_email(other))


@given(local_parts, domains, domains)
@example("ann", "straße.example", "strasse.example")
def test_one_key_means_one_domain_on_the_wire(local: str, one: str, other: str) -> None:
    try:
        first, second = parsed_email(f"{local}@{one}"), parsed_email(f"{local}@{other}")
    except ValueError:
        return
    same = deliverable_email(first) == deliverable_email(second)
    assert (email_key(first) == email_key(second)) is same


@pytest.mark.parametrize(
    "handle", ["ann", "", "@", "ann@", "@example.org", "ann@\u0300", "ann@..", "ann@a\u2260b"]
)
def test_what_is_no_address_has_a_key_all_the_same(handle: str) -> None:
    assert email_key(handle) == email_key(email_key(handle))


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("victim+0@example.org", "victim@example.org"),
        ("Victim+a+b@Example.org", "victim@example.org"),
        ("+49@example.org", "+49@example.org"),
        ("+49+x@example.org", "+49@example.org"),
        ("v.ic.tim+x@gmail.com", "victim@gmail.com"),
        ("victim@googlemail.com", "victim@gmail.com"),
        ("ann.lee@example.org", "ann.lee@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_mailboxes_that_limits_count(email: str, mailbox: str) -> None:
    assert mailbox_key(email) == mailbox
