"""The options of an engine. All times are seconds, all sizes are bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


def same_origin(origin: str | None, host: str | None) -> bool:
    """Return True if `host` served the page of `origin` (RFC 6454), or without an Origin: a program sends
    none.
    """
    if origin is None:
        return True
    _, separator, authority = origin.partition("://")
    return bool(separator) and host is not None and authority.lower() == host.lower()


HeaderLines = Callable[[str], Sequence[str]]
"""A lookup of all lines of a request's header by its name in lower case, in the order of arrival."""


def peer_address(peer: str, lines: HeaderLines) -> str:
    """Return the address of the TCP peer, the default: headers are believed only behind a known proxy."""
    return peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of an engine. The defaults are those of Socket.IO's reference server, where it has them."""

    path: str = "/socket.io/"
    prefix: str = ""
    """A path such as `/meet` that may come before `path`: some proxies pass it on, others strip it."""
    session_prefix: str = ""
    """The beginning of the id of each session, of characters that need no escaping in a URL."""
    ping_interval: float = 25.0
    ping_timeout: float = 20.0
    max_payload: int = 1_000_000
    """The largest WebSocket message and the largest HTTP body that is read."""
    max_send_buffer: int = 1_000_000
    """The bytes that may wait for a slow reader, beyond the kernel's buffer; more closes its transport."""
    max_poll_packets: int = 16
    """The most packets in the answer to a poll; python-engineio's client accepts no more."""
    max_body_packets: int = 2_000
    """The most packets in the body of a POST; more are answered with HTTP 400."""
    max_queue: int = 64
    """The most events of a connection that wait for its running handler; more close the transport."""
    max_sessions: int = 50_000
    """The most sessions at a time; further handshakes are answered with HTTP 503."""
    max_unfinished: int = 32 * 1024 * 1024
    """The bytes of partly received messages, over all WebSockets; beyond, the oldest is closed."""
    max_pending: int = 10_000
    """The most sessions in no namespace, except those that the application lets wait; the oldest gives
    way.
    """
    max_pending_per_address: int = 2_500
    max_connect: int = 128 * 1024
    """The largest message of a client in no namespace: large enough for a CONNECT with a token."""
    max_pending_acks: int = 64
    """The most acknowledgements that a connection awaits; the oldest gives way."""
    connect_timeout: float = 45.0
    """The time that a transport may live without a connected namespace."""
    upgrade_timeout: float = 10.0
    """The time from the opening of a second transport to its upgrade packet."""
    close_timeout: float = 2.0
    """The time that the peer may take to answer a WebSocket Close frame."""
    compression: bool = False
    """Accept permessage-deflate: half the bytes of a session description for several times its CPU time."""
    namespaces: frozenset[str] = frozenset({"/"})
    """The namespaces; a CONNECT to another is answered with CONNECT_ERROR "Invalid namespace"."""
    transports: frozenset[str] = frozenset({"polling", "websocket"})
    origin_allowed: Callable[[str | None, str | None], bool] = same_origin
    """A predicate of the Origin and the Host of each request; False is answered with HTTP 403."""
    forbidden_body: bytes | None = None
    """The JSON of that answer; None sends the JSON of the reference server."""
    client_address: Callable[[str, HeaderLines], str] = peer_address
    """A function of the peer's address and the headers of a WebSocket; polling reads the ASGI scope."""

    address_group: Callable[[str], str] = str
    """A function from an address to its group: all the addresses that a subscriber can choose from."""

    def __post_init__(self) -> None:
        if not (self.path.startswith("/") and self.path.endswith("/")):
            raise ValueError("the path of an engine starts and ends with a slash")
        if min(self.ping_interval, self.ping_timeout, self.connect_timeout, self.upgrade_timeout) <= 0:
            raise ValueError("intervals and timeouts of an engine are more than zero seconds")

    def serves(self, path: str) -> bool:
        """Return True for `path`, with or without `prefix`, and with or without its last slash."""
        return path.removeprefix(self.prefix) in (self.path, self.path.removesuffix("/"))

    @property
    def tick(self) -> float:
        """The resolution of the timer wheel: a twentieth of the shorter heartbeat time, 5 ms to 0.5 s."""
        return max(0.005, min(0.5, min(self.ping_interval, self.ping_timeout) / 20))
