"""The scripts that `make fuzz` begins with, and those that once did harm."""

from collections.abc import Iterator

import pytest

from parlour.engine import Reason
from tests.fuzz.script import World
from tests.fuzz.seeds import SEEDS


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_script_does_no_harm(world: World, seed: str) -> None:
    world.play(SEEDS[seed])


def test_the_scripts_reach_what_they_are_for_and_leave_nothing(world: World) -> None:
    for seed in SEEDS.values():
        world.play(seed)
    world.expect_no_leak()
    assert world.exchange.relayed > len(SEEDS), "the stranger's own messages reach the others too"
    assert set(world.engine.counters().closed) >= {
        Reason.TRANSPORT_CLOSE,
        Reason.PARSE_ERROR,
        Reason.PING_TIMEOUT,
        Reason.CONNECT_TIMEOUT,
        Reason.QUEUE_FULL,
        Reason.SLOW_READER,
        Reason.TOO_LARGE,
        Reason.OVERLAP,
    }
