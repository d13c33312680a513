"""`python -m bench`: the measurements of docs/performance.md, all of them or some."""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import performance_page, report
from bench.client import Lost
from bench.generator import Job, in_process
from bench.machine import cores, raise_open_files
from bench.outcome import Outcome
from bench.seed import Seed, sow
from bench.servers import install_node_packages
from bench.workloads import WORKLOADS, Workload

DOCS = Path(__file__).parent.parent / "docs"
SECONDS = 2.0


def main() -> None:
    options = _options()
    if shutil.which("node") is None or shutil.which("npm") is None:
        sys.exit("bench: Node.js with npm is needed, which Parlour is measured against.")
    chosen = [WORKLOADS[name] for name in options.only]
    began = time.monotonic()
    raise_open_files()
    install_node_packages()
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
        _say(f"Seeding the database ({max(one.people for one in chosen) or 'some'} people)")
        seed = asyncio.run(
            sow(
                Path(folder),
                people=max(one.people for one in chosen),
                room_count=max(one.rooms for one in chosen),
            )
        )
        found = {one.name: _outcome(one, seed, options) for one in chosen}
    outcomes = {name: outcome for name, outcome in found.items() if outcome is not None}
    print(report.summary(outcomes))
    if options.write or len(outcomes) == len(WORKLOADS):
        circumstances = performance_page.Circumstances(
            cores=cores(),
            core_count=os.cpu_count() or 1,
            command=" ".join(["python -m bench", *sys.argv[1:]]),
            minutes=(time.monotonic() - began) / 60,
        )
        _write(outcomes, circumstances)
    if len(outcomes) < len(chosen):
        sys.exit(1)


def _outcome(workload: Workload, seed: Seed, options: argparse.Namespace) -> Outcome | None:
    """Measure a workload. Print a failure and return None, so that the other workloads still run."""
    _say(f"{workload.name}: {workload.title}")
    job = Job(
        workload=workload.name,
        seed=seed,
        cores=cores(),
        rounds=options.rounds or workload.rounds,
        seconds=options.seconds,
    )
    try:
        outcome = in_process(job)
    except (Lost, OSError) as error:  # a TimeoutError is an OSError
        print(f"bench: {workload.name} could not be measured: {type(error).__name__} {error}", flush=True)
        return None
    print(report.terminal(outcome), flush=True)
    return outcome


def _write(outcomes: dict[str, Outcome], circumstances: performance_page.Circumstances) -> None:
    (DOCS / "images").mkdir(parents=True, exist_ok=True)
    for name, svg in performance_page.plots(outcomes).items():
        (DOCS / "images" / name).write_text(svg, encoding="utf-8")
    (DOCS / "performance.md").write_text(performance_page.page(outcomes, circumstances), encoding="utf-8")
    _say("docs/performance.md is written")


def _say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=list(WORKLOADS), help=", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, help="rounds of each workload, in place of its own number")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"length of a slice (default: {SECONDS:g})"
    )
    parser.add_argument("--write", action="store_true", help="docs/performance.md from a partial run too")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no such workload: {', '.join(unknown) or 'none'}")
    return names


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
