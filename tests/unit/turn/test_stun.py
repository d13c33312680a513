"""STUN messages, checked against the vectors of RFC 5769."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.turn.stun import (
    Attribute,
    Kind,
    MalformedStun,
    Method,
    StunMessage,
    TransportAddress,
    decoded,
    is_signed,
    long_term_key,
    xor_encoded,
)

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
IPV4_ANSWER = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
IPV6_ANSWER = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf1"
    "1784c97c8292c275bfe3ed4180280004c8fb0b4c"
)
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


@pytest.mark.parametrize(
    ("answer", "address"),
    [(IPV4_ANSWER, "192.0.2.1"), (IPV6_ANSWER, "2001:db8:1234:5678:11:2233:4455:6677")],
)
def test_an_answer_of_the_rfc(answer: bytes, address: str) -> None:
    message = decoded(answer)
    assert (message.method, message.kind, message.transaction) == (
        Method.BINDING,
        Kind.SUCCESS,
        TRANSACTION,
    )
    seen = TransportAddress(ip_address(address), 32853)
    assert message.address(Attribute.XOR_MAPPED_ADDRESS) == seen
    assert is_signed(answer, PASSWORD)
    assert not is_signed(answer, b"another password")
    assert message.value(Attribute.XOR_MAPPED_ADDRESS) == xor_encoded(seen, TRANSACTION)


def test_a_key_of_long_term_credentials() -> None:
    """RFC 8489, section 9.2.2."""
    assert long_term_key("user", "realm", "pass").hex() == "8493fbc53ba582fb4c044c456bdc40eb"


@given(
    st.sampled_from(Method),
    st.sampled_from(Kind),
    st.lists(
        st.tuples(st.sampled_from([Attribute.DATA, Attribute.REALM]), st.binary(max_size=50)), max_size=4
    ),
    st.binary(min_size=1, max_size=20),
)
def test_what_is_encoded_is_decoded(
    method: Method, kind: Kind, attributes: list[tuple[int, bytes]], key: bytes
) -> None:
    message = StunMessage(method, kind, TRANSACTION, tuple(attributes))
    data = message.encoded(key)
    again = decoded(data)
    assert (again.method, again.kind, again.transaction) == (method, kind, TRANSACTION)
    assert again.attributes[: len(attributes)] == message.attributes
    assert is_signed(data, key) and not is_signed(data, key + b"x")
    assert not is_signed(message.encoded(), key)


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    for given_bytes in (
        data,
        IPV4_ANSWER[:20] + data,
        IPV4_ANSWER[:2] + bytes([0, len(data)]) + IPV4_ANSWER[4:20] + data,
    ):
        try:
            message = decoded(given_bytes)
        except MalformedStun:
            continue
        is_signed(given_bytes, b"key")
        message.error()
