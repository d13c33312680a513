"""The result of a siege, as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.siege.people import Relay, Requests
from tests.e2e.frames import Flow

MEDIAN_MS, FROZEN_MS, MEMORY_MB = 20.0, 2_000.0, 400.0
"""Limits that a siege has to hold: the relay's median, the time without a new frame in a tile, memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The figures of honest users. `cpu`: share of a core; `memory`: peak of the server in bytes."""

    relay: Relay
    flows: Mapping[str, Flow]
    browsers_hung_up: int
    logins: Requests
    health: Requests
    cpu: float
    memory: int

    @property
    def frozen_ms(self) -> float:
        return max((flow.still for flow in self.flows.values()), default=0.0)

    @property
    def hung_up(self) -> int:
        return self.relay.hung_up + self.browsers_hung_up

    @property
    def memory_mb(self) -> float:
        return self.memory / 2**20

    @property
    def median_ms(self) -> float:
        return self.relay.delays.median * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Siege:
    """The figures before and during the attacks, and the answers (`met`) that each attack got."""

    version: str
    quiet: Phase
    besieged: Phase
    met: Mapping[str, Mapping[str, int]]
    attackers_cpu: float

    @property
    def held(self) -> bool:
        phase = self.besieged
        return (
            phase.median_ms < MEDIAN_MS
            and phase.frozen_ms < FROZEN_MS
            and phase.hung_up == 0
            and phase.relay.lost == 0
            and phase.memory_mb < MEMORY_MB
        )


def text(siege: Siege) -> str:
    quiet, besieged = siege.quiet, siege.besieged
    lines = [
        f"Besieged: {siege.version}; attackers {siege.attackers_cpu:.0%} of a core",
        "",
        *_table(
            ("", "quiet", "besieged", "at most"),
            [(name, _cell(found(quiet)), _cell(found(besieged)), most) for name, found, most in _ROWS],
        ),
        "",
        *_table(("attack", "met"), [(name, _counts(met)) for name, met in siege.met.items()]),
        "",
        "Held." if siege.held else "Not held.",
    ]
    return "\n".join(lines)


def figures(siege: Siege) -> dict[str, Any]:
    return {
        "version": siege.version,
        "held": siege.held,
        "quiet": {name: found(siege.quiet) for name, found, _ in _ROWS},
        "besieged": {name: found(siege.besieged) for name, found, _ in _ROWS},
        "met": siege.met,
        "attackers_cpu": siege.attackers_cpu,
    }


_ROWS: Sequence[tuple[str, Any, str]] = (
    ("relay, median ms", lambda phase: phase.median_ms, f"{MEDIAN_MS:g}"),
    ("relay, 99th percentile ms", lambda phase: phase.relay.delays.of_hundred(99) * 1000, ""),
    ("relay, worst ms", lambda phase: phase.relay.delays.worst * 1000, ""),
    ("candidates sent", lambda phase: phase.relay.sent, ""),
    ("candidates lost", lambda phase: phase.relay.lost, "0"),
    ("refused to honest members", lambda phase: _counts(phase.relay.refused), ""),
    ("measuring itself late, median ms", lambda phase: phase.relay.lateness.median * 1000, ""),
    (
        "measuring itself late, 99th percentile ms",
        lambda phase: phase.relay.lateness.of_hundred(99) * 1000,
        "",
    ),
    ("longest time without a new frame, ms", lambda phase: phase.frozen_ms, f"{FROZEN_MS:g}"),
    (
        "frames in the worst tile",
        lambda phase: min((flow.frames for flow in phase.flows.values()), default=0),
        "",
    ),
    ("hung up on, of 50", lambda phase: phase.relay.hung_up, "0"),
    ("lines of browsers that ended", lambda phase: phase.browsers_hung_up, "0"),
    ("honest login, median ms", lambda phase: phase.logins.took.median * 1000, ""),
    ("honest login, worst ms", lambda phase: phase.logins.took.worst * 1000, ""),
    ("honest logins answered", lambda phase: _counts(phase.logins.answers), ""),
    ("/healthz, median ms", lambda phase: phase.health.took.median * 1000, ""),
    ("/healthz, worst ms", lambda phase: phase.health.took.worst * 1000, ""),
    ("/healthz answered", lambda phase: _counts(phase.health.answers), ""),
    ("server, share of a core", lambda phase: phase.cpu, ""),
    ("server, most memory MB", lambda phase: phase.memory_mb, f"{MEMORY_MB:g}"),
)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name}: {count:,}" for name, count in ordered if count) or "nothing"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rules = ["---", *["---:"] * (len(head) - 1)] if len(head) > 2 else ["---"] * len(head)
    return [f"| {' | '.join(row)} |" for row in (head, rules, *rows)]
