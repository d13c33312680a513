"""The configuration of `parlour-turn`, the TURN server in Go of this project (media/turn)."""

import json
from dataclasses import dataclass

from parlour.turn.options import PRIVATE_PEERS, TurnOptions
from parlour.turn.stun import IpAddress

PROGRAM = "parlour-turn"
CONFIGURATION_VERSION = 3
"""`parlour-turn` answers the same to VERSION_FLAG (media/turn/main.go): both rise with each change that a
program built before it would misread."""
VERSION_FLAG = "--configuration-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBounds:
    """Bounds of connections over TCP and TLS together; a host is an IPv4 address, or a /64 of IPv6.

    The handshake of TLS and the first message take `first_message_seconds` at most. A client that uses a
    relay refreshes it within ten minutes (RFC 8656, section 3.2), so one that is silent for longer has gone.
    """

    connections: int = 8192
    of_one_host: int = 4096
    first_message_seconds: float = 10.0
    silent_seconds: float = 660.0


BOUNDS = StreamBounds()


def own_server_configuration(options: TurnOptions, *, relay: IpAddress, bounds: StreamBounds = BOUNDS) -> str:
    """Write its configuration. `relay` is the address that relayed packets are sent from.

    The secret is in it, so nobody else may read the file.
    """
    certificate = options.certificate
    return json.dumps(
        {
            "realm": options.realm,
            "secret": options.secret,
            "listen": [str(address) for address in options.listen],
            "port": options.port,
            "tls_port": 0 if certificate is None else options.tls_port,
            "certificate": "" if certificate is None else str(certificate.chain),
            "key": "" if certificate is None else str(certificate.key),
            "relay": str(relay),
            "external": str(options.external or relay),
            "first_port": options.relay_ports.first,
            "last_port": options.relay_ports.last,
            "quota": options.quota,
            "denied_peers": PRIVATE_PEERS,
            "allowed_peers": [str(network) for network in options.allowed_peers],
            "own_services": list(options.own_services),
            "most_connections": bounds.connections,
            "most_of_one_host": bounds.of_one_host,
            "first_message_seconds": bounds.first_message_seconds,
            "silent_seconds": bounds.silent_seconds,
        },
        indent=2,
    )
