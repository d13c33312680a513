"""Answers of Redis are read from whatever pieces arrive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.cluster.redis.resp import (
    MAX_BULK_BYTES,
    MAX_DEPTH,
    MAX_LINE_BYTES,
    ErrorAnswer,
    ProtocolViolated,
    RespReader,
    command,
)

words = st.text("abc XYZ09", max_size=5)
answers = st.recursive(
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=20), words.map(ErrorAnswer)),
    lambda items: st.lists(items, max_size=4),
    max_leaves=10,
)


def written(answer: Any) -> bytes:
    """Write an answer as Redis does."""
    match answer:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % answer
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(answer), answer)
        case ErrorAnswer():
            return b"-%b\r\n" % answer.message.encode()
        case _:
            return b"*%d\r\n" % len(answer) + b"".join(map(written, answer))


@given(st.lists(answers, max_size=4), st.data())
def test_answers_are_the_same_in_any_pieces(sent: list[Any], data: st.DataObject) -> None:
    stream, reader, received = b"".join(map(written, sent)), RespReader(), list[Any]()
    while stream:
        length = data.draw(st.integers(1, len(stream)))
        received += reader.feed(stream[:length])
        stream = stream[length:]
    assert received == sent


def test_every_kind() -> None:
    stream = (
        b"+OK\r\n-ERR no\r\n:-5\r\n$2\r\n\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n$1\r\nx\r\n"
    )
    assert RespReader().feed(stream) == [
        b"OK", ErrorAnswer("ERR no"), -5, b"\r\n", b"", None, None, [], [[1], b"x"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\r\n",
        b"$x\r\n",
        b"$-2\r\n",
        b"$%d\r\n" % (MAX_BULK_BYTES + 1),
        b"*%d\r\n" % 2**40,
        b":\r\n",
        b"$1\r\nabc",
        b"*1\r\n" * (MAX_DEPTH + 1),
        b"+" + b"x" * (MAX_LINE_BYTES + 1),
    ],
)
def test_what_is_no_answer_ends_the_connection(stream: bytes) -> None:
    with pytest.raises(ProtocolViolated):
        RespReader().feed(stream)


def test_a_command_may_have_any_bytes() -> None:
    assert command(b"SET", b"", b"\r\n") == b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\n\r\n\r\n"
