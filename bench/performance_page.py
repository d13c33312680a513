"""docs/performance.md after a whole run: the text of bench/performance.md with tables and charts in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import browser_page, candidates_across_nodes, chart, workers
from bench.capacity import report as capacity_report
from bench.machine import Cores, cpu_model, memory_gigabytes, versions
from bench.mesh import page as mesh_page
from bench.outcome import NODE, PARLOUR
from bench.relays import page as relays_page
from bench.report import Outcomes, all_verdicts, caveats, head, number, row, shares
from bench.servers import socketio_version
from bench.workloads import WORKLOADS
from bench.workloads.entrance import SIZES

TEXT = Path(__file__).with_name("performance.md")
RATIOS = "bench-ratios.svg"
BARS = {
    "bench-relay.svg": (
        "CPU time of the server for a message, µs",
        (
            ("candidates", "cpu", "Candidate"),
            ("descriptions", "cpu", "Description"),
            ("mix", "cpu", "Message of the mix"),
            ("idle", "heartbeat", "Heartbeat"),
        ),
    ),
    "bench-connect.svg": (
        "CPU time of the server for a connect and join, µs",
        (("connect", "cpu", "Rooms of 4"), ("storm", "cpu", "The same in the storm")),
    ),
    "bench-entry.svg": (
        "CPU time of the server for the steps of an entry into a call of 4, µs",
        (
            ("entry", "upgrade", "TCP and the upgrade"),
            ("entry", "connect", "CONNECT"),
            ("entry", "join", "join"),
            ("entry", "relays", "6 descriptions, 72 candidates"),
        ),
    ),
    "bench-rooms.svg": (
        "CPU time of the server for a join, per member of the room, µs",
        tuple(("rooms", f"member{size}", f"Room of {size}") for size in SIZES),
    ),
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The conditions of a run."""

    cores: Cores
    core_count: int
    command: str
    minutes: float

    def lines(self) -> list[str]:
        names = {**versions(), "socket.io": socketio_version()}
        apart = "a core of its own" if self.cores.apart else "the same core: there is no other"
        return [
            f"{cpu_model()}, {self.core_count} cores, {memory_gigabytes()} GB of memory; "
            f"the servers on one core, the generator on {apart}",
            ", ".join(f"{name} {version}" for name, version in names.items()),
            f"{datetime.now(UTC):%Y-%m-%d}, `{self.command}`, {self.minutes:.0f} minutes",
        ]


def page(outcomes: Outcomes, circumstances: Circumstances) -> str:
    """Write the text of docs/performance.md."""
    tables = []
    for name, outcome in outcomes.items():
        workload = WORKLOADS[name]
        rows = [row(figure, outcome)[:-1] for figure in workload.figures]
        warnings = [f"**{caveat}**" for caveat in caveats(outcome)]
        rounds = " ".join([f"{len(outcome.rounds)} rounds; {shares(outcome)}.", *warnings])
        tables.append(f"### {workload.title}\n\n{markdown(head(outcome)[:-1], rows)}\n\n{rounds}")
    targets = [
        (
            one.title,
            f"{one.target:g} {one.unit}".rstrip(),
            f"{number(one.measured)} {one.unit}".rstrip(),
            "yes" if one.met else "**no**",
        )
        for one in all_verdicts(outcomes)
    ]
    drawn = plots(outcomes)
    alternatives = {RATIOS: "Ratios to Node, and the targets"} | {
        file: text for file, (text, _) in BARS.items()
    }
    pictures = {file: f"![{text}](images/{file})" for file, text in alternatives.items() if file in drawn}
    return TEXT.read_text(encoding="utf-8").format(
        ratios=pictures.pop(RATIOS, ""),
        bars="\n\n".join(pictures.values()),
        circumstances="\n".join(f"- {line}" for line in circumstances.lines()),
        targets=markdown(("ratio to Node, if without a unit", "at most", "measured", "met"), targets),
        tables="\n\n".join(tables),
        browsers=browser_page.notes(drawn),
        mesh=mesh_page.KEPT.measured(),
        relays=relays_page.KEPT.measured(),
        across=candidates_across_nodes.KEPT.measured(),
        workers=workers.KEPT.measured(),
        capacity=capacity_report.KEPT.measured(),
        trials=capacity_report.KEPT_TRIALS.measured(),
        browser_method=browser_page.METHOD,
        minutes=circumstances.minutes,
    )


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def plots(outcomes: Outcomes) -> dict[str, str]:
    """Draw the charts, as SVG by file name; a partial run leaves out charts without figures."""
    ratios = [
        chart.Ratio(figure.title, found.median, found.low, found.high, figure.target)
        for name, outcome in outcomes.items()
        for figure in WORKLOADS[name].figures
        if outcome.reference == NODE
        if figure.target is not None and (found := outcome.ratio(figure.key)) is not None
    ]
    made = {RATIOS: chart.ratios("Parlour / Node's socket.io (less is better)", ratios)} if ratios else {}
    made |= browser_page.plots(outcomes)
    for file, (title, chosen) in BARS.items():
        rows = [(label, pair) for name, key, label in chosen if (pair := _pair(outcomes, name, key))]
        if rows:
            made[file] = chart.bars(title, rows)
    return made


def _pair(outcomes: Outcomes, name: str, key: str) -> dict[str, float] | None:
    if name not in outcomes:
        return None
    found = {server: outcomes[name].of(server, key) for server in (PARLOUR, NODE)}
    return {server: one.median for server, one in found.items() if one is not None}
