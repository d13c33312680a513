"""Browsers hide a computer's own addresses from pages without a camera: behind names of mDNS, `….local`."""

import re

import pytest

from tests.e2e.conftest import AtBrowser, seating
from tests.e2e.seats import meet
from tests.people import Visitors
from tests.servers.browser import CHROMIUM, People, chromium

pytestmark = pytest.mark.database("sqlite")

# The last one counts. What a page paints and plays itself needs no permission.
_NO_CAMERA = "--use-fake-ui-for-media-stream=deny"
_PAINTED_CAMERA = """
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    const tracks = [];
    if (video) {
      const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
      const context = canvas.getContext("2d");
      let at = 0;
      setInterval(() => {
        context.fillStyle = "#204060";
        context.fillRect(0, 0, 320, 180);
        context.fillStyle = "#f0f0f0";
        context.fillRect((at += 8) % 320, 0, 16, 180);
      }, 100);
      tracks.push(...canvas.captureStream(10).getVideoTracks());
    }
    if (audio) {
      const context = new AudioContext();
      const [tone, out] = [context.createOscillator(), context.createMediaStreamDestination()];
      tone.connect(out);
      tone.start();
      addEventListener("pointerdown", () => context.resume(), true);
      tracks.push(...out.stream.getAudioTracks());
    }
    return new MediaStream(tracks);
  };
"""
_OWN_ADDRESSES = """
  () => window.connections.at(-1).localDescription.sdp.split("\\r\\n")
    .filter((line) => line.includes(" typ host"))
    .map((line) => line.split(" ")[4])
"""


async def test_two_whose_addresses_are_hidden_meet(visitors: Visitors) -> None:
    accounts = [await visitors.client(name) for name in ("ann", "bob")]
    room = await accounts[0].creates_room()
    await accounts[0].invites(accounts[1], to=room)
    async with chromium(CHROMIUM, _NO_CAMERA) as browser:
        people = People(browser)
        at_browser: AtBrowser = seating(people)
        ann, bob = [await at_browser(account, lines=None) for account in accounts]
        for one in (ann, bob):
            await one.page.add_init_script(_PAINTED_CAMERA)
            await one.comes_to(room)
            await one.enters()
        await meet(ann, bob)
        for one in (ann, bob):
            addresses = await one.page.evaluate(_OWN_ADDRESSES)
            assert addresses
            assert all(re.fullmatch(r"[0-9a-f-]{36}\.local", address) for address in addresses), addresses
        await people.leave()
        assert not people.faults
