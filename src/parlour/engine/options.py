"""The options of an engine. All times are seconds, all sizes are bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


def same_origin(origin: str | None, host: str | None) -> bool:
    """Return whether a page of `origin` (RFC 6454) was served by `host`; programs send no Origin at all."""
    if origin is None:
        return True
    _, separator, authority = origin.partition("://")
    return bool(separator) and host is not None and authority.lower() == host.lower()


HeaderLines = Callable[[str], Sequence[str]]
"""Every line of a request's header, by its name in lower case, in the order in which they came."""


def peer_address(peer: str, lines: HeaderLines) -> str:
    """Return the address of the TCP peer: no header is believed unless a proxy is known to set it."""
    return peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The defaults are those of Socket.IO's own server, where it has them."""

    path: str = "/socket.io/"
    prefix: str = ""
    """A path such as `/meet` that may come before `path`: some proxies pass it on, others strip it."""
    ping_interval: float = 25.0
    ping_timeout: float = 20.0
    max_payload: int = 1_000_000
    """The largest WebSocket message and the largest HTTP body that is read."""
    max_send_buffer: int = 1_000_000
    """What may wait for one slow reader, beyond the kernel's buffer; more closes it."""
    max_poll_packets: int = 16
    """Packets in the answer to one poll; python-engineio's client takes no more."""
    max_body_packets: int = 2_000
    """Packets in the body of one POST; more are answered with HTTP 400."""
    max_queue: int = 64
    """Events of one connection that may wait for its running handler; more closes the transport."""
    max_sessions: int = 50_000
    """All there may be at once; more are answered with HTTP 503."""
    max_unfinished: int = 32 * 1024 * 1024
    """Bytes of messages of which all WebSockets have sent but a part; the oldest gives way."""
    max_pending: int = 10_000
    """Of these, sessions that are in no namespace and that no application lets wait; the oldest gives way."""
    max_pending_per_address: int = 2_500
    max_connect: int = 128 * 1024
    """The largest message of who is in no namespace: a token is said there, and a wrong one is answered."""
    max_pending_acks: int = 64
    """Acknowledgements of one connection that may be awaited; the oldest gives way."""
    connect_timeout: float = 45.0
    """How long a transport may live without a connected namespace."""
    upgrade_timeout: float = 10.0
    """From the opening of a second transport to its upgrade packet."""
    close_timeout: float = 2.0
    """How long the peer may take to answer a WebSocket Close frame."""
    compression: bool = False
    """permessage-deflate for who offers it: half the bytes of a description for several times its CPU."""
    namespaces: frozenset[str] = frozenset({"/"})
    """The others are answered with CONNECT_ERROR "Invalid namespace"."""
    transports: frozenset[str] = frozenset({"polling", "websocket"})
    origin_allowed: Callable[[str | None, str | None], bool] = same_origin
    """Called with the Origin and the Host of each request; a refusal is HTTP 403."""
    forbidden_body: bytes | None = None
    """The JSON of that refusal; without it the reference server's."""
    client_address: Callable[[str, HeaderLines], str] = peer_address
    """Called with the peer's address and the headers of a WebSocket; polling has the ASGI scope's."""

    address_group: Callable[[str], str] = str
    """Addresses that count as one: what one subscriber can choose from."""

    def __post_init__(self) -> None:
        if not (self.path.startswith("/") and self.path.endswith("/")):
            raise ValueError("the path of an engine starts and ends with a slash")
        if min(self.ping_interval, self.ping_timeout, self.connect_timeout, self.upgrade_timeout) <= 0:
            raise ValueError("intervals and timeouts of an engine are more than zero seconds")

    def serves(self, path: str) -> bool:
        """Return whether a path is the engine's: `path` with or without `prefix` and the last slash."""
        return path.removeprefix(self.prefix) in (self.path, self.path.removesuffix("/"))

    @property
    def tick(self) -> float:
        """The resolution of the timer wheel: a twentieth of the shorter heartbeat time, 5 ms to 0.5 s."""
        return max(0.005, min(0.5, min(self.ping_interval, self.ping_timeout) / 20))
