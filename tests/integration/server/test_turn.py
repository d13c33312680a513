"""The TURN server that runs beside Parlour: coturn, and the project's own, behind the same settings."""

import asyncio
import os
import re
import shutil
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from parlour.calls.ice import turn_credential
from parlour.options import Options
from parlour.settings import Settings
from parlour.tasks import Supervisor
from parlour.turn.assembly import TurnCompanion
from parlour.turn.client import TurnClient, TurnRefusal, turn_client
from parlour.turn.options import TurnOptions
from parlour.turn.own_server import (
    CONFIGURATION_VERSION,
    PROGRAM,
    StreamBounds,
    own_server_configuration,
)
from parlour.turn.server import TurnServer, find_program
from parlour.turn.stun import Method, StunMessage, TransportAddress
from parlour.turn.uri import IceUri, parsed
from tests.people import Visitors, done
from tests.servers import ParlourServer
from tests.servers.certificate import self_signed
from tests.servers.command import run_parlour
from tests.servers.process import free_port, until_gone
from tests.servers.turn import answers, program_of_version

CHECKOUT = Path(__file__).parents[3]
SECRET = "north wind, south wind, and no wind at all"
QUOTA = 8
STARTED = re.compile(r'"server": "(\w+)".*"pid": (\d+).*"event": "turn.started"')
PRIVATE = (
    "0.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.2",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "224.0.0.1",
    "255.255.255.255",
)
PRIVATE_IPV6 = (
    "::",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.2",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fd00::1",
    "fe80::1",
    "ff02::1",
)
FORBIDDEN, OTHER_FAMILY = 403, 443


@dataclass(frozen=True)
class Relaying:
    """A Parlour with its TURN server; `configuration` is what `GET /ice` answers a person."""

    kind: str
    server: ParlourServer
    configuration: dict[str, Any]
    tls: ssl.SSLContext

    @property
    def urls(self) -> list[str]:
        urls: list[str] = self.configuration["iceServers"][1]["urls"]
        return urls

    @property
    def credential(self) -> tuple[str, str]:
        turn = self.configuration["iceServers"][1]
        return turn["username"], turn["credential"]

    def uri(self, transport: str) -> IceUri:
        return next(uri for uri in map(parsed, self.urls) if uri.transport == transport)

    def of(self, person: str) -> tuple[str, str]:
        return turn_credential(SECRET, person, datetime.now(UTC) + timedelta(minutes=5))


def settings(folder: Path, kind: str) -> dict[str, str | int]:
    chain, key = folder / "turn.pem", folder / "turn.key"
    self_signed(chain, key)
    return {
        "PARLOUR_TURN": "embedded",
        "PARLOUR_TURN_SERVER": kind,
        "PARLOUR_TURN_SECRET": SECRET,
        "PARLOUR_TURN_PORT": free_port(),
        "PARLOUR_TURN_TLS_PORT": free_port(),
        "PARLOUR_TURN_CERT": str(chain),
        "PARLOUR_TURN_KEY": str(key),
        "PARLOUR_TURN_QUOTA": QUOTA,
        "PARLOUR_MEDIA_DIR": str(CHECKOUT / ".tools" / "media"),
    }


@pytest.fixture(scope="module", params=["coturn", "parlour"])
async def relaying(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Relaying]:
    folder = tmp_path_factory.mktemp(f"turn-{request.param}")
    chosen = settings(folder, request.param)
    async with ParlourServer(folder, None, chosen) as server, Visitors(server) as visitors:
        ann = await visitors.client("ann")
        answer = done(await ann.get("/ice")).json()
        tls = ssl.create_default_context(cafile=str(chosen["PARLOUR_TURN_CERT"]))
        found = Relaying(request.param, server, answer, tls)
        await answers(found.uri("udp"))
        yield found
    await until_gone(started(server, request.param)[-1])


@pytest.fixture
async def client(relaying: Relaying) -> AsyncIterator[Callable[..., Any]]:
    """`await client("udp")`: a client of the server, over this transport."""
    async with AsyncExitStack() as ending:

        async def connect(transport: str = "udp") -> TurnClient:
            reached = turn_client(relaying.uri(transport), within=30.0, tls=relaying.tls)
            return await ending.enter_async_context(reached)

        yield connect


