"""People behind NATs and firewalls find a way to each other, directly or through either TURN server."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from parlour.turn.uri import IceUri
from tests.conftest import StartServer
from tests.e2e.participant import Participant
from tests.e2e.seats import meet, two_in_a_call
from tests.servers import ParlourServer
from tests.servers.browser import CHROMIUM
from tests.servers.certificate import self_signed
from tests.servers.checkout import ROOT
from tests.servers.homes import Home, Page, Router
from tests.servers.network import Network
from tests.servers.turn import answers

pytestmark = pytest.mark.database("sqlite")

PAGE, RELAY = 1, 2
"""The server's addresses: one for the page, one for TURN, so that both have a port 443."""
PAGE_HOST, RELAY_HOST = "meet.test", "turn.test"
CREDENTIAL_SECONDS = 10
FOUND_WITHIN_SECONDS = 120
_WAY = """
  async () => {
    const connection = window.connections.filter((one) => one.connectionState !== "closed").at(-1);
    const report = await connection.getStats();
    const [all, username] = [[...report.values()], connection.getConfiguration().iceServers
      .map((server) => server.username).find((name) => name) ?? "0:"];
    const described = (pair) => {
      const [local, remote] = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
      return local && remote && {
        local: local.candidateType,
        remote: remote.candidateType,
        relay: local.relayProtocol ?? null,
        is_ipv6: (local.address ?? "").includes(":"),
        generation: local.usernameFragment ?? "",
        expires: Number(username.split(":")[0]),
      };
    };
    const { selectedCandidatePairId: id } = all.find(({ type }) => type === "transport") ?? {};
    return id ? described(report.get(id)) : null;
  }
"""
_TELL_OF_NETWORK = "() => dispatchEvent(new Event('online'))"


@dataclass(frozen=True)
class Way:
    """The candidate pair that a browser uses: the types of its candidates, and how it reaches its relay.

    `generation` is another one after each restart of ICE; `expires` is the end of the latest credentials.
    """

    local: str
    remote: str
    relay: str | None
    is_ipv6: bool
    generation: str
    expires: int


@dataclass(frozen=True)
class Situation:
    name: str
    router: Router
    fits: Callable[[Way], bool]


def is_reflexive(way: Way) -> bool:
    return {way.local, way.remote} <= {"srflx", "prflx"}


def is_relayed(over: str) -> Callable[[Way], bool]:
    """Each end uses a relay of its own: the server lets relays reach no private address but each other."""
    return lambda way: (way.local, way.relay) == ("relay", over)


def is_direct_ipv6(way: Way) -> bool:
    return way.is_ipv6 and {way.local, way.remote} <= {"host", "prflx"}


SITUATIONS = (
    Situation("full cones: direct", Router("full cone"), is_reflexive),
    Situation("symmetric NATs: relay over UDP", Router(), is_relayed("udp")),
    Situation("no UDP: relay over TCP", Router(lets_out="tcp"), is_relayed("tcp")),
    Situation("443 alone: relay over TLS", Router(lets_out="https"), is_relayed("tls")),
)


class Call:
    """Ann and Bob in a call, each behind a router of their own."""

    def __init__(self, people: tuple[Participant, Participant], homes: Sequence[Home]) -> None:
        self._people = people
        self._homes = homes

    async def finds_a_way(self, router: Router, fits: Callable[[Way], bool], *, what: str) -> None:
        """Both restart their routers with these rules, and one enters again: such a way is found and used.

        In a call that goes on, each browser would cling to its former way for five seconds.
        """
        for home in self._homes:
            await home.sets(router)
        _, bob = self._people
        await bob.leaves()
        await bob.button("Enter again").click()
        await bob.enters()
        began = time.monotonic()
        await self.sees_and_hears(fits)
        print(f"{what}: {time.monotonic() - began:.1f} s")  # noqa: T201 - for docs/reliability.md

    async def moves(
        self,
        *steps: Callable[[Home], Awaitable[None]],
        router: Router,
        fits: Callable[[Way], bool],
        what: str,
    ) -> None:
        """Both computers take these steps to another network, and browsers are told so: the call goes on."""
        for home in self._homes:
            await home.sets(router)
            for step in steps:
                await step(home)
        began = time.monotonic()
        for one in self._people:
            await one.page.evaluate(_TELL_OF_NETWORK)
        for one in self._people:
            await self._goes_by(one, fits)
        await self.sees_and_hears(fits)
        print(f"{what}: {time.monotonic() - began:.1f} s")  # noqa: T201 - for docs/reliability.md

    async def sees_and_hears(self, fits: Callable[[Way], bool]) -> None:
        """New frames are decoded at both ends, by such a way."""
        await meet(*self._people)
        for one in self._people:
            await self._goes_by(one, fits)

    async def _goes_by(self, one: Participant, fits: Callable[[Way], bool]) -> Way:
        """Wait until a browser uses such a way."""
        way = None
        try:
            async with asyncio.timeout(FOUND_WITHIN_SECONDS):
                while (way := await self._way(one)) is None or not fits(way):  # noqa: ASYNC110 - none is announced
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise AssertionError(f"{one.name} still goes by {way}") from error
        return way

    async def _way(self, one: Participant) -> Way | None:
        found = await one.page.evaluate(_WAY)
        return None if found is None else Way(**found)

    async def renews_its_relay(self) -> int:
        """Wait until both have moved to relays of later credentials; return when the former ones end.

        Nobody enters again meanwhile.
        """
        fits = is_relayed("udp")
        former = [await self._goes_by(one, fits) for one in self._people]
        generations, ends = {way.generation for way in former}, max(way.expires for way in former)
        for one in self._people:
            await self._goes_by(
                one, lambda way: way.generation not in generations and way.expires > ends and fits(way)
            )
        return ends


