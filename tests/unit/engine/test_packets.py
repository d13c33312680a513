"""Engine.IO packets and payloads: the examples of the protocol document, and any bytes at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.engine.packets import (
    Binary,
    BinaryMessage,
    Close,
    Malformed,
    Message,
    Noop,
    OpenData,
    Packet,
    Ping,
    Pong,
    Upgrade,
    decode_packet,
    decode_payload,
    encode_payload,
    open_packet,
)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("4hello", Message("hello")),
        ("4", Message("")),
        ("1", Close()),
        ("2probe", Ping("probe")),
        ("3", Pong("")),
        ("5", Upgrade()),
        ("6", Noop()),
        ("0{}", Malformed("unknown packet type")),
        ("", Malformed("unknown packet type")),
        ("abc", Malformed("unknown packet type")),
        ("55", Malformed("unknown packet type")),
        ("４hello", Malformed("unknown packet type")),
    ],
)
def test_a_packet_is_a_character_and_its_data(text: str, packet: Packet) -> None:
    assert decode_packet(text) == packet


def test_a_payload_is_packets_between_separators() -> None:
    assert decode_payload(b"4hello\x1e2\x1e4world", 100) == [Message("hello"), Ping(""), Message("world")]
    assert decode_payload(b"4hello\x1ebAQIDBA==", 100) == [
        Message("hello"),
        BinaryMessage(b"\x01\x02\x03\x04"),
    ]
    assert encode_payload([b"4hello", Binary(b"\x01\x02\x03\x04")]) == b"4hello\x1ebAQIDBA=="


def test_nothing_is_read_behind_what_is_malformed() -> None:
    packets = decode_payload(b"4one\x1eb!\x1e4two", 100)
    assert packets == [Message("one"), Malformed("invalid base64")]


def test_the_handshake_is_an_open_packet() -> None:
    data = OpenData("abc", ["websocket"], 25000, 20000, 1000000)
    assert open_packet(data) == (
        b'0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,'
        b'"maxPayload":1000000}'
    )


@given(st.text())
def test_any_text_is_a_packet_or_malformed(text: str) -> None:
    assert isinstance(decode_packet(text), Packet)


@given(
    st.binary() | st.lists(st.sampled_from([b"4", b"\x1e", b"b", b"AQID", b"=", b"\xff", b"1"])).map(b"".join)
)
def test_any_body_is_packets(body: bytes) -> None:
    packets = decode_payload(body, 100)
    assert packets
    assert not any(isinstance(packet, Malformed) for packet in packets[:-1])


@given(st.lists(st.text().filter(lambda text: "\x1e" not in text) | st.binary(), min_size=1))
def test_messages_survive_a_payload(messages: list[str | bytes]) -> None:
    sent = [Binary(m) if isinstance(m, bytes) else b"4" + m.encode() for m in messages]
    received = decode_payload(encode_payload(sent), 100)
    assert received == [BinaryMessage(m) if isinstance(m, bytes) else Message(m) for m in messages]
