"""Proof that media arrives: counts of decoded media, and colours of presented frames."""

import asyncio
from dataclasses import dataclass

from playwright.async_api import Locator, Page

_KEEP_CONNECTIONS = """
  window.connections = [];
  window.connectionNews = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) {
      super(...settings);
      const MOST_NEWS = 2_000;
      const number = window.connections.push(this);
      const note = (text) => {
        if (window.connectionNews.length < MOST_NEWS) window.connectionNews.push([Date.now(), number, text]);
      };
      note("is made");
      this.addEventListener("connectionstatechange", () => note(`is ${this.connectionState}`));
    }
  };
"""

# Resolves with false where the video is not in the page any more, in which no frame would be presented.
_NEXT_FRAME = """
    const nextFrame = () => new Promise((resolve) => {
      const end = (isThere) => {
        clearInterval(watch);
        resolve(isThere);
      };
      const watch = setInterval(() => !video.isConnected && end(false), 100);
      video.requestVideoFrameCallback(() => end(video.isConnected));
    });
"""

# It waits for callbacks of presented frames, so its pace is the pace of the video. Resolves with null where
# another video took the place.
_FOLLOW = """
  async (video, wantedFrames) => {
    %s
    const statsOf = async (kind) => {
      const tracks = video.srcObject?.getTracks() ?? [];
      const ours = ({ track }) => tracks.includes(track) && track.kind === kind;
      const receiver = window.connections.flatMap((one) => one.getReceivers()).find(ours);
      const report = receiver ? [...(await receiver.getStats()).values()] : [];
      return report.find(({ type }) => type === "inbound-rtp") ?? {};
    };
    const measure = async () => {
      const [seen, heard] = [await statsOf("video"), await statsOf("audio")];
      return {
        frames_decoded: seen.framesDecoded ?? 0,
        audio_packets: heard.packetsReceived ?? 0,
        audio_samples: (heard.totalSamplesReceived ?? 0) - (heard.concealedSamples ?? 0),
        audio_energy: heard.totalAudioEnergy ?? 0,
      };
    };
    const contrast = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
      const context = canvas.getContext("2d");
      context.drawImage(video, 0, 0, 32, 32);
      const { data } = context.getImageData(0, 0, 32, 32);
      const light = data.filter((_, index) => index % 4 < 3);
      return Math.max(...light) - Math.min(...light);
    };
    if (!(await nextFrame())) return null;
    const before = await measure();
    for (let presented = 1; ; presented++) {
      if (!(await nextFrame())) return null;
      const now = await measure();
      if (!video.isConnected) return null;
      const grown = Object.fromEntries(Object.keys(now).map((name) => [name, now[name] - before[name]]));
      const moves = presented >= wantedFrames && grown.frames_decoded >= wantedFrames;
      if (moves && grown.audio_energy > 0)
        return { frames_presented: presented, contrast: contrast(), ...grown };
    }
  }
""".replace("%s", _NEXT_FRAME, 1)


_SMALL_PICTURES = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const small = { width: %(width)d, height: %(height)d, frameRate: 10 };
  navigator.mediaDevices.getUserMedia = ({ audio, video }) =>
    open({ audio, video: video && { ...(video === true ? {} : video), ...small } });
"""

# Magenta, which no picture of Chromium's fake camera is, with a bar that moves.
_PAINTED_SCREENS = """
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 400 });
    const context = canvas.getContext("2d");
    let at = 0;
    const paint = () => {
      context.fillStyle = "#ff00ff";
      context.fillRect(0, 0, 640, 400);
      context.fillStyle = "#800080";
      context.fillRect((at += 16) % 640, 0, 32, 400);
    };
    setInterval(paint, 100);
    paint();
    const stream = canvas.captureStream(10);
    [window.sharedScreen] = stream.getVideoTracks();
    return stream;
  };
"""

# Resolves with true after `wanted` new frames in a row that are all of a painted screen, or none of them, and
# with false where another video took the place.
_SHOWS = """
  async (video, { screen, wanted }) => {
    %s
    const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    for (let seen = 0; seen < wanted; ) {
      if (!(await nextFrame())) return false;
      context.drawImage(video, 0, 0, 16, 16);
      const { data } = context.getImageData(0, 0, 16, 16);
      const mean = (colour) => data.filter((_, at) => at % 4 === colour).reduce((a, b) => a + b) / 256;
      const isScreen = mean(0) > 140 && mean(1) < 100 && mean(2) > 140;
      seen = isScreen === screen ? seen + 1 : 0;
    }
    return true;
  }
""".replace("%s", _NEXT_FRAME, 1)


@dataclass(frozen=True)
class Received:
    """The media of another member that arrived during a look."""

    frames_presented: int
    frames_decoded: int
    audio_packets: int
    audio_samples: int
    """Decoded samples, without those that the browser synthesized to conceal gaps."""
    audio_energy: float
    contrast: int
    """The difference of the lightest and the darkest spot of the picture, 0 to 255."""


async def keep_connections(page: Page) -> None:
    """Keep the client's peer connections for their statistics. Call it before the page loads."""
    await page.add_init_script(_KEEP_CONNECTIONS)


async def use_small_pictures(page: Page, lines: int = 180) -> None:
    """Make the camera's picture small, to leave CPU for the measured work. Call it before the page loads."""
    await page.add_init_script(_SMALL_PICTURES % {"width": lines * 16 // 9, "height": lines})


async def received(video: Locator, *, frames: int = 5, within: float = 120) -> Received:
    """Wait until `video`, fed by a peer connection, has shown `frames` new frames, and sound arrived too.

    Where a call moves, another element takes the place: then it begins again with that one.
    """
    async with asyncio.timeout(within):
        while (measured := await video.evaluate(_FOLLOW, frames)) is None:
            pass
    result = Received(**measured)
    assert result.frames_decoded >= frames and result.audio_packets > 0 and result.audio_samples > 0, result
    assert result.contrast > 30, f"an empty picture: {result}"
    return result


async def paint_screens(page: Page) -> None:
    """Paint shared screens, to tell them from cameras. Call it before the page loads."""
    await page.add_init_script(_PAINTED_SCREENS)


async def shows_screen(video: Locator, *, frames: int = 3, within: float = 120) -> None:
    """Wait until `video` has shown `frames` new frames of a painted screen. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not await video.evaluate(_SHOWS, {"screen": True, "wanted": frames}):
            pass


async def shows_camera(video: Locator, *, frames: int = 3, within: float = 120) -> None:
    """Wait until `video` has shown `frames` new frames of no painted screen. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not await video.evaluate(_SHOWS, {"screen": False, "wanted": frames}):
            pass
