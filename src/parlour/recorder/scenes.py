"""The scenes of the mixed picture, in each of which the same tiles are there. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from parlour.recorder.manifest import Part

_BRIDGED = 10_000_000
"""People who are away for less than this, in microseconds, keep their tile: a recorder may have crashed."""
_SCREENS = "screenshare"


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of a person or a shared screen; `file` is the part that it shows, None for the name alone."""

    name: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """The tiles that are seen from `began` to `ended`, in microseconds since 1970."""

    began: int
    ended: int
    tiles: tuple[Tile, ...]


def scenes(parts: Iterable[Part], names: Mapping[str, str]) -> list[Scene]:
    """Return the scenes from the first part to the end of the last. Shared screens come first, then people in
    the order of their arrival.

    Each part has to have its end. A person without a picture has a tile with the name.
    """
    known = sorted((part for part in parts if _end(part) > part.began.at), key=lambda part: part.began.at)
    presence = _presence(known)
    bounds = sorted(
        {bound for intervals in presence.values() for interval in intervals for bound in interval}
        | {bound for part in known if part.began.kind == "picture" for bound in (part.began.at, _end(part))}
    )
    found: list[Scene] = []
    for began, ended in pairwise(bounds):
        tiles = _tiles(began, known, presence, names)
        if found and found[-1].tiles == tiles:
            found[-1] = Scene(found[-1].began, ended, tiles)
        else:
            found.append(Scene(began, ended, tiles))
    return found


def _presence(parts: list[Part]) -> dict[str, list[tuple[int, int]]]:
    """Return when each person was there, by any track."""
    presence: dict[str, list[tuple[int, int]]] = {}
    for part in parts:
        intervals = presence.setdefault(part.began.identity, [])
        if intervals and part.began.at - intervals[-1][1] < _BRIDGED:
            intervals[-1] = (intervals[-1][0], max(intervals[-1][1], _end(part)))
        else:
            intervals.append((part.began.at, _end(part)))
    return presence


def _tiles(
    at: int, parts: list[Part], presence: dict[str, list[tuple[int, int]]], names: Mapping[str, str]
) -> tuple[Tile, ...]:
    shown = [part for part in parts if part.began.kind == "picture" and part.began.at <= at < _end(part)]
    cameras = {part.began.identity: part.began.file for part in shown if part.began.source != _SCREENS}
    screens = [
        Tile(names.get(part.began.identity, part.began.identity), part.began.file)
        for part in shown
        if part.began.source == _SCREENS
    ]
    people = [
        Tile(names.get(identity, identity), cameras.get(identity))
        for identity, intervals in presence.items()
        if any(began <= at < ended for began, ended in intervals)
    ]
    return (*screens, *people)


def _end(part: Part) -> int:
    if part.ended is None:
        raise ValueError(f"{part.began.file} has no end")
    return part.ended
