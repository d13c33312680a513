"""Hosts of their own with a network between them that fails on demand.

    async with Network() as network:
        ann = await network.host("ann")
        async with chromium(ann.program("/usr/bin/chromium")) as browser: ...
        ann.link.loss = 0.05

Each host is a network namespace whose only device ends in this process (a TUN device), which carries the
packets from host to host. TUN devices are in nearly every kernel, while netem often is not.
"""

import asyncio
import fcntl
import heapq
import itertools
import os
import random
import secrets
import select
import struct
import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Self

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_HIGHEST_PRIORITY = -20
_MTU = 1500
PREFIX, PREFIX_6 = 24, 48
_LONGEST_QUEUE_SECONDS = 0.3
"""The longest queue of a router before a narrow line; it drops what would wait longer."""


@dataclass
class Link:
    """The state of a host's line to the other hosts; it applies to both directions."""

    loss: float = 0.0
    """The share of packets that are dropped, 0 to 1."""
    delay: float = 0.0
    """The latency of each direction, in seconds."""
    cut: bool = False
    upload: float | None = None
    """Bits per second that the host can send; None without a limit."""
    _free_at: float = 0.0

    def leaves_at(self, size: int, now: float) -> float | None:
        """Return when a packet of so many bytes has left the host; None if it is dropped."""
        if self.upload is None:
            return now
        free_at = max(now, self._free_at)
        if free_at - now > _LONGEST_QUEUE_SECONDS:
            return None
        self._free_at = free_at + size * 8 / self.upload
        return self._free_at


class Host:
    """A network namespace; the other hosts reach it at `address`."""

    def __init__(self, folder: Path, namespace: str, device: str, address: str, link: Link) -> None:
        self._folder = folder
        self.namespace = namespace
        self.device = device
        self.address = address
        self.link = link

    def program(self, path: Path, *, hosts: Path | None = None) -> Path:
        """Write a script that runs the program at `path` on this host, with the script's arguments.

        The program finds `hosts` in the place of /etc/hosts, if given.
        """
        script = self._folder / f"{path.name}-on-{self.namespace}"
        inside = f'{path} "$@"'
        if hosts is not None:  # `ip netns exec` gives the program mounts of its own
            inside = f'sh -c \'mount --bind {hosts} /etc/hosts && exec "$0" "$@"\' {inside}'
        script.write_text(f"#!/bin/sh\nexec ip netns exec {self.namespace} {inside}\n")
        script.chmod(0o755)
        return script

    async def runs(self, *command: str, said: str = "") -> bytes:
        """Run a command on the host, as `run` does."""
        return await run("ip", "netns", "exec", self.namespace, *command, said=said)

    async def processes(self) -> list[int]:
        """Return the ids of the processes that run on the host."""
        return [int(pid) for pid in (await run("ip", "netns", "pids", self.namespace)).split()]

    async def moves_to(self, address: str) -> None:
        """Replace the host's address, as a change of network does; sockets bound to the old address break."""
        inside = ("-n", self.namespace, "address")
        await _ip(*inside, "del", f"{self.address}/{PREFIX}", "dev", self.device)
        await _ip(*inside, "add", f"{address}/{PREFIX}", "dev", self.device)
        self.address = address

    async def unplugs(self) -> None:
        """Take the device down: the host's programs notice that they are offline, unlike with `Link.cut`."""
        await _ip("-n", self.namespace, "link", "set", self.device, "down")

    async def plugs_in(self) -> None:
        await _ip("-n", self.namespace, "link", "set", self.device, "up")


