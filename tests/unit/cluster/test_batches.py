"""Batches between nodes of two versions."""

import pytest

from parlour.cluster.batches import Batch, UnreadableBatch, decode, encode
from parlour.cluster.coordinator import LeaseId


def test_a_batch_is_read_as_it_was_written() -> None:
    batch = Batch(LeaseId("node.1"), 7, [b"", b"\x00\xff", "ü".encode()])
    assert decode(encode(batch)) == batch


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x02\x93\xa1a\x00\x90", b"\x01\x90", b"\x01\xff", b"\x01\x93\xa1a\x00\xa1b"]
)
def test_whatever_else_stands_there_is_no_batch(data: bytes) -> None:
    with pytest.raises(UnreadableBatch):
        decode(data)
