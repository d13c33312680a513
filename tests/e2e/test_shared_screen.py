"""A shared screen is shown large to everybody else, beside all faces: that of who shares it, too."""

import asyncio

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.layout import SIZES, layout_faults
from tests.e2e.media import paint_screens, shows_camera, shows_screen
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_LOSE_MICROPHONE = """
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    if (window.lost) throw new DOMException("", "NotReadableError");
    const stream = await open(constraints);
    const [microphone] = stream.getAudioTracks();
    window.lose = () => {
      window.lost = true;
      microphone.stop();
      microphone.dispatchEvent(new Event("ended"));
    };
    return stream;
  };
"""
_TAKES = """
  async (tile, { share, more }) => {
    const isMore = () => tile.offsetWidth * tile.offsetHeight > share * innerWidth * innerHeight;
    while (isMore() !== more) await new Promise((looks) => setTimeout(looks, 50));
  }
"""
"""Resolves once the tile takes more, or less, than a share of the window."""


async def test_a_shared_screen_gets_the_large_place_and_the_full_screen(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob, cyd = [
        await at_browser(await visitors.client(name), viewport={"width": 1280, "height": 800})
        for name in ("ann", "bob", "cyd")
    ]
    await ann.page.add_init_script(_LOSE_MICROPHONE)
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, cyd.account, to=room)
    for person in (ann, bob, cyd):
        await person.comes_to(room)
        await person.enters()
    await ann.sees_and_hears(bob.name, cyd.name)
    await _takes(ann.tile(bob.name), 0.4, more=False)

    await bob.button("Share screen").click()
    for viewer in (ann, cyd):
        await expect(viewer.button("Full screen")).to_be_visible()
        await _takes(viewer.screen_tile(bob.name), 0.4, more=True)
        await expect(viewer.tile(bob.name).get_by_role("img", name="Sharing their screen")).to_be_visible()
        for face in {ann, bob, cyd} - {viewer}:
            await _takes(viewer.tile(face.name), 0.1, more=False)
    # Who presents looks at the others.
    await expect(bob.button("Full screen")).to_have_count(0)
    await _stays_large_on_a_phone(ann, bob)

    await cyd.button("Share screen").click()
    await expect(ann.screen_tile(cyd.name).get_by_role("button", name="Full screen")).to_be_visible()
    await ann.button(f"Show the screen of {bob.name} large").click()
    await expect(ann.screen_tile(bob.name).get_by_role("button", name="Full screen")).to_be_visible()
    await cyd.button("Stop sharing").click()

    await ann.button("Full screen").click()
    await expect(ann.button("Leave full screen")).to_be_visible()
    assert await ann.screen_tile(bob.name).evaluate("(tile) => document.fullscreenElement === tile")
    await ann.button("Leave full screen").click()
    await ann.button("Full screen").click()
    await expect(ann.button("Leave full screen")).to_be_visible()
    await _is_told_above_the_full_screen(ann)

    await bob.button("Stop sharing").click()
    await ann.page.wait_for_function("() => document.fullscreenElement === null", polling=50)
    await expect(ann.page.get_by_role("button", name="full screen")).to_have_count(0)
    await expect(ann.screen_tile(bob.name)).to_have_count(0)
    await ann.sees_and_hears(bob.name)
    await _takes(ann.tile(bob.name), 0.4, more=False)


async def test_camera_and_screen_are_seen_at_once(fresh_server: StartServer, at_browser: AtBrowser) -> None:
    """Also by who comes later, and while the server is away."""
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann, bob, cyd = [await at_browser(await visitors.client(name)) for name in ("ann", "bob", "cyd")]
        room = await ann.account.creates_room()
        await ann.account.invites(bob.account, cyd.account, to=room)
        for person in (ann, bob, cyd):
            await paint_screens(person.page)
        await _two_share_at_once_and_each_may_end(ann, bob, cyd, room)
        await _a_screen_is_shared_while_the_server_is_away(ann, cyd)


async def _two_share_at_once_and_each_may_end(
    ann: Participant, bob: Participant, cyd: Participant, room: str
) -> None:
    for person in (ann, bob):
        await person.comes_to(room)
        await person.enters()
    await ann.sees_and_hears(bob.name)

    await ann.button("Share screen").click()
    await _see_both_of(ann, bob)
    await shows_screen(ann.page.get_by_label("Your shared screen", exact=True))
    await shows_camera(ann.video_of(f"{ann.name} (you)"))

    await cyd.comes_to(room)
    await cyd.enters()
    await _see_both_of(ann, cyd)
    await bob.button("Share screen").click()
    await asyncio.gather(_see_both_of(ann, bob, cyd), _see_both_of(bob, ann, cyd))
    # Two screens, one of them large, before somebody who shares none and somebody who does.
    for viewer in (cyd, ann):
        for step, (width, height) in enumerate(SIZES):
            panel = (None, "Chat")[step % 2]
            faults = await layout_faults(viewer.page, width, height, panel=panel)
            assert not faults, f"{viewer.name}, {width} x {height}: {faults}"

    # The browser's own button ends the track.
    await ann.page.evaluate("sharedScreen.stop(); sharedScreen.dispatchEvent(new Event('ended'));")
    await expect(ann.button("Share screen")).to_be_visible()
    await expect(cyd.screen_tile(ann.name)).to_have_count(0)
    await bob.button("Turn camera off").click()
    await expect(cyd.face_of(bob.name)).to_be_visible()
    await shows_screen(cyd.screen_of(bob.name))
    await ann.button("Share screen").click()
    await _see_both_of(ann, bob, cyd)


async def _a_screen_is_shared_while_the_server_is_away(viewer: Participant, sharer: Participant) -> None:
    """Its section is negotiated through the server; until that is back, it is seen in the camera's place."""
    server = sharer.account.server
    await server.kill()
    for person in (viewer, sharer):
        await expect(person.page.get_by_text("Your call continues.")).to_be_visible(timeout=15_000)
    await sharer.button("Share screen").click()
    await shows_screen(viewer.screen_of(sharer.name))
    await server.start()
    await asyncio.gather(_see_both_of(sharer, viewer), viewer.sees_and_hears(sharer.name))


async def _see_both_of(sharer: Participant, *viewers: Participant) -> None:
    for viewer in viewers:
        await expect(viewer.screen_tile(sharer.name)).to_be_visible()
    await asyncio.gather(
        *(shows_screen(viewer.screen_of(sharer.name)) for viewer in viewers),
        *(shows_camera(viewer.video_of(sharer.name)) for viewer in viewers),
    )


async def _is_told_above_the_full_screen(viewer: Participant) -> None:
    """Clicks reach what is on top alone."""
    await viewer.page.evaluate("window.lose()")
    told = viewer.page.get_by_role("alertdialog").filter(has_text="The others can’t hear you.")
    await told.get_by_role("button", name="Dismiss").click()
    await expect(told).to_have_count(0)


async def _stays_large_on_a_phone(viewer: Participant, sharer: Participant) -> None:
    await viewer.page.set_viewport_size(ViewportSize(width=390, height=844))
    await viewer.page.wait_for_function("() => innerWidth === 390", polling=20)
    await expect(viewer.screen_tile(sharer.name)).to_have_css("width", "366px")
    await viewer.page.set_viewport_size(ViewportSize(width=1280, height=800))


async def _takes(tile: Locator, share: float, *, more: bool) -> None:
    """Wait until the tile takes more than this share of the window, or not more."""
    async with asyncio.timeout(60):
        await tile.evaluate(_TAKES, {"share": share, "more": more})
