"""The generated part of docs/performance.md about calls in a mesh."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.kept_section import DOCS, KeptSection
from bench.machine import cpu_model, memory_gigabytes
from bench.mesh import report
from bench.mesh.figures import Resize, Scene

KEPT = KeptSection(Path(__file__).with_name("measured.md"), command="make bench-mesh")


def section(scenes: Sequence[Scene], resizes: Sequence[Resize], *, settle: float, seconds: float) -> str:
    """Write the figures as Markdown."""
    pictures = [f"![{title}](images/{file})" for file, title in report.CHARTS.items()]
    cores = len(os.sched_getaffinity(0))
    parts = [
        f"{cpu_model()}, {cores} cores, {memory_gigabytes()} GB; {datetime.now(UTC):%Y-%m-%d};"
        f" {settle:g} seconds to get used to each line, then {seconds:g} measured.",
        report.verdicts(scenes, resizes),
        report.table(scenes),
        *pictures,
        "How soon pictures follow a window that gets another size, and in the end its first one again:",
        report.resize_table(resizes),
    ]
    if compared := report.comparison(scenes):
        parts += ["What adapting costs and saves, in the same call without limits:", compared]
    return "\n\n".join(parts)


def write(text: str, charts: Mapping[str, str]) -> None:
    """Keep the section, and put it and its charts into docs/performance.md."""
    for file, svg in charts.items():
        (DOCS / "images" / file).write_text(svg, encoding="utf-8")
    KEPT.write(text)
