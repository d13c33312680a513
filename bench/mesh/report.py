"""The figures of mesh calls as text, in Markdown, and as charts."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from bench import chart
from bench.mesh.figures import BREAKS, Resize, Scene

FOLLOW_WITHIN = 3.0
"""Seconds that a picture may take to follow its tile."""
CHARTS = {
    "mesh-lines.svg": "Lines of the pictures received, by the line of each person",
    "mesh-frames.svg": "Pictures a second that are received, by the line of each person",
    "mesh-sound.svg": "Sound that was made up, where it was worst, %",
    "mesh-upload.svg": "Sent by each person, kbit/s",
}
_HEAD = (
    "people",
    "camera",
    "line up",
    "loss",
    "quality",
    "lines",
    "frames/s",
    "that move",
    "freezes",
    "sound made up, worst",
    "breaks: at the change",
    "after",
    "sent, Mbit/s",
    "cores a tab",
    "MB a tab",
    "short of CPU",
)


def table(scenes: Iterable[Scene]) -> str:
    return _markdown(_HEAD, map(_row, scenes))


def resize_table(resizes: Sequence[Resize]) -> str:
    """Tell for each size of a window how long the pictures took to follow, the median and the longest."""
    head = ("people", "camera", "new window", "lines", "median, s", "longest, s")
    return _markdown(head, map(_resized, resizes))


def verdicts(scenes: Sequence[Scene], resizes: Sequence[Resize]) -> str:
    """Say which of the promises of a mesh are kept."""
    adapted = [scene for scene in scenes if not scene.is_fixed]
    narrow = [scene for scene in adapted if scene.loss == 0 and scene.upload is not None]
    rows = [
        (
            f"seconds with {BREAKS:.0%} of the sound made up while pictures came, lines without loss",
            "0",
            str(sum(scene.breaks for scene in narrow)),
        ),
        ("the same, as the line had just changed", "0", str(sum(scene.breaks_before for scene in narrow))),
        ("the same, once used to a line with loss", "0", str(sum(one.breaks for one in adapted if one.loss))),
        (
            "pictures that follow the tile, at the latest",
            f"{FOLLOW_WITHIN:g} s",
            _latest(one.seconds for resize in resizes for one in resize.changes),
        ),
    ]
    most = max((scene.people for scene in adapted), default=0)
    rows += [
        (f"pictures that move, {most} people at 5 Mbit/s up", "100%", f"{scene.moving:.0%}")
        for scene in adapted
        if (scene.people, scene.upload, scene.loss) == (most, 5e6, 0)
    ]
    return _markdown(("", "wanted", "measured"), rows)


def comparison(scenes: Sequence[Scene]) -> str:
    """Set a call without limits against the same with fixed quality; empty where that was not measured."""
    free = [scene for scene in scenes if scene.upload is None]
    pairs = [
        (fixed, next(one for one in free if one.people == fixed.people and not one.is_fixed))
        for fixed in free
        if fixed.is_fixed
    ]
    rows = [
        (f"{one.people}, {one.camera}, {_quality(one)}", *_cells(one))
        for pair in pairs
        for one in reversed(pair)
    ]
    head = ("people, camera, quality", "cores a tab", "MB a tab", "lines", "frames/s", "sent, Mbit/s")
    return _markdown(head, rows) if rows else ""


def charts(scenes: Sequence[Scene]) -> dict[str, str]:
    """Draw a bar for each number of people on each line, as SVG by file name."""
    adapted = [scene for scene in scenes if not scene.is_fixed]
    values: Mapping[str, Callable[[Scene], float]] = {
        "mesh-lines.svg": lambda scene: scene.height,
        "mesh-frames.svg": lambda scene: scene.frames_per_second,
        "mesh-sound.svg": lambda scene: scene.worst_sound * 100,
        "mesh-upload.svg": lambda scene: scene.sent / 1e3,
    }
    counts = sorted({scene.people for scene in adapted})
    colours = {f"{count} people": f"series{at}" for at, count in enumerate(counts)}
    ways = list(dict.fromkeys((scene.upload, scene.loss) for scene in adapted))
    made = {}
    for file, value in values.items():
        rows = [
            (
                _way(upload, loss),
                {
                    f"{scene.people} people": value(scene)
                    for scene in adapted
                    if (scene.upload, scene.loss) == (upload, loss)
                },
            )
            for upload, loss in ways
        ]
        made[file] = chart.bars(CHARTS[file], rows, colours)
    return made


def _way(upload: float | None, loss: float) -> str:
    line = f"{upload / 1e6:g} Mbit/s up" if upload else "no limit"
    return f"{line}, {loss:.0%} loss" if loss else line


def _quality(scene: Scene) -> str:
    return "fixed" if scene.is_fixed else "adapted"


def _row(scene: Scene) -> tuple[str, ...]:
    cores, megabytes, lines, frames, sent = _cells(scene)
    return (
        str(scene.people),
        scene.camera,
        f"{scene.upload / 1e6:g} Mbit/s" if scene.upload else "free",
        f"{scene.loss:.0%}",
        _quality(scene),
        lines,
        frames,
        f"{scene.moving:.0%}",
        str(scene.freezes),
        f"{scene.worst_sound:.1%}",
        str(scene.breaks_before),
        str(scene.breaks),
        sent,
        cores,
        megabytes,
        str(sum(one.limited_by_cpu for one in scene.used)),
    )


def _cells(scene: Scene) -> tuple[str, str, str, str, str]:
    return (
        f"{scene.cores:.2f}",
        f"{scene.megabytes:.0f}",
        f"{scene.height:.0f}",
        f"{scene.frames_per_second:.1f}",
        f"{scene.sent / 1e6:.2f}",
    )


def _resized(resize: Resize) -> tuple[str, ...]:
    changes = resize.changes
    known = [one.seconds for one in changes if one.seconds is not None]
    median = f"{statistics.median(known):.1f}" if known else "–"
    lines = sorted({f"{one.before} → {one.after}" for one in changes})
    latest = _latest(one.seconds for one in changes).removesuffix(" s")
    return (str(resize.people), resize.camera, resize.size, ", ".join(lines) or "as before", median, latest)


def _latest(seconds: Iterable[float | None]) -> str:
    found = list(seconds)
    if None in found:
        return "not at all"
    return f"{max(one for one in found if one is not None):.1f} s" if found else "–"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---:" for _ in head]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
