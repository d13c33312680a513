"""Notes that a page takes of its own connections, once a second, while the measurement does other things."""

from playwright.async_api import Page, ViewportSize

from bench.mesh.figures import Follower, Look

RUNGS = (90, 135, 180, 270, 360, 540, 720)
"""The lines of web/src/call/quality/picture-ladder.ts."""

# The figures of one connection are added up: it has one camera and one microphone here.
_WATCH = """
  () => {
    const lookAt = async (connection) => {
      const one = { height: 0, frames: 0, freezes: 0, heard: 0, concealed: 0, sent: 0, limited: "none" };
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type === "outbound-rtp") {
          one.sent += stats.bytesSent;
          if (stats.kind === "video" && stats.active) one.limited = stats.qualityLimitationReason;
        } else if (stats.type === "inbound-rtp" && stats.kind === "video") {
          one.height = Math.max(one.height, stats.frameHeight ?? 0);
          one.frames += stats.framesDecoded ?? 0;
          one.freezes += stats.freezeCount ?? 0;
        } else if (stats.type === "inbound-rtp") {
          const silent = stats.silentConcealedSamples ?? 0;
          one.heard += (stats.totalSamplesReceived ?? 0) - silent;
          one.concealed += (stats.concealedSamples ?? 0) - silent;
        }
      }
      return one;
    };
    window.looks = [];
    const look = async () => {
      const connected = ({ connectionState }) => connectionState === "connected";
      const entries = window.connections.entries().filter(([, connection]) => connected(connection));
      const found = await Promise.all(entries.map(async ([at, one]) => [at, await lookAt(one)]));
      window.looks.push({ at: performance.now() / 1000, of: Object.fromEntries(found) });
    };
    setInterval(() => void look(), 1000);
  }
"""

_TAKE = "() => { const taken = window.looks; window.looks = taken.slice(-1); return taken; }"

# `window.followed` resolves with the lines of each received picture before and after the next change of the
# window's size, and the seconds from then until it had, for a second, those that fill the place where it is
# shown: the smallest rung that does, as the page itself decides. Seconds are null where it never had. What
# other pages of the grid show is left out.
_FOLLOW = """
  ([ladder, captured, given]) => {
    const STEADY = 1000;
    const isReceived = ({ srcObject }) => window.connections
      .flatMap((one) => one.getReceivers())
      .some(({ track }) => srcObject?.getTracks().includes(track));
    const videos = [...document.querySelectorAll("main video")].filter(isReceived);
    const fits = ({ clientHeight, clientWidth, videoHeight, videoWidth }) => {
      const side = Math.max(clientHeight, clientWidth * videoHeight / videoWidth);
      const place = side * Math.min(devicePixelRatio, 2);
      const wanted = Math.min(captured, ladder.find((lines) => lines * 1.05 >= place) ?? captured);
      return clientHeight === 0 || Math.abs(videoHeight - wanted) <= 2;
    };
    const until = async (video, before, began) => {
      for (let unfit = began; ; ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const now = performance.now();
        if (!fits(video)) unfit = now;
        const seconds = (unfit - began) / 1000;
        if (now - unfit > STEADY) return video.clientHeight && [before, video.videoHeight, seconds];
        if (seconds > given) return [before, video.videoHeight, null];
      }
    };
    window.followed = new Promise((resolve) => {
      addEventListener("resize", () => {
        const began = performance.now();
        resolve(Promise.all(videos.map((video) => until(video, video.videoHeight, began))));
      }, { once: true });
    });
  }
"""


async def begin(page: Page) -> None:
    """Begin to note a look each second. The page keeps its connections (`keep_connections`)."""
    await page.evaluate(_WATCH)


async def take(page: Page) -> list[Look]:
    """Return the looks since the last one that was taken before, which is the first."""
    return [Look.read(look) for look in await page.evaluate(_TAKE)]


async def resize(page: Page, size: ViewportSize, *, captured: int, within: float) -> list[Follower]:
    """Give the window this size, and wait until each received picture fills its tile.

    `within` are seconds, after which a picture is given up; `captured` the lines of the cameras: nothing
    larger can come.
    """
    await page.evaluate(_FOLLOW, [RUNGS, captured, within])
    await page.set_viewport_size(size)
    found = await page.evaluate("() => window.followed")
    return [Follower(*one) for one in found if one]
