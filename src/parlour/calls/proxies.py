"""Whose X-Forwarded-For is believed."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


class TrustedProxies:
    """The reverse proxies that are known to set X-Forwarded-For, as addresses or networks."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(proxy) for proxy in proxies]

    def client_address(self, peer: str, forwarded_for: str | None) -> str:
        """The last address on the way that is no trusted proxy; the TCP peer's own where it is none."""
        address = peer
        for hop in reversed((forwarded_for or "").split(",")):
            if not self._trusts(address) or not hop.strip():
                break
            address = hop.strip()
        return address

    def _trusts(self, address: str) -> bool:
        if not self._networks:
            return False
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