async def test_browsers_are_told_of_every_way_to_it(relaying: Relaying) -> None:
    assert [uri.transport for uri in map(parsed, relaying.urls)] == ["udp", "tcp", "tls"]
    (stun,) = relaying.configuration["iceServers"][0]["urls"]
    assert str((await answers(parsed(stun))).ip) == "127.0.0.1"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_packets_are_relayed(relaying: Relaying, client: Callable[..., Any], transport: str) -> None:
    """Between two people who both need a relay, one of whom is reached over UDP."""
    one, other = await client(transport), await client()
    ours, theirs = await one.allocate(*relaying.credential), await other.allocate(*relaying.of("bob"))
    await one.permit(theirs.ip)
    await other.permit(ours.ip)
    one.send(theirs, b"one way")
    assert await other.receive() == (ours, b"one way")
    other.send(ours, b"and back")
    assert await one.receive() == (theirs, b"and back")
    await one.release()
    await other.release()


async def test_credentials_that_do_not_count(relaying: Relaying, client: Callable[..., Any]) -> None:
    now, (username, password) = datetime.now(UTC), relaying.of("eve")
    later = f"{int(username.partition(':')[0]) + 60}:eve"
    wrong = {
        "expired": turn_credential(SECRET, "eve", now - timedelta(seconds=1)),
        "altered": (username, "A" + password[1:] if password[0] != "A" else "B" + password[1:]),
        "prolonged": (later, password),
        "of somebody else": (username.replace("eve", "bob"), password),
        "of another secret": turn_credential("south wind", "eve", now + timedelta(minutes=5)),
        "without an end": ("eve", turn_credential(SECRET, "eve", now)[1]),
        "empty": ("", ""),
    }
    for why, credential in wrong.items():
        with pytest.raises(TurnRefusal) as refusal:
            await (await client()).allocate(*credential)
        assert refusal.value.code == 401, why


async def test_private_peers_are_not_reached(relaying: Relaying, client: Callable[..., Any]) -> None:
    one = await client()
    await one.allocate(*relaying.credential)
    for address in (*PRIVATE, *PRIVATE_IPV6):
        with pytest.raises(TurnRefusal) as refusal:
            await one.permit(ip_address(address))
        assert refusal.value.code in ({FORBIDDEN} if address in PRIVATE else {FORBIDDEN, OTHER_FAMILY}), (
            address
        )
    await one.permit(ip_address("8.8.8.8"))  # the internet is what it is for: no packet is sent there
    await one.release()


