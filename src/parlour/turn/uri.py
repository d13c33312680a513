"""The URIs of STUN and TURN servers (RFC 7064, RFC 7065). Pure."""

import re
from dataclasses import dataclass
from typing import Literal

PORT, TLS_PORT = 3478, 5349
Transport = Literal["udp", "tcp", "tls"]
_URI = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:?/@\s]+)(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class IceUri:
    """A server as browsers reach it. `relays` is True for TURN, which answers as STUN too."""

    relays: bool
    host: str
    port: int
    transport: Transport

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = ("turn" if self.relays else "stun") + ("s" if self.transport == "tls" else "")
        if not self.relays:
            return f"{scheme}:{host}:{self.port}"
        return f"{scheme}:{host}:{self.port}?transport={'udp' if self.transport == 'udp' else 'tcp'}"


def parsed(text: str) -> IceUri:
    """Parse what RTCPeerConnection takes as a URL of a server. Raises ValueError.

    TLS over UDP is DTLS, which browsers do not speak with TURN servers.
    """
    found = _URI.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no URI of a STUN or TURN server")
    scheme, transport = found["scheme"].lower(), (found["transport"] or "").lower()
    relays, is_secure = scheme.startswith("turn"), scheme.endswith("s")
    if (transport and not relays) or (is_secure and transport == "udp"):
        raise ValueError(f"{text!r} names a transport that browsers do not speak")
    port = int(found["port"]) if found["port"] else TLS_PORT if is_secure else PORT
    if not 1 <= port <= 65_535:
        raise ValueError(f"{text!r} has a port that is none")
    used: Transport = "tls" if is_secure else "tcp" if transport == "tcp" else "udp"
    return IceUri(relays, found["host"].strip("[]"), port, used)
