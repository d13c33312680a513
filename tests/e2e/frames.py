"""The arrival times of video frames, recorded by the page itself while the test does other things."""

from dataclasses import dataclass

from tests.e2e.participant import Participant

# Decoded frames count, not painted frames: a busy machine paints late what arrived in time.
_WATCH = """
  (name) => {
    const EVERY_MS = 50;
    const record = { frames: 0, gaps: [], stills: [], still: 0, grew: performance.now() };
    let looked = record.grew;
    (window.frameRecords ??= {})[name] = record;
    const receiver = () => {
      const shown = document.querySelector(`[aria-label="Video of ${name}"]`)?.srcObject?.getTracks() ?? [];
      return window.connections.flatMap((one) => one.getReceivers())
        .find(({ track }) => track.kind === "video" && shown.includes(track));
    };
    const decoded = async () => {
      const report = [...((await receiver()?.getStats())?.values() ?? [])];
      return report.find(({ type }) => type === "inbound-rtp")?.framesDecoded ?? 0;
    };
    let last = null;
    const look = async () => {
      const count = await decoded();
      if (window.frameRecords[name] !== record) return;  // another watch has begun
      const now = performance.now();
      record.still += Math.min(now - looked, 2 * EVERY_MS);
      looked = now;
      if (last !== null && count !== last) {
        // A connection that was built anew counts from nothing.
        record.frames += count > last ? count - last : count;
        record.gaps.push(now - record.grew);
        record.stills.push(record.still);
        [record.grew, record.still] = [now, 0];
      }
      last = count;
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
    """The longest time without a new frame while the page did look.

    A look that comes late counts 100 ms at most, since a page that the machine holds up cannot see frames.
    """

    def __str__(self) -> str:
        return f"{self.frames} frames, {self.median:.0f} ms, worst {self.worst:.0f}, still {self.still:.0f}"


class FrameWatch:
    """A watch of the tiles of other members at `viewer`'s page."""

    def __init__(self, viewer: Participant, *names: str) -> None:
        self._viewer = viewer
        self._names = names

    async def begin(self) -> None:
        for name in self._names:
            await self._viewer.page.evaluate(_WATCH, name)

    async def flows(self) -> dict[str, Flow]:
        return {name: Flow(*await self._viewer.page.evaluate(_READ, name)) for name in self._names}
