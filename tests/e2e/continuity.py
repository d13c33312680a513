"""Gaps in the picture and the sound of tiles, as a page shows and plays them.

The pages send a tone in the place of a microphone. Pictures are measured by frames that were presented in the
element that is shown (`requestVideoFrameCallback`), sound by an audio worklet that counts silent blocks of
what audible elements play. A context of a page that is measured takes `bypass_csp=True`: worklets are blobs.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

_TONE = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    for (const microphone of stream.getAudioTracks()) {
      const context = new AudioContext();
      const oscillator = new OscillatorNode(context, { frequency: 440 });
      const loudness = new GainNode(context, { gain: 0.3 });
      const destination = new MediaStreamAudioDestinationNode(context);
      oscillator.connect(loudness).connect(destination);
      oscillator.start();
      addEventListener("click", () => context.resume(), { capture: true });
      const [tone] = destination.stream.getAudioTracks();
      Object.defineProperty(tone, "label", { value: microphone.label });
      for (const name of ["getSettings", "getConstraints", "getCapabilities", "applyConstraints"])
        tone[name] = microphone[name].bind(microphone);
      const stop = tone.stop.bind(tone);
      tone.stop = () => {
        stop();
        microphone.stop();
        void context.close();
      };
      stream.removeTrack(microphone);
      stream.addTrack(tone);
    }
    return stream;
  };
"""

# The clock of pictures goes on while the page is rendered: what a busy machine holds up is no gap.
_WATCH = """
  window.continuity = (() => {
    const [TICK_MS, MOST_GAPS, SILENCE, SHORTEST_MS] = [50, 2_000, 0.003, 30];
    const WORKLET = `
      registerProcessor("silence", class extends AudioWorkletProcessor {
        silent = 0;
        process([[channel]]) {
          const peak = channel ? channel.reduce((most, one) => Math.max(most, Math.abs(one)), 0) : 0;
          if (peak < ${SILENCE}) this.silent += 128;
          else if (this.silent > 0) {
            this.port.postMessage({ ms: (this.silent / sampleRate) * 1000, isOver: true });
            this.silent = 0;
          }
          if (this.silent % 4_800 < 128 && this.silent > 0)
            this.port.postMessage({ ms: (this.silent / sampleRate) * 1000, isOver: false });
          return true;
        }
      });`;
    const tiles = new Map();
    let clock = 0;
    let ticked = performance.now();
    const tick = (now) => {
      clock += Math.max(0, Math.min(now - ticked, TICK_MS));
      ticked = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);

    const videosOf = (name) => {
      const tile = [...document.querySelectorAll("[data-peer]")].find((one) => one.ariaLabel === name);
      return [...(tile?.querySelectorAll("video") ?? [])];
    };
    const note = (gaps, ms, more = {}) => {
      if (ms >= SHORTEST_MS && gaps.length < MOST_GAPS) gaps.push({ at: Date.now(), ms, ...more });
    };
    const followed = new WeakSet();
    const follow = (tile, video) => {
      if (followed.has(video)) return;
      followed.add(video);
      const presented = () => {
        if (video.isConnected && video.ariaHidden !== "true") {
          const now = performance.now();
          note(tile.pictures, clock - tile.clock, { raw: now - tile.now });
          [tile.clock, tile.now] = [clock, now];
          tile.frames += 1;
        }
        video.requestVideoFrameCallback(presented);
      };
      video.requestVideoFrameCallback(presented);
    };
    const isAudible = (video) => !video.muted && video.volume > 0 && !video.paused && video.isConnected;
    const listen = (tile) => {
      const audible = new Set();
      for (const video of videosOf(tile.name)) {
        follow(tile, video);
        if (!isAudible(video)) continue;
        for (const track of video.srcObject?.getAudioTracks() ?? [])
          if (track.readyState === "live") audible.add(track);
      }
      for (const [track, source] of tile.sources) {
        if (audible.has(track)) continue;
        source.disconnect();
        tile.sources.delete(track);
      }
      for (const track of audible) {
        if (tile.sources.has(track)) continue;
        const source = tile.context.createMediaStreamSource(new MediaStream([track]));
        source.connect(tile.silence);
        tile.sources.set(track, source);
      }
      if (audible.size > 1) tile.echo ??= performance.now();
      else if (tile.echo !== null) {
        note(tile.echoes, performance.now() - tile.echo);
        tile.echo = null;
      }
    };
    const listenAll = () => tiles.forEach(listen);
    for (const name of ["muted", "srcObject", "volume"]) {
      const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, name);
      Object.defineProperty(HTMLMediaElement.prototype, name, {
        configurable: true,
        get,
        set(value) {
          set.call(this, value);
          listenAll();
        },
      });
    }
    for (const event of ["playing", "pause", "volumechange"]) addEventListener(event, listenAll, true);
    setInterval(listenAll, TICK_MS);

    const reset = (tile) => {
      Object.assign(tile, { pictures: [], sounds: [], echoes: [], frames: 0, silentFor: 0 });
      Object.assign(tile, { clock, now: performance.now() });
    };
    const begin = async (names) => {
      const context = new AudioContext();
      const url = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
      await context.audioWorklet.addModule(url);
      await context.resume();
      for (const name of names) {
        const silence = new AudioWorkletNode(context, "silence");
        const tile = { name, context, silence, sources: new Map(), echo: null };
        reset(tile);
        silence.port.onmessage = ({ data: { ms, isOver } }) => {
          tile.silentFor = isOver ? 0 : ms;
          if (isOver) note(tile.sounds, ms);
        };
        silence.connect(context.destination);
        tiles.set(name, tile);
        listen(tile);
      }
    };
    const isHeard = (name) => tiles.get(name).sources.size > 0 && tiles.get(name).silentFor === 0;
    const read = (name) => {
      const tile = tiles.get(name);
      const { pictures, sounds, echoes, frames, silentFor } = tile;
      note(pictures, clock - tile.clock, { raw: performance.now() - tile.now });
      if (silentFor > 0) note(sounds, silentFor);
      const found = { pictures, sounds, echoes, frames };
      reset(tile);
      return found;
    };
    return { begin, isHeard, read, restart: () => tiles.forEach(reset) };
  })();
"""


