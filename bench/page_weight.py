"""`python -m bench.page_weight`: the script that browsers load for home, the lobby and a call's picture.

The build holds limits for the same (web/build/script-limits.mjs), by what its chunks import. This counts
what a real Chromium with an empty cache has fetched by then, whatever asked for it, in bytes as sent.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.e2e.participant import Participant, room_path
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.browser import People, chromium
from tests.servers.parlour import PROGRAM

# A file is read from the browser's cache after it was fetched, and counts once.
FETCHED = """(ending) => performance.getEntriesByType('resource')
    .filter(({ name }) => new URL(name).pathname.endsWith(ending))
    .map(({ name, encodedBodySize }) => [name.split('/').at(-1), encodedBodySize])"""

FIRST_PICTURE = "(video) => new Promise((seen) => video.requestVideoFrameCallback(() => seen(null)))"


async def weigh(page: Page, what: str, *, listed: bool) -> None:
    script, styles = [dict(await page.evaluate(FETCHED, ending)) for ending in (".js", ".css")]
    kilobytes = [sum(files.values()) / 1000 for files in (script, styles)]
    print(f"{what}: {kilobytes[0]:.1f} KB of script in {len(script)} files, {kilobytes[1]:.1f} KB of styles")
    if listed:
        for name, size in sorted(script.items(), key=lambda file: -file[1]):
            print(f"  {size / 1000:6.1f} {name}")


async def sit_down(browser: Browser, account: Person) -> Participant:
    """Log in at a browser, whose next page then begins with an empty cache."""
    page = await People(browser)(account.username or account.email, at=account.server.url)
    someone = Participant(page, account)
    await someone.logs_in()
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Network.clearBrowserCache")
    return someone


async def measure(program: Path, *, listed: bool, language: str) -> None:
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
        async with (
            ParlourServer(Path(folder), program=program) as server,
            Visitors(server) as visitors,
            chromium() as browser,
        ):
            stranger = await browser.new_page(locale=language)
            await stranger.goto(server.url, wait_until="networkidle")
            await weigh(stranger, "Home, as a stranger", listed=listed)
            ann, bob = await visitors.client("ann"), await visitors.client("bob")
            room = await ann.creates_room()
            first, second = await sit_down(browser, ann), await sit_down(browser, bob)
            await second.page.goto("/")
            await second.card_of(room).wait_for()
            await weigh(second.page, "Home, logged in, when its list is there", listed=listed)
            await first.page.goto(room_path(room))
            await first.enters()
            await second.page.goto(room_path(room))
            await second.gives_password()
            await second.button("Enter the room").wait_for()
            await weigh(second.page, "Lobby", listed=listed)
            await second.enters()
            await second.video_of(first.name).evaluate(FIRST_PICTURE)
            await weigh(second.page, "Room, at the first picture", listed=listed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--files", action="store_true", help="list the files")
    parser.add_argument("--language", default="en", help="of the stranger's browser")
    options = parser.parse_args()
    asyncio.run(measure(options.program, listed=options.files, language=options.language))
