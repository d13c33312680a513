"""A phone: the client is installed, lies and stands, and is called on the telephone during a call."""

import json
from typing import Any

import pytest
from playwright.async_api import Error, ViewportSize, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.layout import layout_faults
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.browser import People

pytestmark = pytest.mark.database("sqlite")

_PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
# The system mutes the tracks of a page whose devices it takes.
_TELEPHONE = """
  const tracks = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    tracks.push(...stream.getTracks());
    return stream;
  };
  window.takeDevices = (muted) => {
    for (const track of tracks) {
      Object.defineProperty(track, "muted", { value: muted, configurable: true });
      track.dispatchEvent(new Event(muted ? "mute" : "unmute"));
    }
  };
  window.wakeLocks = [];
  navigator.wakeLock.request = async (kind) => {
    const lock = { kind, released: false, release: async () => { lock.released = true; } };
    window.wakeLocks.push(lock);
    return lock;
  };
"""
_KEPT = """
  async () => {
    const kept = await Promise.all(
      (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
    );
    return kept.flat().map(({ url }) => new URL(url).pathname);
  }
"""


async def test_a_telephone_call_puts_the_call_on_hold(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"), **_PHONE)
    bob = await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await ann.page.add_init_script(_TELEPHONE)
    for person in (ann, bob):
        await person.comes_to(room)
        await person.enters()
    await bob.sees_and_hears(ann.name)
    assert await ann.page.evaluate("wakeLocks.map(({ kind, released }) => [kind, released])") == [
        ["screen", False]
    ]
    for width, height in ((844, 390), (390, 844)):
        faults = await layout_faults(ann.page, width, height, panel=None)
        assert not faults, f"{width} x {height}: {faults}"

    await ann.page.evaluate("takeDevices(true)")
    await expect(ann.page.get_by_text("Your call is on hold")).to_be_visible()
    await expect(bob.tile(ann.name).get_by_role("img", name="Microphone off")).to_be_visible()
    await expect(bob.face_of(ann.name)).to_be_visible()
    await ann.page.evaluate("takeDevices(false)")
    await expect(ann.page.get_by_text("The others can hear you again.")).to_be_visible()
    await expect(bob.tile(ann.name).get_by_role("img", name="Microphone off")).to_have_count(0)
    await bob.sees_and_hears(ann.name)
    await ann.leaves()
    await ann.page.wait_for_function("() => wakeLocks.every(({ released }) => released)")


async def test_the_client_is_installable_and_keeps_hashed_files_alone(
    server: ParlourServer, visitors: Visitors, person: People
) -> None:
    ann = await visitors.client("ann")
    answer = await ann.http.get("/manifest.webmanifest")
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest = json.loads(answer.text)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("./", "./", "standalone")
    for icon in manifest["icons"]:
        sent = await ann.http.get(f"/{icon['src']}")
        assert sent.headers["content-type"] == icon["type"]
    assert {"any", "maskable"} == {icon["purpose"] for icon in manifest["icons"]}
    assert (await ann.http.get("/service-worker.js")).headers["cache-control"] == "no-cache"

    page = await person("ann", at=server.url, service_workers="allow", **_PHONE)
    page.set_default_timeout(30_000)
    await page.goto("/")
    await page.evaluate("async () => void (await navigator.serviceWorker.ready)")
    faults = await page.context.new_cdp_session(page)
    checked = await faults.send("Page.getAppManifest")
    assert checked["errors"] == [] and checked["url"].endswith("/manifest.webmanifest")
    await page.reload()
    await expect(page.get_by_role("link", name="Sign up", exact=True)).to_be_visible()
    assert await page.evaluate("navigator.serviceWorker.controller !== null")
    await page.wait_for_function(f"async () => (await ({_KEPT})()).length > 0")
    await page.goto("/login")
    await expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    kept = await page.evaluate(_KEPT)
    assert all(path.startswith("/assets/") and not path.endswith(".html") for path in kept), kept

    # The browser says that there is no connection: no old page stands in for it.
    await page.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        await page.reload()
    await page.context.set_offline(False)
    await page.goto("/login")
    await expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    await page.set_viewport_size(ViewportSize(width=844, height=390))
    wide = "() => document.documentElement.scrollWidth <= innerWidth"
    await page.wait_for_function(wide)
