"""Collections that do not stop the event loop. Thresholds are a process's, so each test starts one."""

import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import asyncio, gc, weakref
from parlour.garbage import FEW_CONNECTIONS, FEW_OBJECTS, MOST_GROWTH, FullCollections
from parlour.garbage import collect_young_objects_alone, peak_memory

class Node:
    pass

def cycle():
    node = Node()
    node.itself = node
    return node

collect_young_objects_alone()
full = gc.get_stats()[2]["collections"]
"""


def _says(program: str) -> str:
    command = [sys.executable, "-c", BEGIN + program]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_objects_that_stay_cause_no_collection_of_all() -> None:
    program = "kept = [Node() for _ in range(200_000)]; print(gc.get_stats()[2]['collections'] - full)"
    assert _says(program) == "0"


def test_young_cycles_are_collected() -> None:
    program = "lost = weakref.ref(cycle()); kept = [Node() for _ in range(10_000)]; print(lost())"
    assert _says(program) == "None"


def test_the_server_lets_no_young_objects_pile_up_while_old_ones_end(tmp_path: Path) -> None:
    """Python counts an old object's end against a new object, and so sees none of these come."""
    program = f"""
from parlour.app import Parlour
from parlour.serve import Server, uvicorn_config
from parlour.settings import Settings
parlour = Parlour(Settings(data_dir={str(tmp_path)!r}, _env_file=None), port=8000)
server = Server(uvicorn_config(parlour, connections=10), parlour, ready="")

old = [Node() for _ in range(50_000)]
gc.collect()
young = lambda: len(gc.get_objects(generation=0)) + len(gc.get_objects(generation=1))
kept = []
for number in range(20_000):
    old.pop()
    kept.append(Node())
piled_up = young()
lost = weakref.ref(cycle())
asyncio.run(server.on_tick(1))
print(piled_up > 10_000, young() < 1_000, lost() is None)
"""
    assert _says(program) == "True True True"


@pytest.mark.parametrize(
    ("connections", "objects", "growth", "remains"),
    [
        ("FEW_CONNECTIONS", "0", "0", False),
        ("FEW_CONNECTIONS", "FEW_OBJECTS", "0", True),
        ("FEW_CONNECTIONS + 1", "0", "MOST_GROWTH", True),
        ("FEW_CONNECTIONS + 1", "0", "MOST_GROWTH + 1", False),
        ("FEW_CONNECTIONS", "FEW_OBJECTS", "MOST_GROWTH + 1", False),
    ],
)
def test_old_cycles_are_collected_while_a_server_is_empty_or_memory_grows(
    connections: str, objects: str, growth: str, remains: bool
) -> None:
    program = f"""
old = cycle()
lost = weakref.ref(old)
kept = [Node() for _ in range({objects} + 5_000)]
del old
more = [Node() for _ in range(5_000)]
assert lost() is not None
peak = peak_memory()
peaks = iter([peak, peak + {growth}])
collections = FullCollections(lambda: {connections}, peak_memory=lambda: next(peaks))
asyncio.run(collections.collect_if_due())
print(lost() is not None)
"""
    assert _says(program) == str(remains)
