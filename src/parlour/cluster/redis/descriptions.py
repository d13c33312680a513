"""The form in which nodes describe themselves in Redis: JSON, which people can read there. Pure.

A newer node may say more than this one knows, which is ignored, and an older one less.
"""

from collections.abc import Callable, Mapping

import msgspec

from parlour.cluster.coordinator import Lease, LeaseId, NodeDescription
from parlour.node_id import NodeId


class UnreadableDescription(Exception):
    """It is none, or one of a version that is too far away."""


class _Description(msgspec.Struct, frozen=True):
    node: str
    version: str = ""
    formats: tuple[int, int] = (1, 1)
    host: str = ""
    pid: int = 0
    started_at: float = 0.0


_encoder = msgspec.json.Encoder()
_description_decoder = msgspec.json.Decoder(_Description)
_state_decoder = msgspec.json.Decoder(dict[str, int])


def encode_description(lease: Lease) -> bytes:
    about = lease.description
    return _encoder.encode(
        _Description(
            node=lease.node_id,
            version=about.version,
            formats=about.formats,
            host=about.host,
            pid=about.pid,
            started_at=about.started_at,
        )
    )


def decode_description(lease_id: LeaseId, data: bytes) -> Lease:
    """Raises UnreadableDescription."""
    try:
        read = _description_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise UnreadableDescription(str(error)) from error
    about = NodeDescription(
        version=read.version,
        formats=read.formats,
        host=read.host,
        pid=read.pid,
        started_at=read.started_at,
    )
    return Lease(lease_id, NodeId(read.node), about)


def encode_state(counters: Mapping[str, Callable[[], int]]) -> bytes:
    """Count what the node holds."""
    return _encoder.encode({name: counter() for name, counter in counters.items()})


def decode_state(data: bytes) -> dict[str, int]:
    """Raises UnreadableDescription."""
    try:
        return _state_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise UnreadableDescription(str(error)) from error
