"""Options of the SFU beside Parlour: its ports, its address and its secret. Pure."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

IpAddress = IPv4Address | IPv6Address

KEY = "parlour"
"""The name of the only key, by whose secret tokens are signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SfuOptions:
    """An SFU of this machine.

    Its API listens at `api_port` of 127.0.0.1 alone. Browsers send media to `address`, at `udp_port`, or at
    `tcp_port` where UDP is blocked. `address` None means this machine's address towards the internet. With
    `is_local`, it is reached from this machine alone.
    """

    secret: str
    api_port: int
    udp_port: int
    tcp_port: int
    address: IpAddress | None
    is_local: bool