@pytest.mark.parametrize("relaying", ["parlour"], indirect=True, scope="module")
async def test_of_its_own_machine_relays_alone_are_reached(
    relaying: Relaying, client: Callable[..., Any]
) -> None:
    """coturn knows addresses, not ports: docs/settings.md has a rule of the firewall for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.1", free_port()))
        service.setblocking(False)
        one, other = await client(), await client()
        ours, theirs = await one.allocate(*relaying.credential), await other.allocate(*relaying.credential)
        await one.permit(theirs.ip)
        await other.permit(ours.ip)
        one.send(TransportAddress(theirs.ip, service.getsockname()[1]), b"for a service")
        one.send(theirs, b"for a relay")
        assert await other.receive() == (ours, b"for a relay")
        with pytest.raises(BlockingIOError):
            service.recv(100)


@pytest.mark.parametrize("relaying", ["parlour"], indirect=True, scope="module")
async def test_who_hangs_up_keeps_no_relay(relaying: Relaying) -> None:
    """coturn frees them, too, but counts them for a moment."""
    for _ in range(QUOTA + 1):
        async with turn_client(relaying.uri("udp"), within=30.0) as client:
            await client.allocate(*relaying.of("erin"))


async def test_one_person_gets_so_many_relays(relaying: Relaying, client: Callable[..., Any]) -> None:
    """However often the credentials are renewed meanwhile."""
    later = datetime.now(UTC) + timedelta(minutes=6)
    for number in range(QUOTA):
        credential = relaying.of("carl") if number % 2 else turn_credential(SECRET, "carl", later)
        await (await client()).allocate(*credential)
    with pytest.raises(TurnRefusal) as refusal:
        await (await client()).allocate(*relaying.of("carl"))
    assert refusal.value.code == 486
    one = await client()
    await one.allocate(*relaying.of("dora"))
    await one.release()


def started(server: ParlourServer, kind: str) -> list[int]:
    """The process ids of all that have been started so far."""
    found = STARTED.findall(server.log.read_text())
    assert {name for name, _ in found} <= {kind}
    return [int(pid) for _, pid in found]


async def next_started(server: ParlourServer, kind: str, *, after: int) -> int:
    """Wait until one more than `after` has been started: it may answer before the log says so."""
    async with asyncio.timeout(60):
        while len(found := started(server, kind)) <= after:  # noqa: ASYNC110 - a file announces nothing
            await asyncio.sleep(0.02)
    return found[-1]


async def test_it_comes_back_and_ends_with_parlour(relaying: Relaying) -> None:
    uri, server = relaying.uri("udp"), relaying.server
    first = started(server, relaying.kind)
    os.kill(first[-1], signal.SIGKILL)
    await until_gone(first[-1])
    second = await next_started(server, relaying.kind, after=len(first))
    assert second != first[-1]
    await answers(uri)
    await server.kill()
    await until_gone(second)
    before = len(started(server, relaying.kind))
    await server.start()
    await next_started(server, relaying.kind, after=before)
    await answers(uri)


async def test_without_a_program_it_says_what_to_install(tmp_path: Path) -> None:
    chosen = {"PARLOUR_TURN_SERVER": "parlour", "PARLOUR_MEDIA_DIR": str(tmp_path)}
    ended = await run_parlour("serve", "--turn", "--port", "0", folder=tmp_path, settings=chosen)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "parlour: PARLOUR_TURN: no TURN server is installed; build Parlour's own (`parlour media install`).\n"
    )


async def test_a_program_of_another_version_has_to_be_built_again(tmp_path: Path) -> None:
    """It could not read its configuration. Before there were versions, none told its own."""
    chosen = {"PARLOUR_TURN_SERVER": "parlour", "PARLOUR_MEDIA_DIR": str(tmp_path)}
    for other in (await program_of_version(CONFIGURATION_VERSION - 1), Path("/bin/false")):
        shutil.copy(other, tmp_path / PROGRAM)
        ended = await run_parlour("serve", "--turn", "--port", "0", folder=tmp_path, settings=chosen)
        assert (ended.code, ended.out) == (2, ""), other
        assert ended.err == (
            f"parlour: PARLOUR_TURN: {tmp_path / PROGRAM} was built by another version of Parlour; "
            "run `parlour media install` again.\n"
        )


# ------------------------------------------------------------------------------------------ without a Parlour


def options_of(folder: Path, kind: str, **more: Any) -> Options:
    values = {name.removeprefix("PARLOUR_").lower(): value for name, value in settings(folder, kind).items()}
    return Options(Settings(_env_file=None, **{**values, "data_dir": folder / "data", **more}), 8000)


@asynccontextmanager
async def turn_server(
    folder: Path, kind: str, *listen: str, look_seconds: float = 0.05, **more: Any
) -> AsyncIterator[TurnOptions]:
    """Run a server that listens on these addresses, and looks that often at its certificate."""
    addresses = tuple(map(ip_address, listen))
    embedded = options_of(folder, kind, turn_listen=addresses, **more).embedded_turn()
    assert embedded is not None
    options, program = embedded.options, find_program(embedded.kind, embedded.media_folder)
    server = TurnServer(program, options, embedded.folder, look_seconds=look_seconds)
    running = asyncio.create_task(server.run())
    try:
        for address in listen:
            answered = asyncio.create_task(answers(IceUri(True, address, options.port, "udp")))
            await asyncio.wait({running, answered}, return_when=asyncio.FIRST_COMPLETED)
            assert not running.done()
            await answered
        yield options
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_the_sfu_of_this_machine_is_reached_through_a_relay(tmp_path: Path) -> None:
    """People whose firewall lets TURN through alone have no other way to it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sfu,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for service, seconds in ((sfu, 30), (other, 0)):
            service.bind(("127.0.0.1", free_port()))
            service.settimeout(seconds)
        port = sfu.getsockname()[1]
        async with (
            turn_server(tmp_path, "parlour", "127.0.0.1", sfu="embedded", sfu_udp_port=port) as options,
            turn_client(IceUri(True, "127.0.0.1", options.port, "udp"), within=30.0) as client,
        ):
            ours = await client.allocate(*credential())
            await client.permit(ours.ip)
            client.send(TransportAddress(ours.ip, other.getsockname()[1]), b"for another service")
            client.send(TransportAddress(ours.ip, port), b"for the SFU")
            packet, relay = await asyncio.to_thread(sfu.recvfrom, 100)
            assert (packet, relay) == (b"for the SFU", (str(ours.ip), ours.port))
            sfu.sendto(b"from the SFU", relay)
            assert await client.receive() == (TransportAddress(ours.ip, port), b"from the SFU")
            with pytest.raises(BlockingIOError):
                other.recv(100)


def credential() -> tuple[str, str]:
    return turn_credential(SECRET, "ann", datetime.now(UTC) + timedelta(minutes=5))


