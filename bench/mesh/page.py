"""The generated part of docs/performance.md about calls in a mesh.

It is kept in bench/mesh/measured.md, from which `make bench` takes it when it writes the page anew.
"""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import cpu_model, memory_gigabytes
from bench.mesh import report
from bench.mesh.figures import Resize, Scene

MEASURED = Path(__file__).with_name("measured.md")
DOCS = Path(__file__).parents[2] / "docs"
_BEGIN, _END = (
    "<!-- Measured by `make bench-mesh`. -->",
    "<!-- The end of what `make bench-mesh` measured. -->",
)


def measured() -> str:
    """Return the section of the latest run that was kept, between its marks."""
    return _marked(MEASURED.read_text(encoding="utf-8"))


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
    MEASURED.write_text(f"{text}\n", encoding="utf-8")
    for file, svg in charts.items():
        (DOCS / "images" / file).write_text(svg, encoding="utf-8")
    path = DOCS / "performance.md"
    former = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
    path.write_text(former.sub(lambda _: _marked(text), path.read_text(encoding="utf-8")), encoding="utf-8")


def _marked(text: str) -> str:
    return f"{_BEGIN}\n\n{text.strip()}\n\n{_END}"
