"""Determine a client's address behind trusted proxies, and recognize requests that came through a proxy.

The same function reads the address for HTTP, long-polling and WebSocket. A header is believed only as far as
the hops that wrote it are trusted: the walk begins at the TCP peer and goes from the right of the header to
the left (RFC 9110, section 5.3, joins several lines of a header to a list).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice

from starlette.types import ASGIApp, Receive, Scope, Send

HeaderLines = Callable[[str], Sequence[str]]
"""A lookup of all lines of a request's header by its name in lower case, in the order of arrival."""

MAX_HOPS = 32
LONGEST_HOP = 512
"""The most characters of a list element; a longer element is no address."""

_MAPPED = ip_network("::ffff:0:0/96")
_PORT = re.compile(r"[0-9]{1,5}|_[A-Za-z0-9._-]+")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = rf'{_WORD}=(?:{_WORD}|"(?:[^"\\]|\\.)*")'
_FORWARDED_ELEMENT = re.compile(rf"[ \t]*+(?:{_PAIR})?(?:[ \t]*+;[ \t]*+(?:{_PAIR})?)*+[ \t]*+")
_FORWARDED_PAIR = re.compile(rf'({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*)")')

_SIGNS = frozenset(
    {
        "cdn-loop",
        "cf-connecting-ip",
        "cf-ray",
        "client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "forwarded",
        "proxy-connection",
        "true-client-ip",
        "via",
        "wl-proxy-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-original-for",
        "x-original-forwarded-for",
        "x-original-host",
        "x-proxyuser-ip",
        "x-real-ip",
        "x-real-port",
        "x-scheme",
        "x-url-scheme",
    }
)


def is_proxied(header_names: Iterable[str], *, http_version: str = "1.1") -> bool:
    """Return True if a request has any sign of a proxy, trusted or not.

    HTTP/1.0 is such a sign: no browser has spoken it for decades, but nginx does to the servers behind it.
    """
    return http_version in ("0.9", "1.0") or any(
        name in _SIGNS or name.startswith("x-forwarded") for name in map(str.lower, header_names)
    )


class TrustedProxies:
    """The reverse proxies whose statement of the client's address is believed, as addresses or networks.

    `header` names the header that they set, `x-forwarded-for` or `forwarded`; None accepts either. A proxy
    that does not know a header passes it on as its client wrote it, so if both headers came and name
    different clients, neither is believed.
    """

    def __init__(self, proxies: Iterable[str], *, header: str | None = None) -> None:
        self._networks = [_unmapped_network(proxy) for proxy in proxies]
        self._headers = _HOPS if header is None else {header: _HOPS[header]}

    def client_address(self, peer: str, lines: HeaderLines) -> str:
        """Return the nearest address that is no trusted proxy, in its shortest form.

        If a trusted hop names no address (`unknown`, an obfuscated identifier, junk), return the address of
        that hop: nothing beyond it is known.
        """
        peer = canonical_address(peer)
        if not self._networks or not self._trusts(peer):
            return peer
        named = [
            self._walk(peer, hops(given)) for name, hops in self._headers.items() if (given := lines(name))
        ]
        if not named or any(address != named[0] for address in named):
            return peer
        return named[0]

    def scheme(self, peer: str, lines: HeaderLines) -> str | None:
        """Return the client's URL scheme as the nearest trusted proxy states it, None if no proxy does."""
        if not self._networks or not self._trusts(canonical_address(peer)):
            return None
        said = next(_from_the_right(lines("x-forwarded-proto")), "").lower()
        if not said:
            element = next(_forwarded_elements(lines("forwarded")), None) or {}
            said = element.get("proto", "").lower()
        return said if said in ("http", "https") else None

    def _walk(self, peer: str, hops: Iterator[str | None]) -> str:
        address = peer
        for hop in islice(hops, MAX_HOPS):
            if hop is None or not self._trusts(address):
                break
            address = hop
        return address

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


