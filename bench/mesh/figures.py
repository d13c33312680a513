"""What browsers received and sent between two looks at the statistics of their connections."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Streams = Mapping[str, Mapping[str, Any]]
"""RTP streams of one browser by a key that stays: `inbound-rtp` and `outbound-rtp` of W3C webrtc-stats."""

MOVES = 1.0
"""Pictures a second from which a video counts as moving."""


@dataclass(frozen=True, slots=True)
class Received:
    """One person's media as another received them."""

    height: int
    """Of the latest picture; 0 if none came."""
    frames_per_second: float
    freezes: int
    sound_concealed: float
    """The share of the sound that was made up, 0 to 1, of what was not silence."""

    @property
    def moves(self) -> bool:
        return self.frames_per_second >= MOVES


@dataclass(frozen=True, slots=True)
class Used:
    """What one browser cost; bitrates in bit/s."""

    upload: float
    cores: float
    """CPU time by time."""
    megabytes: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A measured moment of a call."""

    people: int
    upload: float | None
    """The limit of each person's line in bit/s; None without one."""
    loss: float
    received: Sequence[Received]
    used: Sequence[Used]
    is_fixed: bool = False
    """Whether the clients leave all parameters of their senders as they are."""

    @property
    def height(self) -> float:
        return statistics.median(one.height for one in self.received)

    @property
    def frames_per_second(self) -> float:
        return statistics.median(one.frames_per_second for one in self.received)

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


def received(before: Streams, after: Streams, seconds: float) -> list[Received]:
    """Return what one browser received from each other; `seconds` lie between the looks."""
    connections = {key.split()[0] for key in after}
    return [_from_one(_of(before, each), _of(after, each), seconds) for each in sorted(connections)]


def upload(before: Streams, after: Streams, seconds: float) -> float:
    sent = [
        _growth(before.get(key, {}), stream, "bytesSent")
        for key, stream in after.items()
        if stream["type"] == "outbound-rtp"
    ]
    return sum(sent) * 8 / seconds


def _of(streams: Streams, connection: str) -> Streams:
    return {
        key: stream
        for key, stream in streams.items()
        if key.split()[0] == connection and stream["type"] == "inbound-rtp"
    }


def _from_one(before: Streams, after: Streams, seconds: float) -> Received:
    height, frames, freezes, concealed, heard = 0, 0.0, 0.0, 0.0, 0.0
    for key, stream in after.items():
        earlier = before.get(key, {})
        if stream["kind"] == "video":
            decoded = _growth(earlier, stream, "framesDecoded")
            height = max(height, stream.get("frameHeight", 0) if decoded else 0)
            frames += decoded
            freezes += _growth(earlier, stream, "freezeCount")
        else:
            silent = _growth(earlier, stream, "silentConcealedSamples")
            concealed += _growth(earlier, stream, "concealedSamples") - silent
            heard += _growth(earlier, stream, "totalSamplesReceived") - silent
    return Received(
        height=height,
        frames_per_second=frames / seconds,
        freezes=round(freezes),
        sound_concealed=concealed / heard if heard else 0.0,
    )


def _growth(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> float:
    return float(after.get(name, 0)) - float(before.get(name, 0))
