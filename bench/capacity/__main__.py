"""`python -m bench.capacity`: what ten thousand, a hundred thousand and a million sockets need.

Computed from costs that `--measure` measures here in two or three minutes and `--write` keeps (costs.json),
and from what people do, each number of which is an option. Says where the first limit is, and what then.
`--trial` runs a cluster of four processes instead, and holds a simulation with the same costs against it.
"""

import argparse
from dataclasses import fields
from typing import TypeVar

import uvloop

from bench.capacity.costs import Costs, load, save
from bench.capacity.measure import measure
from bench.capacity.profile import Limits, Profile
from bench.capacity.report import KEPT, KEPT_TRIALS, SOCKETS, section, trials_section
from bench.capacity.trial import trials
from bench.circumstances import on_this_machine
from bench.machine import busy_share, raise_open_files

Assumptions = TypeVar("Assumptions", Profile, Limits)


def main() -> None:
    options = _options()
    raise_open_files()
    costs = uvloop.run(measure(options.seconds)) if options.measure else load()
    if options.trial:
        _try(costs, options)
        return
    profile, limits = _chosen(Profile(), options), _chosen(Limits(), options)
    text = section(costs, profile, limits, options.sockets)
    print(text)
    if options.write:
        save(costs)
        KEPT.write(text)


def _try(costs: Costs, options: argparse.Namespace) -> None:
    async def run() -> str:
        circumstances = on_this_machine(await busy_share(1.0))
        found, joins = await trials(costs, options.seconds)
        return trials_section(found, joins, circumstances, options.seconds)

    text = uvloop.run(run())
    print(text)
    if options.write:
        KEPT_TRIALS.write(text)


def _chosen(assumed: Assumptions, options: argparse.Namespace) -> Assumptions:
    return type(assumed)(**{one.name: getattr(options, one.name) for one in fields(assumed)})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="+", default=SOCKETS, help="how many")
    parser.add_argument("--measure", action="store_true", help="measure the costs on this machine")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement (%(default)s)")
    parser.add_argument("--trial", action="store_true", help="hold the simulation against a real cluster")
    parser.add_argument("--write", action="store_true", help="keep costs, and write docs/performance.md")
    for assumed, title in ((Profile(), "what people do"), (Limits(), "what machines have")):
        group = parser.add_argument_group(title)
        for one in fields(assumed):
            default = getattr(assumed, one.name)
            name = "--" + one.name.replace("_", "-")
            group.add_argument(name, type=type(default), default=default, help="%(default)g")
    return parser.parse_args()


if __name__ == "__main__":
    main()