@pytest.mark.parametrize("kind", ["coturn", "parlour"])
async def test_people_of_both_families_get_relays_of_ipv4(kind: str, tmp_path: Path) -> None:
    """A browser asks for no family, and IPv4 serves everybody."""
    async with turn_server(tmp_path, kind, "::1", "127.0.0.1") as options:
        for address in ("::1", "127.0.0.1"):
            for transport in ("udp", "tcp"):
                uri = IceUri(True, address, options.port, transport)
                async with turn_client(uri, within=30.0) as client:
                    assert (await client.bind()).ip == ip_address(address)
                    assert (await client.allocate(*credential())).ip == ip_address("127.0.0.1")


@pytest.mark.parametrize("kind", ["coturn", "parlour"])
async def test_of_ipv6_alone_no_private_peers_are_reached(kind: str, tmp_path: Path) -> None:
    async with (
        turn_server(tmp_path, kind, "::1") as options,
        turn_client(IceUri(True, "::1", options.port, "udp"), within=30.0) as client,
    ):
        assert (await client.allocate(*credential())).ip == ip_address("::1")
        for address in (*PRIVATE, *PRIVATE_IPV6):
            with pytest.raises(TurnRefusal) as refusal:
                await client.permit(ip_address(address))
            assert refusal.value.code in {FORBIDDEN, OTHER_FAMILY}, address
        await client.permit(ip_address("2606:4700::1111"))  # no packet is sent there


@pytest.mark.parametrize("kind", ["coturn", "parlour"])
async def test_a_renewed_certificate_is_shown(kind: str, tmp_path: Path) -> None:
    """Also where the files that the settings name are links, which lead to others then, as certbot's do."""
    for version in ("first", "second"):
        (tmp_path / version).mkdir()
        self_signed(tmp_path / version / "chain.pem", tmp_path / version / "key.pem")
    links = {"turn.pem": "chain.pem", "turn.key": "key.pem"}

    def lead_to(version: str, *names: str) -> None:
        for name in names:
            link = tmp_path / f".{name}"
            link.symlink_to(tmp_path / version / links[name])
            link.replace(tmp_path / name)

    lead_to("first", *links)
    async with turn_server(tmp_path, kind, "127.0.0.1") as options:
        former = await shown_certificate(options)
        lead_to("second", "turn.pem")  # the key does not fit yet
        assert await shown_certificate(options) == former
        lead_to("second", "turn.key")
        await until_shown(options, tmp_path / "second" / "chain.pem")


@pytest.mark.parametrize("kind", ["coturn", "parlour"])
async def test_a_first_certificate_is_shown(kind: str, tmp_path: Path) -> None:
    """Until then all works but TLS."""
    embedded = options_of(tmp_path, kind).embedded_turn()
    assert embedded is not None
    options, later = embedded.options, tmp_path / "later"
    assert options.certificate is not None
    files = options.certificate.chain, options.certificate.key
    later.mkdir()
    for file in files:
        file.rename(later / file.name)
    tasks = Supervisor()
    TurnCompanion(embedded).register(tasks)
    tasks.start()
    try:
        await answers(IceUri(True, "127.0.0.1", options.port, "udp"))
        with pytest.raises(ConnectionRefusedError):
            await shown_certificate(options)
        for file in files:
            (later / file.name).rename(file)
        await until_shown(options, files[0])
        assert tasks.health["turn"].failures == 0
    finally:
        await tasks.stop()


async def until_shown(options: TurnOptions, chain: Path) -> None:
    wanted = ssl.PEM_cert_to_DER_cert(chain.read_text())
    async with asyncio.timeout(60):
        while True:
            with suppress(ConnectionRefusedError):
                if await shown_certificate(options) == wanted:
                    return
            await asyncio.sleep(0.02)  # the server announces nothing


async def shown_certificate(options: TurnOptions) -> bytes:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", options.tls_port, ssl=tls)
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return shown


# ---------------------------------------------------------------- the project's own server, without a Parlour


async def refreshes(client: TurnClient) -> None:
    while True:
        await client.refresh(seconds=600)
        await asyncio.sleep(0.1)  # a server announces no end


async def test_no_relay_outlives_its_credentials(tmp_path: Path) -> None:
    """coturn asks for them once in a connection: docs/settings.md says so."""
    ends = datetime.now(UTC) + timedelta(seconds=2)
    async with (
        turn_server(tmp_path, "parlour", "127.0.0.1") as options,
        turn_client(IceUri(True, "127.0.0.1", options.port, "udp"), within=30.0) as client,
    ):
        await client.allocate(*turn_credential(SECRET, "ann", ends))
        async with asyncio.timeout(60):
            with pytest.raises(TurnRefusal) as refusal:
                await refreshes(client)
        assert (refusal.value.code, datetime.now(UTC) >= ends - timedelta(seconds=1)) == (401, True)


