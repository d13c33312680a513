"""Figures of what browsers received and sent, from looks once a second at their connections."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

MOVES = 1.0
"""Pictures a second from which a video counts as moving."""
BREAKS = 0.1
"""The share of a second's sound that was made up from which one hears a gap: five packets of Opus."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The media that one browser has received from another and sent to it, since they are connected."""

    height: int
    """Lines of the latest picture; 0 if none has come."""
    frames: float
    freezes: float
    heard: float
    """Samples of sound, without silence that was made up."""
    concealed: float
    """Samples among these that were made up, since packets were lost or late."""
    sent: float
    """Bytes of media."""
    limited: str
    """The limit of the picture that is sent (RTCQualityLimitationReason)."""


@dataclass(frozen=True, slots=True)
class Look:
    """The statistics of all connections of a browser at one moment."""

    at: float
    """Seconds of the page's clock."""
    of: Mapping[str, Stream]
    """The streams, by connection."""

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Self:
        return cls(found["at"], {key: Stream(**stream) for key, stream in found["of"].items()})


@dataclass(frozen=True, slots=True)
class Received:
    """One person's media as another received them."""

    height: int
    """Lines of the latest picture; 0 if none came."""
    frames_per_second: float
    freezes: int
    sound_concealed: float
    """The share of the sound that was made up, 0 to 1, of what was not silence."""
    breaks: int
    """Seconds in which the sound broke while pictures came."""

    @property
    def moves(self) -> bool:
        return self.frames_per_second >= MOVES


@dataclass(frozen=True, slots=True)
class Used:
    """Costs of one browser; bitrates in bit/s."""

    upload: float
    cores: float
    """CPU time by time."""
    megabytes: float
    limited_by_cpu: int
    """The number of sent pictures that were smaller for want of CPU, at the end."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A measured moment of a call."""

    people: int
    camera: str
    upload: float | None
    """The limit of each person's line in bit/s; None without one."""
    loss: float
    """The share of packets that are lost between any two."""
    received: Sequence[Received]
    used: Sequence[Used]
    seconds: float
    breaks_before: int = 0
    """Seconds in which sound broke while pictures came, as the line had just changed."""
    is_fixed: bool = False
    """True if the clients leave all parameters of their senders as they are."""

    @property
    def height(self) -> float:
        return _median([one.height for one in self.received])

    @property
    def frames_per_second(self) -> float:
        return _median([one.frames_per_second for one in self.received])

    @property
    def moving(self) -> float:
        """The share of all pictures that move."""
        return sum(one.moves for one in self.received) / len(self.received)

    @property
    def worst_sound(self) -> float:
        return max(one.sound_concealed for one in self.received)

    @property
    def freezes(self) -> int:
        return sum(one.freezes for one in self.received)

    @property
    def breaks(self) -> int:
        return sum(one.breaks for one in self.received)

    @property
    def cores(self) -> float:
        return _median([one.cores for one in self.used])

    @property
    def megabytes(self) -> float:
        return _median([one.megabytes for one in self.used])

    @property
    def sent(self) -> float:
        return _median([one.upload for one in self.used])


@dataclass(frozen=True, slots=True)
class Follower:
    """A received picture whose tile got another size."""

    before: int
    """Lines."""
    after: int
    seconds: float | None
    """Time from the change until it filled the tile; None where it did not while it was waited for."""


@dataclass(frozen=True, slots=True)
class Resize:
    """Pictures that had to follow a window as it got another size."""

    people: int
    camera: str
    size: str
    followers: Sequence[Follower]

    @property
    def changes(self) -> list[Follower]:
        """Return the pictures that had to change."""
        return [one for one in self.followers if one.seconds is None or one.after != one.before]


def received(looks: Sequence[Look]) -> list[Received]:
    """Return what one browser received from each other between the first and the last look."""
    connections = looks[-1].of.keys() & looks[0].of.keys()
    return [
        _from_one([look.of[key] for look in looks if key in look.of], looks) for key in sorted(connections)
    ]


def upload(looks: Sequence[Look]) -> float:
    """Return what one browser sent, in bit/s."""
    first, last = looks[0], looks[-1]
    grown = sum(last.of[key].sent - first.of[key].sent for key in last.of.keys() & first.of.keys())
    return grown * 8 / (last.at - first.at)


def limited_by_cpu(look: Look) -> int:
    return sum(stream.limited == "cpu" for stream in look.of.values())


def _from_one(streams: Sequence[Stream], looks: Sequence[Look]) -> Received:
    first, last = streams[0], streams[-1]
    frames = last.frames - first.frames
    heard = last.heard - first.heard
    return Received(
        height=last.height if frames else 0,
        frames_per_second=frames / (looks[-1].at - looks[0].at),
        freezes=round(last.freezes - first.freezes),
        sound_concealed=(last.concealed - first.concealed) / heard if heard > 0 else 0.0,
        breaks=sum(_breaks(before, after) for before, after in pairwise(streams)),
    )


def _breaks(before: Stream, after: Stream) -> bool:
    """Tell whether the sound broke between two looks though pictures came, which are to give way first."""
    heard = after.heard - before.heard
    is_broken = heard > 0 and (after.concealed - before.concealed) / heard >= BREAKS
    return is_broken and after.frames > before.frames


def _median(figures: Sequence[float]) -> float:
    return statistics.median(figures) if figures else 0.0
