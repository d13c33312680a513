"""How a call is seen: pages, pins, the speaker, one's own tile."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.media import use_small_pictures
from tests.e2e.participant import Participant
from tests.integration.signaling.crowd import Crowd
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_PHONE = ViewportSize(width=390, height=844)
_LAPTOP = ViewportSize(width=1280, height=800)
_WAIT_MS = 60_000

# Holds the page's thread for so many milliseconds, from the next turn of its event loop on.
_IS_BUSY_MS = """
  (ms) => void setTimeout(() => { for (const end = performance.now() + ms; performance.now() < end; ); })
"""

# A microphone that is silent until `window.say(true)`.
_VOICE = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    const stream = video ? await open({ video }) : new MediaStream();
    if (!audio) return stream;
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 440 });
    const volume = new GainNode(context, { gain: 0 });
    const microphone = context.createMediaStreamDestination();
    tone.connect(volume).connect(microphone);
    tone.start();
    window.say = (aloud) => { volume.gain.value = aloud ? 0.5 : 0; return context.resume(); };
    return new MediaStream([...microphone.stream.getTracks(), ...stream.getTracks()]);
  };
"""

_LARGEST = """
  (stage) => {
    const area = ({ offsetWidth, offsetHeight }) => offsetWidth * offsetHeight;
    const tiles = [...stage.querySelectorAll('[role="group"]')].sort((a, b) => area(b) - area(a));
    return area(tiles[0]) > 2 * area(tiles[1]) ? tiles[0].ariaLabel : null;
  }
"""


@pytest.fixture
async def visitors(fresh_server: StartServer) -> AsyncIterator[Visitors]:
    """At a server on which one account may be in a call many times."""
    async with Visitors(await fresh_server({"PARLOUR_VISITS_PER_PERSON": 64})) as visitors:
        yield visitors