async def keep_continuity(page: Page) -> None:
    """Have a page send a tone, and be ready to be measured. Call it before the page loads."""
    await page.add_init_script(_TONE)
    await page.add_init_script(_WATCH)


@dataclass(frozen=True)
class Gap:
    """A time without a new frame or without sound; milliseconds. `at` is its end, since the epoch."""

    at: float
    ms: float
    raw: float = 0
    """The same of a picture, with the time for which a busy machine held the page up."""


@dataclass(frozen=True)
class Continuity:
    """All gaps of one tile at one page from 30 ms on, and the times in which it was heard twice."""

    frames: int
    pictures: list[Gap]
    sounds: list[Gap]
    echoes: list[Gap]

    @property
    def picture(self) -> float:
        return longest(self.pictures)

    @property
    def sound(self) -> float:
        return longest(self.sounds)

    @property
    def echo(self) -> float:
        return longest(self.echoes)

    def __str__(self) -> str:
        by_clock = max((gap.raw for gap in self.pictures), default=0)
        return (
            f"{self.frames} frames; gaps up to {self.picture:.0f} ms ({by_clock:.0f} by the clock) of the "
            f"picture, {self.sound:.0f} ms of the sound; heard twice for {self.echo:.0f} ms"
        )


def longest(gaps: list[Gap]) -> float:
    return max((gap.ms for gap in gaps), default=0.0)


class ContinuityWatch:
    """A watch of the tiles of others at one page."""

    def __init__(self, page: Page, *names: str) -> None:
        self._page = page
        self._names = names

    async def begin(self) -> None:
        """Begin once all are heard."""
        await self._page.evaluate("names => window.continuity.begin(names)", list(self._names))
        for name in self._names:
            await self._page.wait_for_function("name => window.continuity.isHeard(name)", arg=name)
        await self.restart()

    async def restart(self) -> None:
        """Forget what has been measured."""
        await self._page.evaluate("() => window.continuity.restart()")

    async def read(self) -> dict[str, Continuity]:
        """Return what was measured since, by names, and begin anew."""
        read = await asyncio.gather(*(self._read(name) for name in self._names))
        return dict(zip(self._names, read, strict=True))

    async def _read(self, name: str) -> Continuity:
        read: dict[str, Any] = await self._page.evaluate("name => window.continuity.read(name)", name)
        gaps = {kind: [Gap(**gap) for gap in read[kind]] for kind in ("pictures", "sounds", "echoes")}
        return Continuity(read["frames"], **gaps)
