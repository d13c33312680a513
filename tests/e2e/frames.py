"""The arrival times of video frames, recorded by the page itself while the test does other things."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.e2e.participant import Participant

_EVERY_MS = 50
_LATE_MS = 2 * _EVERY_MS
"""The most that a look counts: a page that the machine holds up cannot see frames."""

# Decoded frames count, not painted frames: a busy machine paints late what arrived in time.
_WATCH = """
  ([name, EVERY_MS, LATE_MS]) => {
    const MOST_SAMPLES = 20_000;
    const record = { frames: 0, gaps: [], stills: [], still: 0, grew: performance.now(), samples: [] };
    let looked = record.grew;
    (window.frameRecords ??= {})[name] = record;
    const isVideo = ({ track }) => track?.kind === "video";
    const ends = () => {
      const shown = document.querySelector(`[aria-label="Video of ${name}"]`)?.srcObject?.getTracks() ?? [];
      for (const connection of window.connections) {
        const receiver = connection.getReceivers().find((one) => isVideo(one) && shown.includes(one.track));
        if (receiver) return { receiver, sender: connection.getSenders().find(isVideo) };
      }
      return {};
    };
    const count = async (end, member) => {
      const report = [...((await end?.getStats())?.values() ?? [])];
      return report.find((one) => member in one)?.[member] ?? 0;
    };
    let last = null;
    const look = async () => {
      const { receiver, sender } = ends();
      const [decoded, sent] = [await count(receiver, "framesDecoded"), await count(sender, "framesSent")];
      if (window.frameRecords[name] !== record) return;  // another watch has begun
      const now = performance.now();
      record.still += Math.min(now - looked, LATE_MS);
      looked = now;
      if (record.samples.length < MOST_SAMPLES) record.samples.push([Date.now(), sent, decoded]);
      if (last !== null && decoded !== last) {
        // A connection that was built anew counts from nothing.
        record.frames += decoded > last ? decoded - last : decoded;
        record.gaps.push(now - record.grew);
        record.stills.push(record.still);
        [record.grew, record.still] = [now, 0];
      }
      last = decoded;
      setTimeout(look, EVERY_MS);
    };
    void look();
  }
"""

_READ = """
  (name) => {
    const { frames, gaps, grew, stills, still } = window.frameRecords[name];
    const all = [...gaps, performance.now() - grew].sort((a, b) => a - b);
    return [frames, all[Math.floor(all.length / 2)], all.at(-1), Math.max(still, ...stills)];
  }
"""


@dataclass(frozen=True)
class Flow:
    """The frames of a tile; times in milliseconds."""

    frames: int
    median: float
    """The median time between looks that saw new frames."""
    worst: float
    still: float
    """The longest time without a new frame while the page did look. A look counts `_LATE_MS` at most."""

    def __str__(self) -> str:
        return f"{self.frames} frames, {self.median:.0f} ms, worst {self.worst:.0f}, still {self.still:.0f}"


@dataclass(frozen=True)
class Sample:
    """The frames that a page has sent to another one, and decoded of it, by a moment (ms since the epoch)."""

    at: float
    sent: int
    decoded: int


class FrameWatch:
    """A watch of the tiles of other members at `viewer`'s page."""

    def __init__(self, viewer: Participant, *names: str) -> None:
        self._viewer = viewer
        self._names = names

    async def begin(self) -> None:
        for name in self._names:
            await self._viewer.page.evaluate(_WATCH, [name, _EVERY_MS, _LATE_MS])

    async def flows(self) -> dict[str, Flow]:
        return {name: Flow(*await self._viewer.page.evaluate(_READ, name)) for name in self._names}

    async def samples(self, name: str) -> list[Sample]:
        """Return all looks at the tile of `name`, in their order."""
        read = await self._viewer.page.evaluate("(name) => window.frameRecords[name].samples", name)
        return [Sample(*sample) for sample in read]


def longest_freeze(sender: Sequence[Sample], viewer: Sequence[Sample]) -> float:
    """Return the longest time in which frames were sent and none was decoded, in milliseconds.

    `sender` are the looks of the sender's page at the viewer's tile. A camera that a busy machine holds up is
    no freeze, and a late look of the viewer counts `_LATE_MS` at most.
    """
    looks = [sample.at for sample in viewer]
    clock = [0.0]
    for before, after in pairwise(looks):
        clock.append(clock[-1] + min(after - before, _LATE_MS))
    decodes = [at for at in range(1, len(viewer)) if viewer[at].decoded != viewer[at - 1].decoded]
    longest = 0.0
    for earlier, sample in pairwise(sender):
        begin = bisect_left(looks, sample.at)
        if sample.sent == earlier.sent or begin == len(looks):
            continue
        end = bisect_left(decodes, begin)
        decoded_at = decodes[end] if end < len(decodes) else len(looks) - 1
        longest = max(longest, clock[decoded_at] - clock[begin])
    return longest


async def connections_made(viewer: Participant) -> int:
    """Return how many peer connections the viewer's page has made so far."""
    made: int = await viewer.page.evaluate("window.connections.length")
    return made
