"""The calls that are measured: so many people, before these cameras, behind these lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.mesh.fake_media import Camera

MEGABIT = 1_000_000
FREE: tuple[float | None, float] = (None, 0.0)
NARROW = (10 * MEGABIT, 5 * MEGABIT, 2 * MEGABIT, 1 * MEGABIT)
LOSSES = (0.01, 0.05, 0.1)
LOSSY_LINE = 5 * MEGABIT
COMPARED = 4
"""So many people are in the call that is measured with fixed quality too."""

CAMERAS = (
    (1, Camera(1280, 720, 30)),
    (2, Camera(1280, 720, 10)),
    (3, Camera(480, 270, 6)),
    (4, Camera(320, 180, 5)),
)
"""Cameras by the people for each core: browsers that want more than the cores have measure these alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A call to be measured; a line is bit/s up, None for no limit, and the share of lost packets."""

    people: int
    camera: Camera
    lines: Sequence[tuple[float | None, float]]
    is_fixed: bool = False
    resizes: bool = True


def plans(people: Iterable[int], *, cores: int, compare: bool) -> list[Plan]:
    """Return the calls to be measured; those for which the cores are too few are left out."""
    found = []
    for count in people:
        camera = camera_for(count, cores)
        if camera is None:
            continue
        found.append(Plan(count, camera, lines()))
        if compare and count == COMPARED:
            found.append(Plan(count, camera, [FREE], is_fixed=True, resizes=False))
    return found


def camera_for(people: int, cores: int) -> Camera | None:
    """Return the best camera that so many people can have on these cores; None if they are too many."""
    return next((camera for most, camera in CAMERAS if people <= most * cores), None)


def lines() -> list[tuple[float | None, float]]:
    """Return the lines in the order of their measurement: one gets used to what is worse the sooner."""
    wide = [FREE, *((line, 0.0) for line in NARROW if line >= LOSSY_LINE)]
    lossy = [(LOSSY_LINE, loss) for loss in LOSSES]
    return [*wide, *lossy, *((line, 0.0) for line in NARROW if line < LOSSY_LINE)]
