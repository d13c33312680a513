"""`python -m bench.relays`: what coturn and Parlour's own TURN server take to relay a megabit.

Both run all the time and are measured in turn, slice by slice, with the same streams: bursts as of a video in
both directions, between a client and a peer of its. Prints a table in Markdown; `--write` puts it into
docs/performance.md.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from statistics import median

from bench.machine import ProcessClock, pinned
from bench.relays import page
from parlour.calls.ice import turn_credential
from parlour.go_build import build, media_source
from parlour.turn.options import Certificate, PortRange, TurnOptions
from parlour.turn.server import ServerKind, find_program
from parlour.turn.uri import Transport
from tests.servers.certificate import self_signed
from tests.servers.process import free_port
from tests.servers.turn import answers

KINDS: tuple[ServerKind, ...] = ("coturn", "parlour")
TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp", "tls")
MEDIA = Path(__file__).parents[2] / ".tools" / "media"
LOST = 0.01
"""More than this share of packets lost, and a slice says little."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What a server has relayed, and the CPU time that it took."""

    cpu: float
    megabits: float
    lost: float


class Load:
    """Streams through a server over one transport."""

    def __init__(self, process: asyncio.subprocess.Process, clock: ProcessClock) -> None:
        self._process = process
        self._clock = clock

    async def slice(self) -> Slice:
        assert self._process.stdin is not None
        began = self._clock.seconds()
        self._process.stdin.write(b"go\n")
        counted = json.loads(await self.line())
        cpu = self._clock.seconds() - began
        return Slice(cpu, counted["received_bytes"] * 8 / 1e6, 1 - counted["received"] / counted["sent"])

    async def line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the generator of the load has ended")
        return line


@asynccontextmanager
async def running(command: Sequence[str], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until this ends; what it says as an error is shown."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=pipe, stdout=pipe, preexec_fn=pinned(None)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def turn_server(kind: ServerKind, folder: Path) -> AsyncIterator[tuple[TurnOptions, ProcessClock]]:
    program = find_program(kind, MEDIA)
    await asyncio.to_thread(folder.mkdir)
    options = turn_options(folder)
    file = folder / "turn.conf"
    file.write_text(program.configuration(options, folder))
    async with running(program.command(file), folder) as process:
        draining = asyncio.create_task(drain(process))
        await answers(options.uris()[0])
        yield options, ProcessClock(process.pid)
        draining.cancel()


async def drain(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while await process.stdout.read(65_536):
        pass


def turn_options(folder: Path) -> TurnOptions:
    chain, key = folder / "turn.pem", folder / "turn.key"
    self_signed(chain, key)
    return TurnOptions(
        host="127.0.0.1",
        realm="parlour",
        secret="for this measurement alone",  # noqa: S106
        listen=(ip_address("127.0.0.1"),),
        external=None,
        port=free_port(),
        tls_port=free_port(),
        relay_ports=PortRange(49_152, 65_535),
        certificate=Certificate(chain, key),
        quota=10_000,
        allowed_peers=(ip_network("127.0.0.0/8"),),
    )


@asynccontextmanager
async def load(
    generator: Path,
    options: TurnOptions,
    clock: ProcessClock,
    transport: Transport,
    chosen: argparse.Namespace,
) -> AsyncIterator[Load]:
    username, password = turn_credential(options.secret, "ann", datetime.now(UTC) + timedelta(hours=1))
    port = options.tls_port if transport == "tls" else options.port
    command = [str(generator), "-server", f"127.0.0.1:{port}", "-transport", transport]
    command += ["-username", username, "-password", password]
    command += ["-streams", str(chosen.streams), "-lasts", f"{chosen.seconds}s"]
    async with running(command, MEDIA) as process:
        opened = Load(process, clock)
        await opened.line()
        yield opened


async def measure(chosen: argparse.Namespace) -> list[page.Row]:
    generator = await asyncio.to_thread(build, media_source(), MEDIA, package="./load", program="turn-load")
    rows = []
    async with AsyncExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="parlour-relays-")))
        servers = {kind: await ending.enter_async_context(turn_server(kind, folder / kind)) for kind in KINDS}
        for transport in TRANSPORTS:
            async with AsyncExitStack() as loading:
                loads = {
                    kind: await loading.enter_async_context(load(generator, *server, transport, chosen))
                    for kind, server in servers.items()
                }
                slices: dict[ServerKind, list[Slice]] = {kind: [] for kind in KINDS}
                for number in range(chosen.rounds):
                    for kind in KINDS if number % 2 else reversed(KINDS):
                        slices[kind].append(await loads[kind].slice())
            rows.append(row(transport, slices))
            say(f"{transport}: {rows[-1]}")
    return rows


def row(transport: Transport, slices: dict[ServerKind, list[Slice]]) -> page.Row:
    cost = {kind: [1000 * one.cpu / one.megabits for one in found] for kind, found in slices.items()}
    worst = max(one.lost for found in slices.values() for one in found)
    if worst > LOST:
        say(f"{transport}: {worst:.1%} of the packets of a slice were lost")
    ratios = [ours / theirs for ours, theirs in zip(cost["parlour"], cost["coturn"], strict=True)]
    return page.Row(
        transport=transport,
        coturn=median(cost["coturn"]),
        parlour=median(cost["parlour"]),
        ratio=median(ratios),
        lost=worst,
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.relays", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="slices of each server and transport")
    parser.add_argument("--seconds", type=float, default=2, help="seconds of a slice")
    parser.add_argument("--streams", type=int, default=20, help="relays at a time")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = parser.parse_args()
    section = page.section(asyncio.run(measure(chosen)), chosen.rounds, chosen.seconds, chosen.streams)
    print(section)
    if chosen.write:
        page.KEPT.write(section)


if __name__ == "__main__":
    main()
