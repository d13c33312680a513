"""The workloads: one module for each kind of work, one entry for each row of the tables."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bench.outcome import FLOOR, NODE, Figure
from bench.slices import Run
from bench.workloads.browsers import entries, entry_figures
from bench.workloads.entrance import CONNECT, ROOMS, measure_connect, measure_rooms
from bench.workloads.entry import ENTRY, measure_entry
from bench.workloads.idle import IDLE, connection_count, measure_idle
from bench.workloads.mix import MIX, measure_mix
from bench.workloads.morning import MORNING, measure_morning
from bench.workloads.relay import CANDIDATES, DESCRIPTIONS, measure_candidates, measure_descriptions
from bench.workloads.start import START, measure_start
from bench.workloads.storm import STORM, measure_storm
from bench.workloads.web import HTTP, measure_http


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A row of the tables. `rounds`: the default; `people` and `rooms`: the least that the database holds.

    `reference` stands beside Parlour. Where it is not Node, the workload has the machine with all its cores.
    """

    name: str
    title: str
    figures: tuple[Figure, ...]
    measure: Callable[[Run], Coroutine[Any, Any, None]]
    rounds: int
    people: int = 0
    rooms: int = 0
    reference: str = NODE


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload(
            name="candidates",
            title="Relay of candidates of 200 bytes",
            figures=CANDIDATES,
            measure=measure_candidates,
            rounds=12,
        ),
        Workload(
            name="descriptions",
            title="Relay of descriptions of 3 KB",
            figures=DESCRIPTIONS,
            measure=measure_descriptions,
            rounds=12,
        ),
        Workload(
            name="mix",
            title="Candidates and every tenth a description, 2,000 a second",
            figures=MIX,
            measure=measure_mix,
            rounds=12,
        ),
        Workload(
            name="connect",
            title="Connect and join, rooms of 4",
            figures=CONNECT,
            measure=measure_connect,
            rounds=12,
        ),
        Workload(
            name="entry",
            title="A person enters a call of 4, 60 entries a second",
            figures=ENTRY,
            measure=measure_entry,
            rounds=6,
        ),
        Workload(name="rooms", title="Join rooms of 2 to 50", figures=ROOMS, measure=measure_rooms, rounds=4),
        Workload(
            name="idle",
            title="5,000 idle connections",
            figures=IDLE,
            measure=measure_idle,
            rounds=2,
            people=connection_count(),
        ),
        Workload(
            name="storm",
            title="2,000 reconnects after a restart",
            figures=STORM,
            measure=measure_storm,
            rounds=3,
        ),
        Workload(
            name="http",
            title="HTTP, with 10,000 rooms",
            figures=HTTP,
            measure=measure_http,
            rounds=5,
            rooms=10_000,
        ),
        Workload(
            name="morning",
            title="500 logins a minute beside a running call",
            figures=MORNING,
            measure=measure_morning,
            rounds=3,
        ),
        Workload(
            name="start",
            title="From the start to the ready line",
            figures=START,
            measure=measure_start,
            rounds=7,
        ),
        *(
            Workload(
                name=f"{browser}-{people}",
                title=f"{ordinal} person enters a call, {browser.capitalize()}",
                figures=entry_figures(browser, people),
                measure=entries(browser, people, index),
                rounds=12,
                reference=FLOOR,
            )
            for index, (browser, people, ordinal) in enumerate(
                (browser, people, ordinal)
                for browser in ("chromium", "firefox")
                for people, ordinal in ((2, "A second"), (3, "A third"))
            )
        ),
    )
}
