"""Homes: a computer behind a router that translates and filters (nftables), each in a network namespace.

async with Network(folder) as network:
    home = await Home.build(network, folder, page)
    await home.sets(Router(nat="symmetric"))
    async with chromium(home.program(CHROMIUM, hosts=hosts)) as browser: ...
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.servers.network import PREFIX, PREFIX_6, Host, Network, run

Nat = Literal["full cone", "symmetric"]
LetsOut = Literal["all", "tcp", "https"]
_LAN = "lan"
_FORWARDING = ("ipv4/ip_forward", "ipv6/conf/all/forwarding")


@dataclass(frozen=True, slots=True)
class Page:
    """A web server, which homes reach at port 443 of its addresses: there it could not listen itself."""

    address: str
    address_6: str
    port: int


@dataclass(frozen=True, slots=True)
class Router:
    """The NAT of a router for IPv4, and what it lets out. Nothing comes in that was not asked for.

    A full cone gives each socket one port, and lets in whatever anybody sends there. A symmetric NAT gives it
    another random port for each destination, and lets in what comes from there alone (RFC 3489, section 5).
    """

    nat: Nat = "symmetric"
    lets_out: LetsOut = "all"


class Home:
    """A computer whose only way to the network leads through its router."""

    def __init__(self, network: Network, router: Host, number: int, computer: Host, page: Page) -> None:
        self._router = router
        self._computer = computer
        self._page = page
        self._zone = 0
        self._gateway = f"192.168.{number}.1"
        self._gateway_6, self._address_6 = network.at_6(1, site=number), network.at_6(2, site=number)

    @classmethod
    async def build(cls, network: Network, folder: Path, page: Page) -> "Home":
        """Build a home whose computer has an address of IPv4, and none of IPv6."""
        router = await network.host()
        number, namespace = await network.namespace()
        computer = Host(folder, namespace, _LAN, f"192.168.{number}.2", router.link)
        home = cls(network, router, number, computer, page)
        outside = ("ip", "-n", router.namespace)
        for name in _FORWARDING:
            await router.runs("sh", "-c", f"echo 1 > /proc/sys/net/{name}")
        await run(*outside, "link", "add", _LAN, "type", "veth", "peer", "name", _LAN, "netns", namespace)
        own_6 = f"{network.at_6(10 + number)}/{PREFIX_6}"
        await run(*outside, "address", "add", own_6, "dev", router.device, "nodad")
        await run(*outside, "address", "add", f"{home._gateway}/{PREFIX}", "dev", _LAN)
        await run(*outside, "address", "add", f"{home._gateway_6}/64", "dev", _LAN, "nodad")
        await run(*outside, "link", "set", _LAN, "up")
        await run("ip", "-n", namespace, "link", "set", _LAN, "up")
        await home.gets_ipv4()
        return home

    def program(self, path: Path, *, hosts: Path) -> Path:
        return self._computer.program(path, hosts=hosts)

    async def sets(self, router: Router) -> None:
        """Give the router other rules. It forgets all mappings of UDP, as by a restart."""
        self._zone += 1
        rules = _rules(router, self._router.device, self._computer.address, self._page, zone=self._zone)
        await self._router.runs("nft", "-f", "-", said=rules)

    async def gets_ipv4(self) -> None:
        """Give the computer an address of IPv4, behind the router's."""
        await self._inside("address", "add", f"{self._computer.address}/{PREFIX}", "dev", _LAN)
        await self._inside("route", "add", "default", "via", self._gateway)

    async def loses_ipv4(self) -> None:
        await self._inside("address", "del", f"{self._computer.address}/{PREFIX}", "dev", _LAN)

    async def gets_ipv6(self) -> None:
        """Give the computer an address of IPv6, which the router does not translate."""
        await self._inside("address", "add", f"{self._address_6}/64", "dev", _LAN, "nodad")
        await self._inside("-6", "route", "add", "default", "via", self._gateway_6)

    async def loses_ipv6(self) -> None:
        await self._inside("address", "del", f"{self._address_6}/64", "dev", _LAN)
        await self._inside("-6", "route", "del", "default", "via", self._gateway_6)

    async def _inside(self, *words: str) -> None:
        await run("ip", "-n", self._computer.namespace, *words)


def _rules(router: Router, wan: str, computer: str, page: Page, *, zone: int) -> str:
    """Write a ruleset for `nft -f`. UDP gets a conntrack zone of its own, where no mapping is known yet."""
    cone = f'iifname "{wan}" meta nfproto ipv4 meta l4proto udp dnat ip to {computer}'
    no_udp = f'iifname "{_LAN}" meta l4proto udp drop'
    closed: dict[LetsOut, str] = {
        "all": "",
        "tcp": no_udp,
        "https": f'{no_udp}; iifname "{_LAN}" tcp dport != 443 drop',
    }
    return f"""
        flush ruleset
        table inet router {{
          chain closed {{
            type filter hook prerouting priority raw; policy accept;
            meta l4proto udp ct zone set {zone}
            {closed[router.lets_out]}
          }}
          chain destinations {{
            type nat hook prerouting priority dstnat; policy accept;
            ip daddr {page.address} tcp dport 443 dnat ip to {page.address}:{page.port}
            ip6 daddr {page.address_6} tcp dport 443 dnat ip6 to [{page.address_6}]:{page.port}
            {cone if router.nat == "full cone" else ""}
          }}
          chain sources {{
            type nat hook postrouting priority srcnat; policy accept;
            oifname "{wan}" meta nfproto ipv4 masquerade {"fully-random" if router.nat == "symmetric" else ""}
          }}
          chain forwarded {{
            type filter hook forward priority filter; policy drop;
            ct state established,related accept
            ct status dnat accept
            iifname "{_LAN}" accept
          }}
          chain own {{
            type filter hook input priority filter; policy drop;
            iifname "{_LAN}" meta l4proto ipv6-icmp accept
          }}
        }}
    """
