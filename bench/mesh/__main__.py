"""`python -m bench.mesh`: a mesh call over lines that are narrow and lossy.

Each person has a browser on a host of their own (a network namespace); the lines between them are made as
narrow and as lossy as each row says. Prints a table in Markdown; `--json` writes the figures too. With
`--compare`, a call without limits is measured a second time with clients that leave all parameters of
their senders as the browser has them.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.mesh.figures import Scene
from bench.mesh.people import call_of
from bench.mesh.report import table

MEGABIT = 1_000_000
PEOPLE = (2, 4, 8)
LINES = (None, 10 * MEGABIT, 5 * MEGABIT, 2 * MEGABIT, 1 * MEGABIT)
LOSSES = (0.01, 0.05, 0.1)
PEOPLE_PER_CORE = 2
"""More browsers than that measure the machine alone."""
LOSSY_LINE = 5 * MEGABIT


def main() -> None:
    options = _options()
    scenes = asyncio.run(_measure(options))
    print(table(scenes))
    if options.json:
        figures = [dataclasses.asdict(scene) for scene in scenes]
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


async def _measure(options: argparse.Namespace) -> list[Scene]:
    scenes: list[Scene] = []
    for people in options.people:
        for is_fixed in (False, True) if options.compare else (False,):
            with tempfile.TemporaryDirectory(prefix="parlour-mesh-") as folder:
                async with call_of(people, Path(folder), is_fixed=is_fixed) as call:
                    for line, loss in _lines(is_fixed=is_fixed):
                        scene = await call.measure(
                            line=line, loss=loss, settle=options.settle, seconds=options.seconds
                        )
                        print(table([scene]).splitlines()[-1], file=sys.stderr, flush=True)
                        scenes.append(scene)
    return scenes


def _lines(*, is_fixed: bool) -> Iterator[tuple[float | None, float]]:
    if is_fixed:
        yield None, 0.0
        return
    for line in LINES:
        yield line, 0.0
    for loss in LOSSES:
        yield LOSSY_LINE, loss


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mesh", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=None, help="how many are in the call")
    parser.add_argument("--settle", type=float, default=20, help="seconds for a new line to be got used to")
    parser.add_argument("--seconds", type=float, default=15, help="seconds to measure each line for")
    parser.add_argument("--compare", action="store_true", help="measure fixed quality too")
    parser.add_argument("--json", type=Path, default=None, help="a file for the figures")
    options = parser.parse_args()
    if options.people is None:
        most = PEOPLE_PER_CORE * len(os.sched_getaffinity(0))
        options.people = [people for people in PEOPLE if people <= most]
        if left_out := [people for people in PEOPLE if people > most]:
            print(f"Too few cores for calls of {', '.join(map(str, left_out))}: left out.", file=sys.stderr)
    return options


if __name__ == "__main__":
    main()
