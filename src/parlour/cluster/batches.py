"""The form of a batch of messages in an inbox: a byte for the version, then MessagePack. Pure."""

import msgspec

from parlour.cluster.coordinator import LeaseId

VERSION = b"\x01"
FAREWELL = -1
"""The number of a batch without messages by which a sender says that its lease has ended."""


class UnreadableBatch(Exception):
    """The batch has a version that this node does not read, or it is none."""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Messages of one sender to one receiver, numbered from `first`; without messages it is a mark."""

    sender: LeaseId
    first: int
    messages: list[bytes]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


def encode(batch: Batch) -> bytes:
    return VERSION + _encoder.encode(batch)


def decode(data: bytes) -> Batch:
    """Raises UnreadableBatch."""
    if data[:1] != VERSION:
        raise UnreadableBatch(f"version {data[:1].hex()}")
    try:
        return _decoder.decode(memoryview(data)[1:])
    except msgspec.MsgspecError as error:
        raise UnreadableBatch(str(error)) from error
