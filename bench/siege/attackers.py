"""`python -m bench.siege.attackers`: the attacks, in a process of their own that `bench.siege` starts.

It reads an `Order` as JSON from stdin, attacks until its time is over, and writes to stdout what each
attack met.
"""

import asyncio
import os
import sys
import time
from collections import Counter

import msgspec
import uvloop

from bench.machine import raise_open_files
from bench.siege.attack import Attack, Order, Target
from bench.siege.http_attacks import HTTP_ATTACKS
from bench.siege.room_attacks import ROOM_ATTACKS

ATTACKS: dict[str, tuple[Attack, ...]] = HTTP_ATTACKS | ROOM_ATTACKS
"""The parts of each attack, by its name; the parts run concurrently."""

NICE = 5
"""Niceness of this process: a real attacker has a machine of their own and takes no CPU from the server."""
LAST_ANSWERS_SECONDS = 5.0


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    os.nice(NICE)
    raise_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        met = runner.run(_attack(order))
    cpu = time.process_time()
    sys.stdout.buffer.write(msgspec.json.encode({"met": met, "cpu": cpu}) + b"\n")
    sys.stdout.flush()
    os._exit(0)  # an orderly exit would close hundreds of connections singly


async def _attack(order: Order) -> dict[str, dict[str, int]]:
    """Run all attacks; return counts for each: statuses, refusal codes, bytes, closed connections."""
    ends = time.monotonic() + order.seconds
    targets = {
        name: Target(order=order, source=f"127.0.{number + 1}.2", ends=ends, met=Counter())
        for number, name in enumerate(order.attacks)
    }
    await asyncio.gather(
        *(_until_the_end(part, target) for name, target in targets.items() for part in ATTACKS[name])
    )
    for target in targets.values():
        target.count_unanswered()
    return {name: dict(target.met) for name, target in targets.items()}


async def _until_the_end(attack: Attack, target: Target) -> None:
    """Repeat an attack until its time is over, a second after the server has thrown it out."""
    while (left := target.left()) > 0:
        try:
            async with asyncio.timeout(left + LAST_ANSWERS_SECONDS):
                await attack(target)
        except TimeoutError:
            return
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            target.met[f"thrown out ({type(error).__name__})"] += 1
        except Exception as error:
            target.met[f"failed: {type(error).__name__} {error}"[:120]] += 1
        await asyncio.sleep(1)


if __name__ == "__main__":
    main()
