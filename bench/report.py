"""The figures as text: formats, caveats and verdicts, and the table of a workload on the terminal."""

from collections.abc import Mapping

from bench.outcome import NODE, PARLOUR, Figure, Outcome, Spread, Verdict, spread, verdicts
from bench.workloads import WORKLOADS

Outcomes = Mapping[str, Outcome]
DISTURBED_SHARE, BOTTLENECK_SHARE = 0.1, 0.9


def number(value: float) -> str:
    """Format a value with three significant digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def measured(found: Spread | None, unit: str) -> str:
    return "–" if found is None else f"{number(found.median)} {unit}"


def measured_range(found: Spread | None, unit: str) -> str:
    if found is None:
        return "–"
    return f"{number(found.median)} {unit} ({number(found.low)} – {number(found.high)})"


def ranged(found: Spread | None) -> str:
    if found is None:
        return "–"
    return f"{found.median:.2f} ({found.low:.2f} – {found.high:.2f})"


def head(outcome: Outcome) -> tuple[str, ...]:
    return ("", PARLOUR, outcome.reference, "ratio", "target")


def row(figure: Figure, outcome: Outcome) -> tuple[str, ...]:
    judged = verdicts(figure, outcome)
    target = ", ".join(f"{one.target:g} {'met' if one.met else 'missed'}" for one in judged)
    own, peer = outcome.of(PARLOUR, figure.key), outcome.of(outcome.reference, figure.key)
    written = measured if outcome.reference == NODE else measured_range
    return (
        figure.title,
        written(own, figure.unit),
        written(peer, figure.unit),
        ranged(outcome.ratio(figure.key)),
        target,
    )


def shares(outcome: Outcome) -> str:
    """Describe the load of both cores.

    The generator's share has to stay well below a core, the share of other processes near nothing.
    """
    if not outcome.generator:
        return ", ".join(f"other processes {share:.0%} of all cores before it" for share in outcome.others)
    generator = spread(outcome.generator)
    text = f"generator {generator.median:.0%} of its core (to {max(outcome.generator):.0%})"
    if outcome.others:
        others = spread(outcome.others)
        text += f", other processes {others.median:.0%} of the server's (to {max(outcome.others):.0%})"
    return text


def caveats(outcome: Outcome) -> list[str]:
    """List the reasons to doubt the figures: a disturbed core or a saturated generator."""
    found = [] if outcome.missing is None else [f"Not measured: {outcome.missing}"]
    if outcome.others and spread(outcome.others).median > DISTURBED_SHARE:
        found.append("Other work on the server's core disturbed this: repeat it on a quiet machine.")
    if outcome.generator and spread(outcome.generator).median > BOTTLENECK_SHARE:
        found.append("The generator was the bottleneck: the server could do more than this.")
    return found


def terminal(outcome: Outcome) -> str:
    """Format the table of a workload for the terminal."""
    workload = WORKLOADS[outcome.workload]
    rows = [head(outcome), *(row(figure, outcome) for figure in workload.figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in rows
    ]
    lines += caveats(outcome)
    return "\n".join([f"\n{workload.title} ({shares(outcome)})", *(f"  {line}" for line in lines)])


def all_verdicts(outcomes: Outcomes) -> list[Verdict]:
    return [
        judged
        for name, outcome in outcomes.items()
        for figure in WORKLOADS[name].figures
        for judged in verdicts(figure, outcome)
    ]


def summary(outcomes: Outcomes) -> str:
    judged = all_verdicts(outcomes)
    missed = [one for one in judged if not one.met]
    lines = [f"  {one.title}: {one.measured:.2f}, at most {one.target:g} wanted" for one in missed]
    return "\n".join([f"\n{len(judged) - len(missed)} of {len(judged)} targets met.", *lines])
