"""The outcome of a workload: figures of each server, round by round, and their ratios."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

PARLOUR, NODE, FLOOR = "Parlour", "Node", "floor"
"""The subjects of measurements; the last is the least that a browser takes without Parlour."""

Figures = dict[str, float]
Round = dict[str, Figures]
"""The figures by server, then by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a workload, such as the CPU time of a message; less is better.

    `target` is the most that the ratio to the outcome's reference may be; `own_target`, the most that
    Parlour's own figure may be.
    """

    key: str
    title: str
    unit: str
    target: float | None = None
    own_target: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and its quartiles, or its extremes where there are few values (see `spread`)."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles; of fewer than four values, the least and the greatest instead."""
    if len(values) < 4:
        return Spread(statistics.median(values), min(values), max(values))
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


@dataclass(slots=True)
class Outcome:
    """The measured figures of a workload.

    `generator`: the share of its own core that the load generator used, slice by slice; `others`: the share
    of the server's core that other processes used. Both tell how far the figures can be believed.
    `reference`: the subject beside Parlour. `missing`: the reason why there are no figures.
    """

    workload: str
    reference: str = NODE
    missing: str | None = None
    rounds: list[Round] = field(default_factory=list)
    generator: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def values(self, server: str, key: str) -> list[float]:
        return [one[server][key] for one in self.rounds if key in one.get(server, {})]

    def of(self, server: str, key: str) -> Spread | None:
        values = self.values(server, key)
        return spread(values) if values else None

    def ratio(self, key: str) -> Spread | None:
        """Return the ratio of Parlour to the reference within each round."""
        pairs = [
            one[PARLOUR][key] / one[self.reference][key]
            for one in self.rounds
            if one.get(self.reference, {}).get(key) and key in one.get(PARLOUR, {})
        ]
        return spread(pairs) if pairs else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target beside the median measured for it."""

    title: str
    target: float
    measured: float
    unit: str = ""
    """Empty for a ratio."""

    @property
    def met(self) -> bool:
        return self.measured <= self.target


def verdicts(figure: Figure, outcome: Outcome) -> list[Verdict]:
    """Judge a figure by each of its targets; one that could not be measured has no verdict."""
    own, ratio = outcome.of(PARLOUR, figure.key), outcome.ratio(figure.key)
    found = []
    if figure.own_target is not None and own is not None:
        found.append(Verdict(figure.title, figure.own_target, own.median, figure.unit))
    if figure.target is not None and ratio is not None:
        beside = "" if outcome.reference == NODE else f", of the {outcome.reference}"
        found.append(Verdict(f"{figure.title}{beside}", figure.target, ratio.median))
    return found
