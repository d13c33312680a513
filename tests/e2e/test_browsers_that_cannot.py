"""Browsers that lack something: it is said before entering, or gone without, and no page is ever white."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import room_path
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_NO_DECORATION = """
  delete window.AudioContext;
  delete window.ResizeObserver;
  RTCRtpReceiver.prototype.getSynchronizationSources = () => { throw new Error("not here"); };
  RTCPeerConnection.generateCertificate = undefined;
  navigator.permissions.query = undefined;
"""
_NO_SOURCES = """
  AudioContext.prototype.createMediaStreamSource = () => { throw new DOMException("", "NotSupportedError"); };
  RTCPeerConnection.prototype.createDataChannel = () => { throw new Error("not here"); };
"""
_FAILS_WHEN_TOLD = """
  for (const [place, name] of [[String, "padStart"], [Date, "toLocaleTimeString"]]) {
    const works = place.prototype[name];
    place.prototype[name] = function (...given) {
      if (window.broken) throw new TypeError("broken by eyJhbGciOi.eyJlbWFpbCI.c2ln of ann@example.org");
      return works.apply(this, given);
    };
  }
"""
"""What the timer of a call and the list of sessions are written with."""


async def test_a_browser_without_webrtc_is_told_before_entering(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.page.add_init_script("delete window.RTCPeerConnection")
    await ann.comes_to(room)
    await expect(ann.page.get_by_role("alert")).to_contain_text("This browser can’t take part in calls.")
    await expect(ann.button("Enter the room")).to_have_count(0)
    await ann.link("Back to the rooms").click()
    await ann.expects_to_be_at_home()


async def test_what_is_decoration_never_ends_a_call(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await ann.page.add_init_script(_NO_DECORATION)
    await bob.page.add_init_script(_NO_SOURCES)
    for one in (ann, bob):
        await one.comes_to(room)
        await one.enters()
    await ann.expects(bob.name)
    await bob.expects(ann.name)
    await ann.sees_and_hears(bob.name)
    await bob.sees_and_hears(ann.name)


async def test_a_page_and_a_call_that_cannot_be_shown_lead_back_and_report(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(
        await visitors.client("ann"),
        permissions=["camera", "microphone", "clipboard-read", "clipboard-write"],
    )
    room = await ann.account.creates_room()
    await ann.page.add_init_script(_FAILS_WHEN_TOLD)
    await ann.comes_to(room, trust=True)
    await ann.enters()
    await ann.page.evaluate("window.broken = true")
    failed = ann.page.get_by_role("alert").filter(has_text="Something went wrong")
    await expect(failed).to_contain_text("You’re still in it")
    await ann.page.evaluate("window.broken = false")
    await ann.button("Back to the call").click()
    await ann.expects()
    await expect(ann.button("Turn microphone on")).to_be_visible()

    await ann.page.evaluate("window.broken = true")
    await ann.button("Copy a report").click()
    await expect(ann.page.get_by_text("Report copied.")).to_be_visible()
    report = await ann.page.evaluate("navigator.clipboard.readText()")
    assert "TypeError: broken by" in report and "Chrome/" in report and "Parlour 0" in report, report
    assert not any(secret in report for secret in ("eyJ", "ann@", room)), report
    await ann.page.evaluate("window.broken = false")
    await ann.leaves()

    await ann.page.add_init_script("window.broken = location.pathname === '/profile'")
    await ann.page.goto("/profile")
    await expect(failed).to_be_visible()
    await expect(ann.button("Reload the page")).to_be_visible()
    await ann.link("Go to the home page").click()
    await ann.expects_to_be_at_home()
    await ann.page.goto(room_path(room))
    await expect(ann.button("Enter the room")).to_be_visible()
