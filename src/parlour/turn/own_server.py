"""The configuration of `parlour-turn`, the TURN server in Go of this project (media/turn)."""

import json

from parlour.turn.options import PRIVATE_PEERS, TurnOptions
from parlour.turn.stun import IpAddress

PROGRAM = "parlour-turn"


def own_server_configuration(options: TurnOptions, *, relay: IpAddress) -> str:
    """Write its configuration. `relay` is the address that relayed packets are sent from.

    The secret is in it, so nobody else may read the file.
    """
    certificate = options.certificate
    return json.dumps(
        {
            "realm": options.realm,
            "secret": options.secret,
            "listen": "" if options.listen is None else str(options.listen),
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
        },
        indent=2,
    )