async def test_a_call_finds_its_way_through_nats_and_firewalls(
    network: Network, fresh_server: StartServer, tmp_path: Path
) -> None:
    """Two people, while routers, networks and TURN servers change: nobody reloads a page."""
    await network.adds(network.at(RELAY), network.at_6(PAGE), network.at_6(RELAY))
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "".join(
            f"{at(number)} {name} {name}.\n"  # Chromium looks up servers of ICE with a dot at the end
            for at in (network.at, network.at_6)
            for number, name in ((PAGE, PAGE_HOST), (RELAY, RELAY_HOST))
        )
    )
    key_hash = self_signed(tmp_path / "turn.pem", tmp_path / "turn.key", RELAY_HOST)
    server = await fresh_server({"PARLOUR_ALLOW_INSECURE": "true"}, host="::")
    port = urlsplit(server.address).port
    assert port is not None
    url = f"http://{PAGE_HOST}:443"
    server.settings |= {
        "PARLOUR_ALLOWED_ORIGINS": url,
        "PARLOUR_MEDIA_DIR": str(ROOT / ".tools" / "media"),
        "PARLOUR_TURN": "embedded",
        "PARLOUR_TURN_HOST": RELAY_HOST,
        "PARLOUR_TURN_LISTEN": f"{network.at(RELAY)},{network.at_6(RELAY)}",
        "PARLOUR_TURN_TLS_PORT": "443",
        "PARLOUR_TURN_CERT": str(tmp_path / "turn.pem"),
        "PARLOUR_TURN_KEY": str(tmp_path / "turn.key"),
        "PARLOUR_TURN_TTL": str(CREDENTIAL_SECONDS),
    }
    page = Page(network.at(PAGE), network.at_6(PAGE), port)
    homes = [await Home.build(network, tmp_path, page) for _ in range(2)]
    for home in homes:
        await home.sets(Router("full cone"))
    await relays_by("coturn", server, network)
    trusted = f"--ignore-certificate-errors-spki-list={key_hash}"
    programs = [home.program(CHROMIUM, hosts=hosts) for home in homes]
    async with two_in_a_call(server, url, programs, trusted) as people:
        call = Call(people, homes)
        await through(SITUATIONS, call, "coturn")
        to_6 = (Home.gets_ipv6, Home.loses_ipv4)
        await call.moves(*to_6, router=Router(), fits=is_direct_ipv6, what="coturn, to IPv6 alone")
        await relays_by("parlour", server, network)
        await call.finds_a_way(Router(), is_direct_ipv6, what="parlour, IPv6 alone")
        cone, *others = SITUATIONS
        to_4 = (Home.gets_ipv4, Home.loses_ipv6)
        await call.moves(*to_4, router=cone.router, fits=cone.fits, what="parlour, to IPv4 alone")
        await through(others, call, "parlour")


async def through(situations: Sequence[Situation], call: Call, kind: str) -> None:
    for situation in situations:
        await call.finds_a_way(situation.router, situation.fits, what=f"{kind}, {situation.name}")
        if situation.router == Router():
            ends = await call.renews_its_relay()
            if kind == "parlour":  # coturn asks for credentials once, parlour-turn each time
                await asyncio.sleep(max(ends - time.time(), 0))
                await call.sees_and_hears(situation.fits)


async def relays_by(kind: str, server: ParlourServer, network: Network) -> None:
    """Have Parlour run this TURN server beside it."""
    server.settings["PARLOUR_TURN_SERVER"] = kind
    await server.restart()
    for address in (network.at(RELAY), network.at_6(RELAY)):
        await answers(IceUri(True, address, 3478, "udp"))