async def test_it_is_found_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default that is relative to the folder in which Parlour was started; the program runs in another."""
    media = tmp_path / "data" / "media"
    media.mkdir(parents=True)
    shutil.copy(CHECKOUT / ".tools" / "media" / PROGRAM, media)
    monkeypatch.chdir(tmp_path)
    embedded = options_of(tmp_path, "parlour", data_dir=Path("data"), media_dir=None).embedded_turn()
    assert embedded is not None
    program = find_program(embedded.kind, embedded.media_folder)
    running = asyncio.create_task(TurnServer(program, embedded.options, embedded.folder).run())
    answered = asyncio.create_task(answers(IceUri(True, "127.0.0.1", embedded.options.port, "udp")))
    await asyncio.wait({running, answered}, return_when=asyncio.FIRST_COMPLETED)
    assert not running.done()
    await answered
    running.cancel()
    await asyncio.wait({running})


@asynccontextmanager
async def own_server(folder: Path, bounds: StreamBounds, *under: str) -> AsyncIterator[TurnOptions]:
    """Run it on all addresses, of both families, `under` another program."""
    chosen = options_of(folder, "parlour").turn_server
    assert chosen is not None
    options, file = replace(chosen, listen=()), folder / "turn.conf"
    file.write_text(own_server_configuration(options, relay=ip_address("127.0.0.1"), bounds=bounds))
    program = str(CHECKOUT / ".tools" / "media" / PROGRAM)
    with (folder / "turn.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *under, program, str(file), stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log
        )
    assert process.stdin is not None
    try:
        await answers(IceUri(True, "127.0.0.1", options.port, "udp"))
        yield options
    finally:
        process.stdin.close()
        async with asyncio.timeout(60):
            await process.wait()


async def until_closed(port: int, *, said: bytes) -> bytes:
    """Connect, say this and no more; return what was answered when the server has hung up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        writer.write(said)
        async with asyncio.timeout(60):
            while received := await reader.read(4096):
                answer += received
    except ConnectionError:
        pass  # it hung up before it had read all
    finally:
        writer.close()
    return answer


def streams(folder: Path, options: TurnOptions) -> list[tuple[IceUri, ssl.SSLContext]]:
    tls = ssl.create_default_context(cafile=str(folder / "turn.pem"))
    ports = {"tcp": options.port, "tls": options.tls_port}
    return [(uri, tls) for uri in options.uris() if uri.transport in ports]


async def test_who_makes_no_handshake_takes_up_no_place(tmp_path: Path) -> None:
    no_stun = b"\xff" * 20
    async with own_server(tmp_path, StreamBounds(connections=2)) as options:
        for _ in range(4):
            await until_closed(options.tls_port, said=no_stun)
            await until_closed(options.port, said=no_stun)
        async with AsyncExitStack() as ending:
            for uri, tls in streams(tmp_path, options):
                client = await ending.enter_async_context(turn_client(uri, within=30.0, tls=tls))
                assert str((await client.bind()).ip) == "127.0.0.1"
            for port in (options.port, options.tls_port):  # both listeners count together
                assert await until_closed(port, said=b"") == b""


async def test_silent_connections_are_closed(tmp_path: Path) -> None:
    """At once those that say no whole message, later those that have said one."""
    binding = StunMessage.new(Method.BINDING).encoded()
    slow = StreamBounds(first_message_seconds=1.0, silent_seconds=120.0)
    async with own_server(tmp_path, slow) as options:
        said = ((options.port, b""), (options.tls_port, b""), (options.port, binding[:-1]))
        answered = await asyncio.gather(*(until_closed(port, said=part) for port, part in said))
        assert answered == [b""] * 3
    soon = StreamBounds(first_message_seconds=120.0, silent_seconds=0.2)
    async with own_server(tmp_path, soon) as options:
        assert len(await until_closed(options.port, said=binding)) > len(binding)


async def test_it_goes_on_after_too_many_open_files(tmp_path: Path) -> None:
    few_files = ("prlimit", "--nofile=24:24")
    async with own_server(tmp_path, StreamBounds(), *few_files) as options, asyncio.timeout(60):
        with ExitStack() as opened:
            for _ in range(32):
                opened.enter_context(socket.create_connection(("127.0.0.1", options.port)))
            while "too many open files" not in (tmp_path / "turn.log").read_text():  # noqa: ASYNC110 - a file announces nothing
                await asyncio.sleep(0.02)
        assert str((await answers(streams(tmp_path, options)[0][0])).ip) == "127.0.0.1"
