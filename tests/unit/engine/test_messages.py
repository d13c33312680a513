"""Socket.IO packets: the tables of the protocol document, and any text at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.engine.messages import (
    Ack,
    BinaryEvent,
    Connect,
    Disconnect,
    Event,
    SocketPacket,
    decode_message,
    encode_ack,
    encode_connected,
    encode_disconnect,
    encode_event,
    encode_refused,
)
from parlour.engine.packets import Malformed

PLACEHOLDER = '{"_placeholder":true,"num":0}'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
NAMESPACES = st.just("/") | st.text("abc/-_?", min_size=1).map("/".__add__)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0", Connect("/", None)),
        ('0{"token":"123"}', Connect("/", {"token": "123"})),
        ("0/admin,", Connect("/admin", None)),
        ("0/admin", Connect("/admin", None)),
        ('0/admin,{"token":"123"}', Connect("/admin", {"token": "123"})),
        ("1", Disconnect("/")),
        ("1/admin,", Disconnect("/admin")),
        ('2["foo"]', Event("/", "foo", '["foo"]', None)),
        ('2/admin,["bar"]', Event("/admin", "bar", '["bar"]', None)),
        ('212["foo"]', Event("/", "foo", '["foo"]', 12)),
        ('2/admin,13["foo"]', Event("/admin", "foo", '["foo"]', 13)),
        ("2[7]", Event("/", "7", "[7]", None)),
        ("312[]", Ack("/", 12, "[]")),
        ('3/admin,13["bar"]', Ack("/admin", 13, '["bar"]')),
        (f'51-["baz",{PLACEHOLDER}]', BinaryEvent("/", "baz", None, 1)),
        (f'52-/admin,["baz",{PLACEHOLDER}]', BinaryEvent("/admin", "baz", None, 2)),
        (f'51-14["foo",{PLACEHOLDER}]', BinaryEvent("/", "foo", 14, 1)),
        (f'61-15["bar",{PLACEHOLDER}]', BinaryEvent("/", None, 15, 1)),
        (r'2["a\"b"]', Event("/", 'a"b', r'["a\"b"]', None)),
    ],
)
def test_the_tables_of_the_document(text: str, packet: SocketPacket) -> None:
    assert decode_message(text) == packet


def test_what_is_sent() -> None:
    assert encode_event("foo", 1, namespace="/") == b'42["foo",1]'
    assert encode_event("foo", ack_id=0) == b'420["foo"]'
    assert encode_event("foo", namespace="/admin", ack_id=13) == b'42/admin,13["foo"]'
    assert encode_ack(12) == b"4312[]"
    assert encode_ack(13, "bar", namespace="/admin") == b'43/admin,13["bar"]'
    assert encode_connected("x", namespace="/admin") == b'40/admin,{"sid":"x"}'
    assert encode_refused("no", namespace="/") == b'44{"message":"no"}'
    assert encode_refused("no", {"code": 1}, namespace="/") == b'44{"message":"no","data":{"code":1}}'
    assert encode_disconnect(namespace="/") == b"41"
    assert encode_disconnect(namespace="/admin") == b"41/admin,"


FRAGMENTS = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "6",
    "-",
    "/",
    "a,",
    ",",
    "12",
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    '"a"',
    "null",
]


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_any_text_is_a_packet_or_malformed(text: str) -> None:
    assert isinstance(decode_message(text), SocketPacket)


@pytest.mark.parametrize("head", ["0", "2", '2["a",', "31", "51-", "61-1"])
def test_deep_nesting_is_no_harm(head: str) -> None:
    for opening in ("[", '{"a":'):
        assert isinstance(decode_message(head + opening * 200_000), Malformed | Event)


@given(NAMESPACES, st.text(), st.lists(JSON), st.none() | st.integers(0, 10**15 - 1))
def test_events_survive(namespace: str, name: str, arguments: list[Any], ack_id: int | None) -> None:
    packet = decode_message(encode_event(name, *arguments, namespace=namespace, ack_id=ack_id).decode()[1:])
    if isinstance(packet, Malformed):
        assert name in {
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
        }
    else:
        assert isinstance(packet, Event)
        assert (packet.namespace, packet.name, packet.ack_id) == (namespace, name, ack_id)
        assert json.loads(packet.arguments) == [name, *arguments]


@given(st.text('[]"\\a ,', max_size=12))
def test_the_short_way_finds_the_name_that_json_finds(text: str) -> None:
    packet = decode_message('2["' + text)
    try:
        name = json.loads('["' + text)[0]
    except (ValueError, IndexError):
        return
    assert isinstance(packet, Event)
    assert packet.name == name
