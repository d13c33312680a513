"""The time that sound or pictures lay in WebRTC's jitter buffer before they were handed out. Pure.

The buffers of a person's sound and pictures differ by 20 to 100 ms, and nothing in WebRTC keeps them in step,
since LiveKit gives each track a stream of its own. So both are placed at the time at which they reached the
buffer.
"""

_STEP = 20_000


class JitterDelay:
    """The delay of a track in microseconds, by WebRTC's counters (webrtc-stats, `jitterBufferDelay`).

    It is the average since the look before. A change of less than 20 ms is passed over, since each change
    cuts into the sound.
    """

    def __init__(self) -> None:
        self.microseconds = 0
        self._summed = 0.0
        self._emitted = 0

    def look(self, summed: float, emitted: int) -> None:
        """Take the counters: the seconds that all samples or frames lay there, and the number of these."""
        if emitted <= self._emitted:
            return
        delay = round((summed - self._summed) / (emitted - self._emitted) * 1_000_000)
        self._summed, self._emitted = summed, emitted
        if self.microseconds == 0 or abs(delay - self.microseconds) >= _STEP:
            self.microseconds = max(0, delay)
