"""The address of this machine towards the internet."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documentation (RFC 5737, RFC 3849): no packet is sent there."""


def own_address() -> IPv4Address | IPv6Address:
    """Return this machine's address towards the internet, 127.0.0.1 on a machine without a way there."""
    for family, somewhere in _SOMEWHERE:
        with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect((somewhere, 9))
            return ip_address(probe.getsockname()[0])
    return ip_address("127.0.0.1")
