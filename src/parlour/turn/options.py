"""Options of a TURN server: its addresses, its secret and its bounds. Pure."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from parlour.turn.stun import IpAddress
from parlour.turn.uri import IceUri

PRIVATE_PEERS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
)
"""Networks that are not of the public internet (the IANA registries of special-purpose addresses, RFC 6890):
a relay must be no way into the machine, or into the network that it stands in."""


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate chain and its private key, in PEM."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOptions:
    """A TURN server. It listens on the addresses `listen`, on all where there is none.

    `external` is the address under which a NAT shows it to others. Without a certificate it speaks no TLS.
    `quota` is the most allocations of one person at a time. `own_services` are UDP ports of this machine that
    relays may reach, beside other relays: that of an SFU.
    """

    host: str
    realm: str
    secret: str
    listen: tuple[IpAddress, ...]
    external: IpAddress | None
    port: int
    tls_port: int
    relay_ports: PortRange
    certificate: Certificate | None
    quota: int
    allowed_peers: tuple[IPv4Network | IPv6Network, ...]
    own_services: tuple[int, ...] = ()

    @property
    def relay(self) -> IpAddress | None:
        """The address to relay from, None where none is named. One of IPv4 serves people of both families."""
        return min(self.listen, key=lambda address: address.version, default=None)

    def uris(self) -> tuple[IceUri, ...]:
        """Return how browsers reach it: as STUN, and as TURN over UDP, TCP and TLS."""
        found = [
            IceUri(False, self.host, self.port, "udp"),
            IceUri(True, self.host, self.port, "udp"),
            IceUri(True, self.host, self.port, "tcp"),
        ]
        if self.certificate is not None:
            found.append(IceUri(True, self.host, self.tls_port, "tls"))
        return tuple(found)
