"""The circumstances of a measurement: the machine, the day and the other work on it."""

import os
from datetime import UTC, datetime

from bench.machine import cpu_model, memory_gigabytes


def on_this_machine(others: float) -> str:
    """Describe the circumstances; `others` is the share of all cores that other processes used before."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cpu_model()}, {cores} cores, {memory_gigabytes()} GB; {datetime.now(UTC):%Y-%m-%d}; others "
        f"used {others:.0%} of all cores just before, load average {os.getloadavg()[0]:.1f}"
    )
