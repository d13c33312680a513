"""The configuration of coturn (https://github.com/coturn/coturn), without all that Parlour does not need."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from parlour.turn.options import PRIVATE_PEERS, TurnOptions
from parlour.turn.stun import IpAddress

PROGRAM = "turnserver"
_TAKEN_FOR_ALL = (ip_network("::/128"), ip_network("::ffff:0:0/96"))
"""The networks that coturn takes for all addresses, or for all of IPv4: it denies :: by itself."""

_HARDENED = """\
# Only what a browser needs: no command line, no TCP to peers (RFC 6062), no old TLS, no version shown.
no-cli
no-tcp-relay
no-dtls
no-tlsv1
no-tlsv1_1
no-multicast-peers
no-software-attribute
fingerprint
stale-nonce=600
"""


def coturn_configuration(options: TurnOptions, *, relay: IpAddress | None, folder: Path | None = None) -> str:
    """Write `turnserver.conf`. `relay` is where relayed packets are sent from, `folder` is coturn's own.

    The secret is in it, so nobody else may read the file.
    """
    lines = [
        "# Credentials that expire, as Parlour issues them (PARLOUR_TURN_SECRET).",
        "use-auth-secret",
        f"static-auth-secret={options.secret}",
        f"realm={options.realm}",
        f"user-quota={options.quota}",
        "",
        f"listening-port={options.port}",
        f"min-port={options.relay_ports.first}",
        f"max-port={options.relay_ports.last}",
        *_addresses(options, relay),
        *_tls(options),
        "",
        _HARDENED,
        "# Never a way into the network that this machine stands in. Of the machine itself, coturn cannot",
        "# tell relays from other UDP services at their address: a rule of the firewall keeps it from those.",
        *(line for network in PRIVATE_PEERS for line in _denied(ip_network(network))),
        *(_range("allowed-peer-ip", network) for network in options.allowed_peers),
        *_own(relay),
    ]
    if folder is not None:
        lines += [
            "",
            "log-file=stdout",
            "simple-log",
            f"pidfile={folder / 'turnserver.pid'}",
            f"userdb={folder / 'turnserver.db'}",
        ]
    return "\n".join(lines) + "\n"


def _addresses(options: TurnOptions, relay: IpAddress | None) -> list[str]:
    lines = [f"listening-ip={address}" for address in options.listen]
    if relay is not None:
        lines.append(f"relay-ip={relay}")
        if relay.version == 6:  # browsers ask for no family, which stands for IPv4 (RFC 8656, section 7.2)
            lines.append("allocation-default-address-family=keep")
    if options.external is not None:
        lines.append(f"external-ip={options.external}" + ("" if relay is None else f"/{relay}"))
    return lines


def _tls(options: TurnOptions) -> list[str]:
    if options.certificate is None:
        return ["no-tls"]
    return [
        f"tls-listening-port={options.tls_port}",
        f"cert={options.certificate.chain}",
        f"pkey={options.certificate.key}",
    ]


def _own(relay: IpAddress | None) -> list[str]:
    """Let relays reach each other: two people who both need one meet there."""
    if relay is None or not relay.is_private:
        return []
    lines = [f"allowed-peer-ip={relay}"]
    return ["allow-loopback-peers", *lines] if relay.is_loopback else lines


def _denied(network: IPv4Network | IPv6Network) -> list[str]:
    """Deny a network, of IPv4 also in the form that IPv6 has for it."""
    if network in _TAKEN_FOR_ALL:
        return []
    line = _range("denied-peer-ip", network)
    if isinstance(network, IPv6Network):
        return [line]
    first, last = network.network_address, network.broadcast_address
    return [line, f"denied-peer-ip=::ffff:{first}-::ffff:{last}"]


def _range(name: str, network: IPv4Network | IPv6Network) -> str:
    first, last = network.network_address, network.broadcast_address
    return f"{name}={first}" if first == last else f"{name}={first}-{last}"