class Network:
    """A subnet of hosts. Its first address belongs to this process: servers listen there.

    It carries IPv6 as well, between addresses of `at_6`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = secrets.token_hex(3)
        self._subnet = f"10.{random.randint(64, 191)}.{random.randint(0, 255)}"  # noqa: S311 - not a secret
        self._prefix_6 = f"fd{secrets.token_hex(1)}:{secrets.token_hex(2)}:{secrets.token_hex(2)}"
        self._wires = _Wires()
        self._file = -1
        self._namespaces: list[str] = []

    @property
    def address(self) -> str:
        return self.at(1)

    def at(self, number: int) -> str:
        return f"{self._subnet}.{number}"

    def at_6(self, number: int, *, site: int = 0) -> str:
        """Return an IPv6 address of the network; each `site` is a /64."""
        return f"{self._prefix_6}:{site:x}::{number:x}"

    async def __aenter__(self) -> Self:
        device = f"pl{self._name}0"
        self._file = self._wires.plug(device, Link())
        await self.adds(self.address)
        await _ip("link", "set", device, "up")
        self._wires.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._wires.stop)  # the devices end with their files
        for namespace in self._namespaces:
            await _ip("netns", "delete", namespace)

    async def adds(self, *addresses: str) -> None:
        """Give this process more addresses of the network."""
        for address in addresses:
            prefix, more = (PREFIX_6, ("nodad",)) if ":" in address else (PREFIX, ())
            await _ip("address", "add", f"{address}/{prefix}", "dev", f"pl{self._name}0", *more)
            self._wires.expect(self._file, address)

    async def namespace(self) -> tuple[int, str]:
        """Make a network namespace that ends with this network; return its number and its name."""
        number = len(self._namespaces) + 1
        name = f"parlour-{self._name}-{number}"
        await _ip("netns", "add", name)
        self._namespaces.append(name)
        await _ip("-n", name, "link", "set", "lo", "up")
        return number, name

    async def host(self) -> Host:
        number, namespace = await self.namespace()
        device = f"pl{self._name}{number}"
        link = Link()
        host = Host(self._folder, namespace, device, self.at(10 + number), link)
        self._wires.expect(self._wires.plug(device, link), host.address)
        await _ip("link", "set", device, "netns", namespace)
        inside = ("-n", namespace)
        await _ip(*inside, "address", "add", f"{host.address}/{PREFIX}", "dev", device)
        await _ip(*inside, "link", "set", device, "up")
        return host


class _Wires:
    """A switch in a thread of its own that carries packets between the TUN devices."""

    def __init__(self) -> None:
        self._links: dict[int, Link] = {}
        self._where: dict[bytes, int] = {}
        """The TUN file by source address, learned from the packets sent, so that hosts may move."""
        self._on_the_way: list[tuple[float, int, int, bytes]] = []
        self._count = itertools.count()
        self._random = random.Random(4)  # noqa: S311 - the same losses each time
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wires", daemon=True)

    def plug(self, device: str, link: Link) -> int:
        """Make a device, and return its file."""
        file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
        self._links[file] = link
        return file

    def expect(self, file: int, address: str) -> None:
        """Deliver there what is sent to this address, before anything has come from it."""
        self._where[ip_address(address).packed] = file

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for file in self._links:
            os.close(file)

    def _run(self) -> None:
        # Packets that waited for a core would look to the browsers like those of a narrow line.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _HIGHEST_PRIORITY)
        while not self._stopping.is_set():
            now = time.monotonic()
            while self._on_the_way and self._on_the_way[0][0] <= now:
                self._deliver(*heapq.heappop(self._on_the_way)[2:])
            wait = self._on_the_way[0][0] - now if self._on_the_way else 0.05
            for file in select.select(list(self._links), [], [], min(max(wait, 0), 0.05))[0]:
                self._take_all(file, time.monotonic())

    def _take_all(self, source: int, now: float) -> None:
        while True:
            try:
                packet = os.read(source, _MTU + 100)
            except OSError:  # no more packets, or the device is not up yet
                return
            sender, receiver = _ends(packet)
            self._where[sender] = source
            target = self._where.get(receiver)
            if target is not None and self._passes(self._links[source]) and self._passes(self._links[target]):
                left_at = self._links[source].leaves_at(len(packet), now)
                if left_at is None:
                    continue
                due = left_at + self._links[source].delay + self._links[target].delay
                heapq.heappush(self._on_the_way, (due, next(self._count), target, packet))

    def _passes(self, link: Link) -> bool:
        return not link.cut and self._random.random() >= link.loss

    def _deliver(self, target: int, packet: bytes) -> None:
        try:
            os.write(target, packet)
        except OSError:  # the device has gone meanwhile
            return


def _ends(packet: bytes) -> tuple[bytes, bytes]:
    """Return the addresses of source and destination."""
    if packet[0] >> 4 == 4:
        return packet[12:16], packet[16:20]
    return packet[8:24], packet[24:40]


async def run(*command: str, said: str = "") -> bytes:
    """Run a command with `said` on its standard input; return its output. Raises RuntimeError."""
    pipe = asyncio.subprocess.PIPE
    heard = pipe if said else asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=heard, stdout=pipe, stderr=pipe)
    answer, complaint = await process.communicate(said.encode() or None)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {complaint.decode().strip()}")
    return answer


async def _ip(*words: str) -> bytes:
    return await run("ip", *words)
