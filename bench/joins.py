"""`python -m bench.joins`: a hundred thousand people who connect, join, leave and go, each with a new token.

Compares the server's memory after the first 5,000, when its caches are full, with that at the end. Fails
where it has grown by more than 5 %.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.client import Lost, Peer, close_all, connect_all
from bench.machine import cores, raise_open_files
from bench.seed import FOURS, Seed, sow, with_new_token
from bench.servers import Parlour
from parlour.accounts.tokens import TokenSigner

JOINS = 100_000
WARM_UP = 5_000
ROOMS_AT_ONCE = 50
CONNECTS_AT_ONCE = 32
MOST_GROWTH = 0.05
REPORT_EVERY = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.joins", description=__doc__)
    parser.add_argument("--joins", type=int, default=JOINS, help="after the warm-up (%(default)s)")
    options = parser.parse_args()
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="parlour-joins-") as folder:
        seed = asyncio.run(sow(Path(folder), people=0, room_count=0))
        os.sched_setaffinity(0, {cores().generator})
        with (
            Parlour(core=cores().server, seed=seed) as server,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            try:
                growth = runner.run(_joins(server, seed, options.joins))
            except Lost as error:
                sys.exit(f"joins: {error}")
    if growth > MOST_GROWTH:
        sys.exit("joins: the server's memory grew")


async def _joins(server: Parlour, seed: Seed, count: int) -> float:
    """Return the share by which the memory grew after the warm-up. Raises Lost."""
    signer = TokenSigner(seed.secret)
    first = await _turns(server, seed, signer, WARM_UP)
    _say(f"{WARM_UP:,} joins: {first / 2**20:.1f} MB")
    last, done = first, 0
    while done < count:
        many, began = min(REPORT_EVERY, count - done), time.monotonic()
        last = await _turns(server, seed, signer, many)
        done += many
        rate = many / (time.monotonic() - began)
        grown = f"{last / 2**20:.1f} MB ({last / first - 1:+.1%})"
        _say(f"{WARM_UP + done:,} joins: {grown}, {rate:,.0f} joins a second")
    return last / first - 1


async def _turns(server: Parlour, seed: Seed, signer: TokenSigner, count: int) -> int:
    """Let `count` people come and go, some rooms at a time; return the memory after it in bytes."""
    done = 0
    while done < count:
        start = done // FOURS.size % (FOURS.count - ROOMS_AT_ONCE)
        peers = [
            Peer(with_new_token(seed.people[number], signer), FOURS.room(index))
            for index in range(start, start + ROOMS_AT_ONCE)
            for number in FOURS.people(index)
        ]
        await connect_all(peers, server.port, at_once=CONNECTS_AT_ONCE)
        await asyncio.gather(*(peer.leave() for peer in peers[::2]))  # the others go without a word
        await close_all(peers)
        done += len(peers)
    return server.resident()


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    main()
