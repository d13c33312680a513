"""Decide whose word about a client's address is believed, and recognize requests that came through a
proxy.

One function reads the address, for HTTP, long-polling and WebSocket alike. A header is believed only as
far as the hops that wrote it are trusted: the walk begins at the TCP peer and goes from the right of the
header to the left (RFC 9110, section 5.3, says how several lines of a header are one list).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice

from starlette.types import ASGIApp, Receive, Scope, Send

HeaderLines = Callable[[str], Sequence[str]]
"""Every line of a request's header, by its name in lower case, in the order in which they came."""

MAX_HOPS = 32
LONGEST_HOP = 512
"""Characters of one list element that are looked at; a longer one is no address."""

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
    """Return whether a request has any sign of a proxy, whoever wrote it.

    HTTP/1.0 is one: no browser has spoken it for decades, and nginx does to the servers behind it.
    """
    return http_version in ("0.9", "1.0") or any(
        name in _SIGNS or name.startswith("x-forwarded") for name in map(str.lower, header_names)
    )


class TrustedProxies:
    """The reverse proxies that are known to say who asks, as addresses or networks.

    `header` is the one that they set, `x-forwarded-for` or `forwarded`. Without it either counts. A proxy
    passes on the one that it does not know as its client wrote it; so where both came and name different
    clients, neither is believed.
    """

    def __init__(self, proxies: Iterable[str], *, header: str | None = None) -> None:
        self._networks = [_unmapped_network(proxy) for proxy in proxies]
        self._headers = _HOPS if header is None else {header: _HOPS[header]}

    def client_address(self, peer: str, lines: HeaderLines) -> str:
        """Return the last address on the way that is no trusted proxy, in its shortest form.

        If a trusted hop says something that is no address (`unknown`, an obfuscated identifier, junk), it
        is the hop itself: nothing beyond it is known.
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
        """Return the scheme by which the client came, as the nearest trusted proxy says; None if none
        says it.
        """
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
    """The outermost ASGI layer: from here on `scope["client"]` is the client, not the proxy before us."""

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
    """HeaderLines of an ASGI request."""
    wanted = name.encode()
    return [value.decode("latin-1") for key, value in headers if key.lower() == wanted]


@lru_cache(maxsize=4096)  # to parse an address takes as long as to relay a message
def canonical_address(text: str) -> str:
    """One form for one address: IPv4 though it came to an IPv6 socket (RFC 4291, 2.5.5.2), without a zone.

    What is no address stays as it is.
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
    """The address of a node (RFC 7239, section 6), port or not, brackets or not; None for other names."""
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
    """The elements of a list header that are not empty (RFC 9110, section 5.6.1)."""
    for line in reversed(lines):
        for element in reversed(line.rsplit(",", MAX_HOPS)):
            if stripped := element.strip(" \t"):
                yield stripped


def _forwarded_for(lines: Sequence[str]) -> Iterator[str | None]:
    """The hops of X-Forwarded-For, the nearest first."""
    for element in _from_the_right(lines):
        quoted = len(element) > 1 and element[0] == element[-1] == '"'
        yield _node_address(element[1:-1] if quoted else element)


def _forwarded(lines: Sequence[str]) -> Iterator[str | None]:
    """The hops of Forwarded, the nearest first."""
    for element in _forwarded_elements(lines):
        yield None if element is None else _node_address(element.get("for", ""))


_HOPS = {"x-forwarded-for": _forwarded_for, "forwarded": _forwarded}


def _forwarded_elements(lines: Sequence[str]) -> Iterator[dict[str, str] | None]:
    """The parameters of each element, the nearest hop first; None, at the end, for one that is malformed.

    Read from the right, and each line by itself: a quote that a client left open must not swallow what the
    proxy added after it.
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
    """Where the shortest element begins that ends at `end`; none is well-formed inside a quoted string."""
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
