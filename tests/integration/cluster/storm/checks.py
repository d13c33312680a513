"""The checks of a call at rest. Pure: each returns what is wrong, as sentences."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from tests.integration.cluster.storm.client import Stretch

INSTANT = timedelta(milliseconds=50)
"""Times are written in milliseconds, by processes that are asked one after the other."""

Views = Mapping[str, Mapping[str, bool]]
"""The peers that each peer knows, and whether it was told to make the offer."""


Interval = tuple[datetime, datetime | None]
"""A time and its end, which is None while it goes on."""


class Row(NamedTuple):
    """A row of attendance; `left` is None while it is open."""

    joined: datetime
    left: datetime | None


def unequal_views(views: Views) -> list[str]:
    """Find peers that a member does not know, and ghosts."""
    inside = views.keys()
    found = []
    for peer, view in views.items():
        missing, ghosts = inside - {peer} - view.keys(), view.keys() - (inside - {peer})
        if missing:
            found.append(f"{peer} does not know {', '.join(sorted(missing))}")
        if ghosts:
            found.append(f"{peer} knows {', '.join(sorted(ghosts))}, not in the call")
    return found


def pairs_without_one_offer(views: Views) -> list[str]:
    """Find pairs in which both were told to make the offer, or neither."""
    return [
        f"of {one} and {other} {'both' if offers else 'neither'} would make the offer"
        for one, view in views.items()
        for other, offers in view.items()
        if one < other and other in views and views[other].get(one) is offers
    ]


def lost_relays(sent: Mapping[tuple[str, str], int], heard: Mapping[tuple[str, str], int]) -> list[str]:
    """Find pairs of sender and receiver where fewer arrived than were accepted."""
    return [
        f"{to} heard {heard.get((sender, to), 0)} of {count} relays from {sender}"
        for (sender, to), count in sent.items()
        if heard.get((sender, to), 0) < count
    ]


def wrong_history(history: Sequence[str], accepted: Collection[str], unsure: Collection[str]) -> list[str]:
    """Compare the history with what was written. What is `unsure` may be in it."""
    found = []
    if len(set(history)) < len(history):
        found.append("a message is in the history twice")
    if missing := set(accepted) - set(history):
        found.append(f"the history lacks {', '.join(sorted(missing))}")
    if strange := set(history) - set(accepted) - set(unsure):
        found.append(f"the history has {', '.join(sorted(strange))}, which nobody wrote")
    return found


def wrong_chat(
    stretch: Stretch, history: Sequence[str], own: Collection[str], sent_at: Mapping[str, float]
) -> list[str]:
    """Compare what one client heard in one stretch with the history.

    It is a part of the history without a gap. That part begins before all that was sent after the join, and
    ends with the history if the stretch goes on. Own messages may be left out.
    """
    numbers = {message: number for number, message in enumerate(history)}
    heard = [numbers.get(message, -1) for message in stretch.heard]
    if -1 in heard:
        return [f"{stretch.heard[heard.index(-1)]} was heard, and is not in the history"]
    if any(later <= earlier for earlier, later in pairwise(heard)):
        return [f"{stretch.heard} was heard in another order than that of the history, or twice"]
    due = [number for number, message in enumerate(history) if sent_at.get(message, 0.0) > stretch.began]
    first = min([*heard[:1], *(due if stretch.ended is None else ())], default=len(history))
    last = len(history) - 1 if stretch.ended is None else max(heard, default=-1)
    missing = set(history[first : last + 1]) - set(stretch.heard) - set(own)
    return [f"{', '.join(sorted(missing))} was not heard"] if missing else []


def wrong_attendance(
    rows: Sequence[Row], presence: Sequence[Interval], disasters: Iterable[Interval] = ()
) -> list[str]:
    """Compare one person's rows with the times in which that person was in the call for certain.

    A row is open exactly while the person is there. Only a disaster leaves a gap: a row of a server that died
    ends at the last proof of presence.
    """
    found = []
    is_there = bool(presence) and presence[-1][1] is None
    if (count := sum(row.left is None for row in rows)) != is_there:
        found.append(f"{count} rows are open, and the person is {'' if is_there else 'not '}there")
    covered = [(row.joined - INSTANT, row.left and row.left + INSTANT) for row in rows]
    gaps = _without(presence, [*covered, *disasters])
    return found + [f"no row for the presence from {begin} to {end}" for begin, end in gaps]


def _without(times: Iterable[Interval], covered: Iterable[Interval]) -> list[Interval]:
    """Return what of these times is not covered."""
    rest = list(times)
    for begin, end in covered:
        parts: list[Interval] = []
        for first, last in rest:
            if first < begin:
                parts.append((first, begin if last is None else min(last, begin)))
            if end is not None and (last is None or last > end):
                parts.append((max(first, end), last))
        rest = parts
    return rest