class ClientAddresses:
    """The ASGI layer that replaces the proxy's address in `scope["client"]` by the client's, for all layers
    inside of it.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):
            peer, port = scope["client"]
            lines = partial(header_lines, scope["headers"])
            scope["client"] = (self._proxies.client_address(peer, lines), port)
            scope["scheme"] = self._proxies.scheme(peer, lines) or scope["scheme"]
        await self._app(scope, receive, send)


def header_lines(headers: Iterable[tuple[bytes, bytes]], name: str) -> list[str]:
    """Return the HeaderLines of an ASGI request."""
    wanted = name.encode()
    return [value.decode("latin-1") for key, value in headers if key.lower() == wanted]


@lru_cache(maxsize=4096)  # parsing an address takes as long as relaying a message
def canonical_address(text: str) -> str:
    """Return the canonical form of an address: IPv4 even if it came to an IPv6 socket (RFC 4291, 2.5.5.2),
    and no zone. Other text stays as it is.
    """
    parsed = _parsed(text)
    return text if parsed is None else str(parsed)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    if len(text) > LONGEST_HOP:
        return None
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def _unmapped_network(text: str) -> IPv4Network | IPv6Network:
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):  # type: ignore[arg-type]
        mapped = IPv4Address(int(network.network_address) & 0xFFFF_FFFF)
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _node_address(node: str) -> str | None:
    """Return the address of a node (RFC 7239, section 6) without port and brackets; None for other names."""
    if node.startswith("["):
        host, bracket, port = node[1:].partition("]")
        if not bracket or ":" not in host or (port and not port.startswith(":")):
            return None
        port = port[1:] if port else "0"
    elif node.count(":") == 1:
        host, _, port = node.partition(":")
    else:
        host, port = node, "0"
    if _PORT.fullmatch(port) is None:
        return None
    parsed = _parsed(host)
    return None if parsed is None else str(parsed)


def _from_the_right(lines: Sequence[str]) -> Iterator[str]:
    """Yield the elements of a list header from the right, except empty ones (RFC 9110, section 5.6.1)."""
    for line in reversed(lines):
        for element in reversed(line.rsplit(",", MAX_HOPS)):
            if stripped := element.strip(" \t"):
                yield stripped


def _forwarded_for(lines: Sequence[str]) -> Iterator[str | None]:
    """Yield the hops of X-Forwarded-For, the nearest first."""
    for element in _from_the_right(lines):
        quoted = len(element) > 1 and element[0] == element[-1] == '"'
        yield _node_address(element[1:-1] if quoted else element)


def _forwarded(lines: Sequence[str]) -> Iterator[str | None]:
    """Yield the hops of Forwarded (RFC 7239), the nearest first."""
    for element in _forwarded_elements(lines):
        yield None if element is None else _node_address(element.get("for", ""))


_HOPS = {"x-forwarded-for": _forwarded_for, "forwarded": _forwarded}


def _forwarded_elements(lines: Sequence[str]) -> Iterator[dict[str, str] | None]:
    """Yield the parameters of each element, the nearest hop first; None for a malformed element, which is the
    last.

    The lines are parsed from the right, and each line by itself: a quote that a client left open must not
    swallow the elements that the proxy added after it.
    """
    for line in reversed(lines):
        end = len(line)
        while end >= 0:
            start = _element_start(line, end)
            if start is None:
                yield None
                return
            if element := _FORWARDED_PAIR.findall(line, start, end):
                yield {name.lower(): token or _unquoted(text) for name, token, text in element}
            end = start - 1


def _element_start(line: str, end: int) -> int | None:
    """Find the start of the shortest well-formed element that ends at `end`: the shortest, since no
    well-formed element begins inside of a quoted string.
    """
    comma = end
    while end - comma <= LONGEST_HOP:
        comma = line.rfind(",", 0, comma)
        if _FORWARDED_ELEMENT.fullmatch(line, comma + 1, end):
            return comma + 1
        if comma < 0:
            break
    return None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
