"""The lobby: sound and picture are checked and chosen, and devices that are refused are explained."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_SEVERAL_SPEAKERS = """
  const devices = navigator.mediaDevices;
  const list = devices.enumerateDevices.bind(devices);
  const speaker = (deviceId, label) => ({ deviceId, groupId: "", kind: "audiooutput", label });
  devices.enumerateDevices = async () => [
    ...(await list()).filter(({ kind }) => kind !== "audiooutput"),
    speaker("default", "Default"), speaker("headset", "Headset"),
  ];
  window.played = [];
  HTMLMediaElement.prototype.setSinkId = function (id) {
    this.chosenSink = id;
    window.played.push(id);
    return Promise.resolve();
  };
"""
"""A computer with a headset, which no machine that runs tests has; what is played where is kept."""
_REFUSED = """
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
"""


async def test_sound_is_checked_and_the_chosen_speaker_is_kept_into_the_call(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await ann.page.add_init_script(_SEVERAL_SPEAKERS)
    await ann.comes_to(room)

    await ann.button("Check sound and picture").click()
    dialog = ann.page.get_by_role("dialog", name="Check sound and picture")
    await dialog.get_by_label("Speaker", exact=True).select_option("Headset")
    await ann.button("Play a test sound").click()
    await expect(ann.button("Stop")).to_be_visible()
    await expect(ann.button("Play a test sound")).to_be_visible()
    assert await ann.page.evaluate("window.played") == ["headset"]
    await expect(dialog.get_by_role("status")).to_have_text("Your microphone hears you.")
    await ann.button("Record 3 seconds and listen").click()
    await expect(dialog.get_by_role("status")).to_have_text("Recording. Say something…")
    await expect(dialog.get_by_role("status")).to_have_text("This is how the others hear you.")
    await expect(ann.button("Record 3 seconds and listen")).to_be_visible()
    assert await ann.page.evaluate("window.played") == ["headset", "headset"]

    await ann.page.reload()
    await ann.enters()
    await bob.comes_to(room)
    await bob.enters()
    await expect(ann.video_of(bob.name)).to_be_visible()
    on_headset = "(video) => video.chosenSink === 'headset'"
    video = await ann.video_of(bob.name).element_handle()
    await ann.page.wait_for_function(on_headset, arg=video, polling=50)
    await ann.sees_and_hears(bob.name)


async def test_refused_devices_are_explained_and_nobody_is_kept_out(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.page.add_init_script(_REFUSED)
    await ann.comes_to(room)
    refusal = "The browser doesn’t let Parlour use your camera or microphone."
    await expect(ann.page.get_by_role("alert")).to_contain_text(refusal)
    await ann.page.get_by_text("What you can do", exact=True).click()
    await expect(ann.page.get_by_text(re.compile("icon to the left of the address"))).to_be_visible()
    await ann.button("Check sound and picture").click()
    await expect(ann.page.get_by_text("Your microphone is off.", exact=True)).to_be_visible()
    await ann.button("Close").click()
    await ann.enters()
