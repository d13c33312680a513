"""Cameras, microphones and screens that fail or go during a call, and that nothing captured outlives it."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_KEEP_TRACKS = """
  window.tracks = [];
  window.failure = {};
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    for (const kind of ["audio", "video"])
      if (constraints[kind] && window.failure[kind]) throw new DOMException("", window.failure[kind]);
    const stream = await open(constraints);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
  devices.getDisplayMedia = async () => {
    await new Promise((resolve) => { window.pick = resolve; });
    const stream = document.createElement("canvas").captureStream(1);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
"""
"""Devices that fail when they are told to, a picker that is answered by `pick`, and all that was captured."""
_LOSE = """
  (kind) => {
    const track = window.tracks.findLast((one) => one.kind === kind && one.readyState === "live");
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
"""
_CAMERA_IS_CLOSED = "() => window.tracks.every((one) => one.kind === 'audio' || one.readyState === 'ended')"
_CAPTURED = "window.tracks.map((track) => track.readyState)"


async def told(someone: Participant, text: str, *, at: str) -> None:
    """In the call, and at the button of this name."""
    await expect(someone.page.get_by_role("alert").filter(has_text=text)).to_be_visible()
    await expect(someone.button(at)).to_have_accessible_description(re.compile(re.escape(text)))


async def test_what_fails_or_goes_in_a_call_with_others_is_said_there(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await bob.page.add_init_script(_KEEP_TRACKS)
    for one in (ann, bob):
        await one.comes_to(room)
        await one.enters()
    await ann.expects(bob.name)
    await bob.expects(ann.name)

    await bob.button("Turn camera off").click()
    await bob.page.wait_for_function(_CAMERA_IS_CLOSED, polling=50)
    await bob.page.evaluate("window.failure.video = 'NotReadableError'")
    await bob.button("Turn camera on").click()
    await told(bob, "Your camera is in use by another program.", at="Turn camera on")
    await bob.page.evaluate("window.failure = {}")  # the camera is tried again by itself
    await expect(bob.button("Turn camera off")).to_be_visible()
    await expect(bob.page.get_by_role("alert")).to_have_count(0)

    await bob.page.evaluate(_LOSE, "audio")  # another one is there, and takes its place
    await expect(bob.button("Turn microphone off")).to_be_visible()
    await bob.page.evaluate("window.failure.audio = 'NotFoundError'")
    await bob.page.evaluate(_LOSE, "audio")
    await told(bob, "No microphone was found.", at="Turn microphone on")
    await expect(bob.page.get_by_role("alert")).to_contain_text("The others can’t hear you.")
    await expect(ann.tile(bob.name).get_by_role("img", name="Microphone off")).to_be_visible()

    await bob.button("Dismiss").click()
    await expect(bob.page.get_by_role("alert")).to_have_count(0)


async def test_nothing_captured_outlives_the_call(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.page.add_init_script(_KEEP_TRACKS)
    await ann.comes_to(room)
    await ann.enters()
    await expect(ann.button("Turn camera off")).to_be_visible()
    await ann.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert set(await ann.page.evaluate(_CAPTURED)) == {"ended"}, "captured while the page is away"
    await ann.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    await expect(ann.button("Turn camera off")).to_be_visible()

    await ann.button("Share screen").click()
    await ann.page.wait_for_function("() => Boolean(window.pick)", polling=50)
    await ann.leaves()
    picked = "() => window.tracks.some((track) => track.canvas)"
    await ann.page.evaluate("window.pick()")
    await ann.page.wait_for_function(picked, polling=50)
    ended = f"() => {_CAPTURED}.every((state) => state === 'ended')"
    await ann.page.wait_for_function(ended, polling=50)
