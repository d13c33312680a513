"""`python -m bench.mesh`: a mesh call over lines that are narrow and lossy.

Each person has a browser on a host of their own (a network namespace); the lines between them are made as
narrow and as lossy as each row says. Prints tables in Markdown; `--write` puts them and the charts into
docs/performance.md. With `--compare`, a call without limits is measured a second time with clients that
leave all parameters of their senders, and the order of codecs, as the browser has them.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Error as PlaywrightError

from bench.mesh import page, report
from bench.mesh.figures import Resize, Scene
from bench.mesh.people import call_of
from bench.mesh.plan import Plan, plans

PEOPLE = (2, 4, 6, 8)


def main() -> None:
    options = _options()
    cores = len(os.sched_getaffinity(0))
    chosen = plans(options.people, cores=cores, compare=options.compare)
    if left_out := sorted(set(options.people) - {plan.people for plan in chosen}):
        _say(f"Too few cores for calls of {', '.join(map(str, left_out))}: left out.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # browsers and namespaces end with it
    scenes, resizes = asyncio.run(_measure(chosen, settle=options.settle, seconds=options.seconds))
    section = page.section(scenes, resizes, settle=options.settle, seconds=options.seconds)
    print(section)
    if options.write:
        page.write(section, report.charts(scenes))


async def _measure(
    chosen: Sequence[Plan], *, settle: float, seconds: float
) -> tuple[list[Scene], list[Resize]]:
    scenes: list[Scene] = []
    resizes: list[Resize] = []
    for plan in chosen:
        try:
            await _measure_call(plan, scenes, resizes, settle=settle, seconds=seconds)
        except (PlaywrightError, AssertionError, OSError) as error:  # a TimeoutError is an OSError
            _say(f"The call of {plan.people} broke off: {type(error).__name__} {error}")
    return scenes, resizes


async def _measure_call(
    plan: Plan, scenes: list[Scene], resizes: list[Resize], *, settle: float, seconds: float
) -> None:
    """Add the figures of a call as they come, so that those are kept that came before a failure."""
    _say(f"{plan.people} people, {plan.camera.title}{', fixed quality' if plan.is_fixed else ''}")
    with tempfile.TemporaryDirectory(prefix="parlour-mesh-") as folder:
        async with call_of(plan.people, Path(folder), plan.camera, is_fixed=plan.is_fixed) as call:
            _say("All have entered")
            await asyncio.sleep(settle)  # until estimates have grown
            if plan.resizes:
                found = await call.resizes()
                _say(report.resize_table(found))
                resizes += found
            for line, loss in plan.lines:
                scene = await call.measure(line=line, loss=loss, settle=settle, seconds=seconds)
                _say(report.table([scene]).splitlines()[-1])
                scenes.append(scene)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mesh", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=PEOPLE, help="how many are in the call")
    parser.add_argument("--settle", type=float, default=6, help="seconds for a new line to be got used to")
    parser.add_argument("--seconds", type=float, default=5, help="seconds to measure each line for")
    parser.add_argument(
        "--compare", action="store_true", help="measure a call of four with fixed quality too"
    )
    parser.add_argument("--write", action="store_true", help="put tables and charts into docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