async def test_pages_show_everybody_and_only_who_is_seen_sends_pictures(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    """By buttons, keys and swipes. Whoever is on another page is still heard, and whoever is pinned stays."""
    account, friend, other = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    ann = await at_browser(account, viewport=_PHONE, has_touch=True)
    bob = await at_browser(friend)
    room = await account.creates_room()
    await account.invites(friend, other, to=room)
    for person in (ann, bob):
        await use_small_pictures(person.page)
        await person.comes_to(room)
        await person.enters()
    await ann.sees_and_hears(bob.name)
    pages = ann.page.get_by_role("navigation", name="Pages of participants")
    await expect(pages).to_have_count(0)
    async with Crowd(other, room) as crowd:
        await crowd.grows(to=22)
        await expect(ann.stage.get_by_role("group", include_hidden=True)).to_have_count(24)
        shown = await _all_pages(ann)
        assert len(shown) > 2
        assert len(everybody := [peer for page in shown for peer in page]) == 23
        assert len(set(everybody)) == 23

        # Ann is at the last page, and Bob is on the first.
        await expect(ann.tile(bob.name)).to_be_hidden()
        await bob.page.wait_for_function(
            f"() => ({_SENDS_PICTURES})().includes(false)", polling=100, timeout=_WAIT_MS
        )
        await _is_heard(ann, bob)

        for _ in shown[1:]:
            await ann.page.keyboard.press("PageUp")
        await expect(pages).to_contain_text(f"Page 1 of {len(shown)}")
        await ann.sees_and_hears(bob.name)
        for _ in range(4):  # Chromium cancels the pointers of some of them, and seldom that of the first
            await _swipes(ann)
            await expect(pages).to_contain_text(f"Page 2 of {len(shown)}")
            await expect(ann.tile(bob.name)).to_be_hidden()
            await ann.page.keyboard.press("PageUp")
            await ann.sees_and_hears(bob.name)

        await ann.tile(bob.name).click()
        await ann.button(f"Pin {bob.name}").click()
        await _is_largest(ann, bob.name)
        await ann.button("Next page").click()
        await ann.sees_and_hears(bob.name)
        await ann.button(f"Pin {bob.name}").click()
        await expect(ann.tile(bob.name)).to_be_hidden()


async def test_the_speaker_is_large_and_ones_own_tile_moves_hides_and_stays_so(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob, cyd = people = [
        await at_browser(await visitors.client(name), viewport=_LAPTOP) for name in ("ann", "bob", "cyd")
    ]
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, cyd.account, to=room)
    for person in (ann, bob):
        await person.page.add_init_script(_VOICE)
        await use_small_pictures(person.page)
        await person.comes_to(room, trust=True)
        await person.enters()
    await _moves_and_hides_their_tile(ann)

    await cyd.page.add_init_script(_VOICE)
    await cyd.comes_to(room)
    await cyd.enters()
    for viewer in people:
        await viewer.expects(*(person.name for person in people if person is not viewer))
    await _chooses(ann, "Speaker")
    for speaker, silent in ((bob, cyd), (cyd, bob)):
        await silent.page.evaluate("window.say(false)")
        await speaker.page.evaluate("window.say(true)")
        await _is_largest(ann, speaker.name)
    # Who is pinned beats who speaks; who speaks oneself is nothing to oneself.
    await ann.tile(bob.name).hover()
    await ann.button(f"Pin {bob.name}").click()
    await _is_largest(ann, bob.name)
    await ann.button(f"Pin {bob.name}").click()
    await _is_largest(ann, cyd.name)
    await ann.page.keyboard.press("g")
    await _is_largest(ann, None)

    await ann.button("View").click()
    await ann.page.get_by_role("menuitem", name="Full screen").click()
    await ann.page.wait_for_function(
        "() => document.fullscreenElement === document.documentElement", polling=50
    )
    await ann.tile(cyd.name).hover()
    await ann.button(f"Fill the screen with {cyd.name}").click()
    await ann.page.wait_for_function(
        "(name) => document.fullscreenElement?.ariaLabel === name", arg=cyd.name, polling=50
    )
    await cyd.leaves()
    await expect(ann.tile(cyd.name)).to_have_count(0)
    await ann.leaves()
    await ann.page.wait_for_function("() => document.fullscreenElement === null", polling=50)


async def _moves_and_hides_their_tile(ann: Participant) -> None:
    """By keys and by dragging; what is chosen outlasts the page."""
    own = ann.tile(f"{ann.name} (you)")
    await expect(own).to_be_visible()
    await _is_in_corner(own, "bottom right")
    move = ann.button("Move your tile to another corner")
    await move.press("ArrowUp")
    await _is_in_corner(own, "top right")
    await move.press("ArrowLeft")
    await _is_in_corner(own, "top left")
    await move.press("Enter")
    await _is_in_corner(own, "top right")
    box = await own.bounding_box()
    assert box is not None
    await ann.page.mouse.move(box["x"] + 60, box["y"] + 90)
    await ann.page.mouse.down()
    await ann.page.mouse.move(200, 600, steps=5)
    await ann.page.mouse.up()
    await _is_in_corner(own, "bottom left")

    await ann.button("Hide your tile").press("Enter")
    await expect(own).to_have_count(0)
    await ann.page.reload()
    await ann.enters()
    await expect(ann.stage.get_by_role("group")).to_have_count(1)
    await ann.button("View").click()
    await ann.page.get_by_role("menuitemcheckbox", name="Show your tile").click()
    await ann.page.keyboard.press("Escape")
    await expect(own).to_be_visible()
    await _is_in_corner(own, "bottom left")


_SENDS_PICTURES = """
  () => window.connections
    .filter(({ connectionState }) => connectionState === "connected")
    .flatMap((connection) => connection.getSenders())
    .filter(({ track }) => track?.kind === "video")
    .flatMap((sender) => sender.getParameters().encodings.map(({ active }) => active))
"""

# Resolves once sound that was no silence has come in 20 more packets.
_HEARS = """
  async () => {
    const [connection] = window.connections.filter(({ connectionState }) => connectionState === "connected");
    const measure = async () => [...(await connection.getStats()).values()]
      .find((stream) => stream.type === "inbound-rtp" && stream.kind === "audio");
    const before = await measure();
    for (;;) {
      const now = await measure();
      const isLouder = now.totalAudioEnergy > before.totalAudioEnergy;
      if (now.packetsReceived >= before.packetsReceived + 20 && isLouder) return;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
"""


async def _all_pages(ann: Participant) -> list[list[str]]:
    """Turn all pages from the first to the last; return the ids of the others on each."""
    pages = []
    own = await ann.tile(f"{ann.name} (you)").get_attribute("data-peer")
    while True:
        label = await ann.page.get_by_role("navigation", name="Pages of participants").inner_text()
        found = re.search(r"Page (\d+) of (\d+)", label)
        assert found is not None, label
        peers = await ann.stage.get_by_role("group").evaluate_all(
            "(tiles) => tiles.map((tile) => tile.dataset.peer)"
        )
        assert own in peers
        pages.append([peer for peer in peers if peer != own])
        if found[1] == found[2]:
            return pages
        await ann.button("Next page").click()
        await expect(ann.page.get_by_role("navigation")).to_contain_text(f"Page {int(found[1]) + 1} of")


async def _is_heard(ann: Participant, bob: Participant) -> None:
    video = ann.stage.get_by_label(f"Video of {bob.name}", exact=True)
    assert await video.evaluate("(video) => !video.paused && !video.muted")
    async with asyncio.timeout(60):
        await ann.page.evaluate(_HEARS)


async def _swipes(ann: Participant) -> None:
    """Move a finger over the stage, to the next page, while the page is busy as in a large call."""
    session = await ann.page.context.new_cdp_session(ann.page)
    await ann.page.evaluate(_IS_BUSY_MS, 600)
    points = [(300, 400), (240, 402), (160, 405), (90, 405)]
    for kind, at in zip(("touchStart", "touchMove", "touchMove", "touchMove"), points, strict=True):
        touch = {"x": at[0], "y": at[1]}
        await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [touch]})
    await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def _chooses(person: Participant, view: str) -> None:
    await person.button("View").click()
    await person.page.get_by_role("menuitemradio", name=view).click()
    await person.page.keyboard.press("Escape")


async def _is_largest(viewer: Participant, name: str | None) -> None:
    await viewer.page.wait_for_function(
        f"(name) => ({_LARGEST})(document.querySelector('.stage')) === name",
        arg=name,
        polling=100,
        timeout=_WAIT_MS,
    )


async def _is_in_corner(tile: Locator, corner: str) -> None:
    """It is there at last: what is chosen is drawn a moment later."""
    async with asyncio.timeout(60):
        while await _corner(tile) != corner:  # noqa: ASYNC110 - a page does not say that it is drawn
            await asyncio.sleep(0.05)


async def _corner(tile: Locator) -> str:
    corner: str = await tile.evaluate(
        """(tile) => {
          const [box, stage] = [tile, tile.offsetParent].map((each) => each.getBoundingClientRect());
          const isTop = box.top + box.bottom < stage.top + stage.bottom;
          const isLeft = box.left + box.right < stage.left + stage.right;
          return `${isTop ? "top" : "bottom"} ${isLeft ? "left" : "right"}`;
        }"""
    )
    return corner
