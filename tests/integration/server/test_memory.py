"""A server that people have come to and gone from holds what it held before, object for object."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.client import Peer, close_all, connect_all
from bench.seed import FOURS, Seed, sow
from tests.servers import ParlourServer

PROBE = Path(__file__).parents[2] / "soak" / "probe"
ROOMS, TIMES = 50, 8
"""Few rooms, many times: the rate limiters of all their people are remembered from one time to the next."""
MOST_ROUNDS = 4
UNDER_WAY = 20
"""Objects of a type that belong to tasks which happen to run while they are counted."""
BLOCKS_PER_VISIT = 0.25
"""The growth that chance explains; whatever is kept of a visit takes at least one block."""


@dataclass(frozen=True, slots=True)
class Held:
    """The allocated blocks of memory, and the live objects by type."""

    blocks: int
    types: Counter[str]


@pytest.fixture
async def seed(tmp_path: Path) -> Seed:
    return await sow(tmp_path, people=0, room_count=0)


@pytest.fixture
async def server(seed: Seed) -> AsyncIterator[ParlourServer]:
    settings: dict[str, str | int] = {
        "PARLOUR_SECRET_KEY": seed.secret,
        "PYTHONPATH": str(PROBE),
    }
    async with ParlourServer(seed.folder, seed.database_url, settings) as running:
        yield running


async def test_nothing_is_kept_of_people_who_came_and_went(seed: Seed, server: ParlourServer) -> None:
    """Reads that are remembered fill up first, and may be voided in between; what leaks grows each time."""
    await _visits(seed, server)
    before, growth = await _held(server), ["unknown"]
    for _ in range(MOST_ROUNDS):
        await _visits(seed, server)
        after = await _held(server)
        growth = _growth(before, after)
        if not growth:
            break
        before = after
    assert growth == []


def _growth(before: Held, after: Held) -> list[str]:
    """Name what there is more of."""
    types = after.types - before.types
    grown = [kind for kind, count in types.items() if count > UNDER_WAY]
    blocks = after.blocks - before.blocks
    is_more = blocks >= BLOCKS_PER_VISIT * TIMES * ROOMS * FOURS.size
    return [*grown, f"{blocks} blocks"] if is_more else grown


async def _visits(seed: Seed, server: ParlourServer) -> None:
    """Let everyone connect and join; every other one leaves, and the others close their connection."""
    port = urlsplit(server.url).port
    assert port is not None
    for _ in range(TIMES):
        peers = [
            Peer(seed.people[number], FOURS.room(index))
            for index in range(ROOMS)
            for number in FOURS.people(index)
        ]
        await connect_all(peers, port, at_once=16)
        await asyncio.gather(*(peer.leave() for peer in peers[::2]))
        await close_all(peers)


async def _held(server: ParlourServer) -> Held:
    """Ask the server what it holds, once it holds no connection any more."""
    async with asyncio.timeout(120):
        while True:
            held = await _asked(server)
            if not any("WebSocket" in name or "WSTransport" in name for name in held.types):
                return held


async def _asked(server: ParlourServer) -> Held:
    answered = server.folder / "tasks"
    answered.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    while not answered.exists():  # noqa: ASYNC110 - a file announces no creation
        await asyncio.sleep(0.02)
    said = json.loads((server.folder / "objects").read_text())
    return Held(said["blocks"], Counter(said["types"]))
