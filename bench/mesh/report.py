"""The figures of mesh calls as a table in Markdown."""

import statistics
from collections.abc import Sequence

from bench.mesh.figures import Scene

_HEAD = (
    "| people | line up | loss | quality | lines | frames/s | that move | freezes | sound made up, worst "
    "| sent, Mbit/s | cores a tab | MB a tab |"
)
_RULE = "| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"


def table(scenes: Sequence[Scene]) -> str:
    return "\n".join([_HEAD, _RULE, *map(_row, scenes)])


def _row(scene: Scene) -> str:
    cells = (
        str(scene.people),
        f"{scene.upload / 1e6:g} Mbit/s" if scene.upload else "free",
        f"{scene.loss:.0%}",
        "fixed" if scene.is_fixed else "adapted",
        f"{scene.height:.0f}",
        f"{scene.frames_per_second:.1f}",
        f"{scene.moving:.0%}",
        str(scene.freezes),
        f"{scene.worst_sound:.1%}",
        f"{statistics.median(one.upload for one in scene.used) / 1e6:.2f}",
        f"{statistics.median(one.cores for one in scene.used):.2f}",
        f"{statistics.median(one.megabytes for one in scene.used):.0f}",
    )
    return f"| {' | '.join(cells)} |"
