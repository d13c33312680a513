"""The generated part of docs/performance.md about TURN servers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.kept_section import KeptSection
from bench.machine import cpu_model, memory_gigabytes
from parlour.turn.uri import Transport

KEPT = KeptSection(Path(__file__).with_name("measured.md"), command="make bench-relays")
_NAMES: dict[Transport, str] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of CPU time for a megabit, over one transport; `lost` is the worst share of a slice."""

    transport: Transport
    coturn: float
    parlour: float
    ratio: float
    lost: float


def section(rows: Sequence[Row], rounds: int, seconds: float, streams: int) -> str:
    """Write the figures as Markdown."""
    cores = len(os.sched_getaffinity(0))
    lines = [
        f"{cpu_model()}, {cores} cores, {memory_gigabytes()} GB; {datetime.now(UTC):%Y-%m-%d};"
        f" {streams} streams in either direction, {rounds} slices of {seconds:g} seconds, at most"
        f" {max(row.lost for row in rows):.1%} of a slice's packets lost.",
        "",
        "| between client and server | coturn, CPU ms per Mbit | Parlour's own | ratio |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {_NAMES[row.transport]} | {row.coturn:.2f} | {row.parlour:.2f} | {row.ratio:.2f} |"
            for row in rows
        ),
    ]
    return "\n".join(lines)
