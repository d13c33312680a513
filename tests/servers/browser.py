"""Real browsers: Debian's Chromium with a fake camera and microphone."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, async_playwright

from tests.servers.motion import moved

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=10",  # half the default: several people share two cores
    "--allow-loopback-in-peer-connection",
]
_STARTED_WITHIN_MS = 120_000
_FRAMES_WITHIN_SECONDS = 20
_OF_A_NETWORK = frozenset({"http", "https", "ws", "wss"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# In Firefox, Playwright sets the value of a field, of which React takes no notice; this command types it.
_TYPE_TEXT = """
  Object.defineProperty(window, "__pw_bidiInsertText", {
    get: () => (text) => void document.execCommand("insertText", false, text),
    set: () => {},
  });
"""
# Not every browser tells who drives it of a breach; all tell the page.
_TELL_BREACHES = """
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, disposition }) => {
    console.error(`Content Security Policy: ${effectiveDirective} ${blockedURI} (${disposition})`);
  });
"""


@asynccontextmanager
async def chromium(program: Path = CHROMIUM, *flags: str, is_shown: bool = False) -> AsyncIterator[Browser]:
    """Start Chromium. `program` may be a wrapper that runs it elsewhere, such as `Host.program`."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"These tests need {CHROMIUM}: 'make test' installs the package 'chromium'.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*_FLAGS, *flags], headless=not is_shown, timeout=_STARTED_WITHIN_MS
        )
        yield browser
        await browser.close()


_MEDIA = """
  async () => {
    const told = ["kind", "mid", "rid", "packetsReceived", "framesDecoded", "packetsSent", "framesEncoded"];
    const of = ({ id, kind, muted, enabled, readyState }) => ({ id, kind, muted, enabled, readyState });
    const connections = (window.connections ?? []).map(async (one) => {
      const report = one.connectionState === "closed" ? [] : [...(await one.getStats()).values()];
      const flows = report.filter(({ type }) => type === "inbound-rtp" || type === "outbound-rtp");
      return {
        state: [one.connectionState, one.signalingState],
        sends: one.getSenders().flatMap(({ track }) => (track ? [of(track)] : [])),
        flows: flows.map((flow) => Object.fromEntries(told.map((name) => [name, flow[name]]))),
      };
    });
    const videos = [...document.querySelectorAll("video")].map((video) => ({
      label: video.closest("[aria-label]")?.ariaLabel,
      state: [video.readyState, video.paused, video.videoWidth],
      tracks: (video.srcObject?.getTracks() ?? []).map(of),
    }));
    return { connections: await Promise.all(connections), videos, news: window.connectionNews };
  }
"""


class People:
    """Pages of several people, each with a browser profile of their own: separate cookies and storage.

    `faults` collects uncaught errors of the web client, breaches of its content security policy and requests
    to third parties, which no use of the pages may cause.
    """

    def __init__(self, browser: Browser, *, traces: Path | None = None) -> None:
        """Record Playwright's trace of each person in the folder `traces`, if given."""
        self._browser = browser
        self._traces = traces
        self._pages: dict[str, Page] = {}
        self._contexts: list[tuple[str, BrowserContext]] = []
        self._console: list[str] = []
        self.faults: list[str] = []

    async def __call__(self, name: str, at: str, **context: Any) -> Page:
        """Open a page for `name` at the server `at`; `context` goes to Playwright's `new_context`."""
        # What a service worker fetches, no test would see: those that are about it allow it.
        opened = await self._browser.new_context(base_url=at, **{"service_workers": "block", **context})
        self._contexts.append((name, opened))
        if self._traces is not None:
            await opened.tracing.start(title=name, screenshots=True, snapshots=True, sources=True)
        await opened.add_init_script(_TELL_BREACHES)
        if self._browser.browser_type.name == "firefox":
            await opened.add_init_script(_TYPE_TEXT)
        ours = _LOOPBACK | {urlsplit(at).hostname}
        opened.on("request", lambda request: self._asked(name, request.url, ours))
        opened.on("page", lambda opened_page: self._watch(name, opened_page, ours))
        page = await opened.new_page()
        self._pages[name] = page
        return page

    async def keep_evidence(self, folder: Path) -> None:
        """Write a screenshot of each person's page, what moves there, what of media comes and is shown, and
        the console's messages.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in self._pages.items():
            if not page.is_closed():
                await page.screenshot(path=folder / f"{_file_name(name)}.png", full_page=True)
                (folder / f"{_file_name(name)}-moves.txt").write_text(await _motion(page))
                (folder / f"{_file_name(name)}-media.json").write_text(await _media(page))
        (folder / "console.txt").write_text("\n".join(self._console) + "\n")

    async def leave(self) -> None:
        for number, (name, context) in enumerate(self._contexts):
            if self._traces is not None:
                await context.tracing.stop(path=self._traces / f"{number}-{_file_name(name)}.zip")
            await context.close()

    def _watch(self, name: str, page: Page, ours: Set[str | None]) -> None:
        page.on("console", lambda message: self._said(name, message))
        page.on("pageerror", lambda error: self._threw(name, page, error))
        page.on("websocket", lambda socket: self._asked(name, socket.url, ours))

    def _threw(self, name: str, page: Page, error: Error) -> None:
        # Firefox runs the tests' own scripts in the empty page too, which has no devices.
        if page.url != "about:blank":
            self.faults.append(f"{name}: {error}")

    def _asked(self, name: str, url: str, ours: Set[str | None]) -> None:
        asked = urlsplit(url)
        if asked.scheme in _OF_A_NETWORK and asked.hostname not in ours:
            self.faults.append(f"{name}: a request to a third party: {url}")

    def _said(self, name: str, message: ConsoleMessage) -> None:
        line = f"{name}: {message.type}: {message.text}"
        self._console.append(line)
        if "Content Security Policy" in message.text:
            self.faults.append(line)


async def _motion(page: Page) -> str:
    """Say which boxes move: a click waits as long as its target does."""
    try:
        async with asyncio.timeout(_FRAMES_WITHIN_SECONDS):
            return "\n".join(await moved(page)) + "\n"
    except TimeoutError:
        return "The page renders no frames.\n"
    except Error as error:
        return f"{error}\n"


async def _media(page: Page) -> str:
    """Return, as JSON, what the page's connections and videos are doing."""
    try:
        async with asyncio.timeout(_FRAMES_WITHIN_SECONDS):
            return json.dumps(await page.evaluate(_MEDIA), indent=1) + "\n"
    except (TimeoutError, Error) as error:
        return json.dumps(str(error) or "The page does not answer.") + "\n"


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-")


def evidence_folder(root: Path, test: str) -> Path:
    return root / "test-results" / _file_name(test)
