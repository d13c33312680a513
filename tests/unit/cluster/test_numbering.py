"""What two nodes number: every loss is noticed, nothing is received twice, the order stays."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.cluster.numbering import MARKS, InboundNumbers, OutboundQueue


def queue(max_messages: int = 100, max_bytes: int = 1_000) -> OutboundQueue:
    return OutboundQueue(max_messages=max_messages, max_bytes=max_bytes)


def test_a_full_queue_takes_nothing_and_no_number() -> None:
    by_count, by_size = queue(max_messages=2), queue(max_bytes=5)
    assert [by_count.put(b"x") for _ in range(3)] == [True, True, False]
    assert [by_size.put(b"xxx") for _ in range(2)] == [True, False]
    assert by_count.batch(100) == (0, [b"x", b"x"])
    by_count.confirm(1)
    assert by_count.put(b"y")
    assert (len(by_count), by_count.size, by_size.size) == (2, 2, 3)


def test_a_batch_has_at_least_one_message_and_no_gap() -> None:
    large = queue()
    large.put(b"x" * 50)
    large.put(b"y")
    assert large.batch(10) == (0, [b"x" * 50])
    large.skip()
    large.put(b"z")
    assert large.batch(10) == (1, [b"y"])
    assert large.batch(10) == (3, [b"z"])


def test_what_was_written_is_written_again_if_it_was_not_confirmed() -> None:
    unsure = queue()
    for message in (b"0", b"1", b"2"):
        unsure.put(message)
    assert unsure.batch(2) == (0, [b"0", b"1"])
    unsure.confirm(1)
    assert unsure.waiting
    assert (unsure.batch(2), unsure.batch(2)) == ((2, [b"2"]), None)
    assert not unsure.waiting
    assert (len(unsure), unsure.size) == (2, 2)
    assert unsure.rewind()
    unsure.put(b"3")
    assert unsure.batch(9) == (1, [b"1", b"2", b"3"])
    unsure.confirm(4)
    assert not unsure.rewind()
    assert (len(unsure), unsure.size) == (0, 0)


def test_marks_follow_the_last_message_a_few_times() -> None:
    marked = queue()
    assert marked.take_mark() is None
    marked.put(b"x")
    assert marked.take_mark() is None, "the message itself comes first"
    assert marked.batch(9) == (0, [b"x"])
    assert marked.take_mark() is None, "it may have to be written again"
    marked.confirm(1)
    assert [marked.take_mark() for _ in range(MARKS + 1)] == [1] * MARKS + [None]
    marked.skip()
    assert marked.take_mark() == 2


@given(st.data())
def test_whatever_the_network_does(data: st.DataObject) -> None:
    """Batches are lost or come twice. What is received is a part of what was sent, in order, each once, and
    whenever something is missing before a received message, the loss was reported before it.
    """
    outbound, inbound = queue(max_messages=5), InboundNumbers()
    sent, received = list[int](), list[int]()
    reported = 0
    for step in range(data.draw(st.integers(1, 60))):
        found: tuple[int, list[bytes]] | None = None
        match data.draw(st.sampled_from(["put", "write", "write", "rewind", "skip", "mark"])):
            case "put":
                sent += [step] if outbound.put(b"%d" % step) else []
            case "skip":
                outbound.skip()
                sent.append(-1)
            case "rewind":
                outbound.rewind()
            case "mark":
                mark = outbound.take_mark()
                found = None if mark is None else (mark, [])
            case _:
                found = outbound.batch(data.draw(st.integers(1, 8)))
        if found is None:
            continue
        first, messages = found
        for _ in range(data.draw(st.sampled_from([0, 1, 1, 2]))):
            repeated, is_gap = inbound.accept(first, len(messages))
            reported += is_gap
            received += [int(message) for message in messages[repeated:]]
        if data.draw(st.booleans()):
            outbound.confirm(first + len(messages))
    assert received == [number for number in sent if number in received]
    if received:
        last = sent.index(received[-1])
        assert len(received) == last + 1 or reported
