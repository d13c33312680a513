"""Devices that go and come back in a call, which says what happened and takes them up again by itself."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

DEVICES = """
  const real = navigator.mediaDevices;
  const open = real.getUserMedia.bind(real);
  const kinds = { audio: "audioinput", video: "videoinput" };
  const computer = window.computer = {
    plugged: new Map([["desk", "video"], ["lid", "video"], ["mic", "audio"]]),
    held: new Set(),
    tracks: [],
    asked: 0,
    end(id) {
      for (const track of computer.tracks) {
        if (track.fakeId !== id || track.readyState === "ended") continue;
        track.stop();
        track.dispatchEvent(new Event("ended"));
      }
    },
    unplug(id) {
      computer.plugged.delete(id);
      computer.end(id);
      real.dispatchEvent(new Event("devicechange"));
    },
    plug(id, kind) {
      computer.plugged.set(id, kind);
      real.dispatchEvent(new Event("devicechange"));
    },
    hold(id) {
      computer.held.add(id);
      computer.end(id);
    },
  };
  const found = (kind, constraints) => {
    const wished = constraints.deviceId?.exact;
    const id = [...computer.plugged].find(([id, of]) => of === kind && (!wished || id === wished))?.[0];
    if (!id) throw new DOMException("", wished ? "OverconstrainedError" : "NotFoundError");
    if (computer.held.has(id)) throw new DOMException("", "NotReadableError");
    return id;
  };
  real.getUserMedia = async (constraints) => {
    computer.asked++;
    const wanted = Object.entries(constraints).filter(([, wish]) => wish);
    const ids = Object.fromEntries(wanted.map(([kind, wish]) => [kind, found(kind, wish)]));
    const stream = await open(Object.fromEntries(wanted.map(([kind]) => [kind, true])));
    for (const track of stream.getTracks()) {
      const id = track.fakeId = ids[track.kind];
      const settings = track.getSettings.bind(track);
      track.getSettings = () => ({ ...settings(), deviceId: id });
      Object.defineProperty(track, "label", { value: `The ${id}` });
      computer.tracks.push(track);
    }
    return stream;
  };
  real.enumerateDevices = async () => [...computer.plugged].map(([deviceId, kind]) =>
    ({ deviceId, kind: kinds[kind], label: `The ${deviceId}`, groupId: "" }));
"""
"""A computer with two cameras and a microphone, whose tracks are those of the browser's fake devices."""
_USES = """
  (devices) => {
    const live = computer.tracks.filter(({ readyState }) => readyState === "live");
    return live.map(({ fakeId }) => fakeId).sort().join() === devices;
  }
"""


async def uses(person: Participant, devices: str) -> None:
    """Wait until exactly these devices are open."""
    await person.page.wait_for_function(_USES, arg=devices, polling=50)


async def told(person: Participant, text: str) -> None:
    await expect(person.page.get_by_role("alertdialog").filter(has_text=text)).to_be_visible()


async def test_devices_are_taken_up_again_by_themselves(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await bob.page.add_init_script(DEVICES)
    for one in (ann, bob):
        await one.comes_to(room)
        await one.enters()
    await ann.sees_and_hears(bob.name)
    await uses(bob, "desk,mic")

    await bob.page.evaluate("computer.unplug('desk')")
    await told(bob, "“The desk” was disconnected. Now using “The lid”.")
    await uses(bob, "lid,mic")
    await bob.page.evaluate("computer.plug('desk', 'video')")
    await told(bob, "“The desk” is back and in use again.")
    await uses(bob, "desk,mic")
    await ann.sees_and_hears(bob.name)

    await _another_program_takes_the_camera(ann, bob)
    await _the_permission_is_reset(ann, bob)

    await bob.button("Turn camera off").click()
    await uses(bob, "mic")
    await bob.page.evaluate("computer.unplug('desk')")
    await bob.page.evaluate("computer.plug('desk', 'video')")
    await bob.button("Turn camera on").click()
    await uses(bob, "desk,mic")
    await ann.sees_and_hears(bob.name)


async def _another_program_takes_the_camera(ann: Participant, bob: Participant) -> None:
    alert = bob.page.get_by_role("alert").filter(has_text="in use by another program")
    await bob.page.evaluate("computer.unplug('lid')")
    await bob.page.evaluate("computer.hold('desk')")
    await expect(alert).to_contain_text("Parlour keeps trying. The others can’t see you.")
    await uses(bob, "mic")
    await expect(ann.face_of(bob.name)).to_be_visible()
    await bob.page.evaluate("computer.held.clear()")
    await told(bob, "Your camera works now.")
    await expect(alert).to_have_count(0)
    await uses(bob, "desk,mic")
    await ann.sees_and_hears(bob.name)


async def _the_permission_is_reset(ann: Participant, bob: Participant) -> None:
    """It is not asked for again by itself, though this browser would grant it."""
    alert = bob.page.get_by_role("alert").filter(has_text="Allow it in the address bar")
    before = await bob.page.evaluate("computer.asked")
    await _permits(bob, "prompt")
    await expect(alert).to_contain_text("The others can’t hear or see you.")
    await uses(bob, "")
    assert await bob.page.evaluate("computer.asked") == before
    await _permits(bob, "granted")
    await told(bob, "Your microphone works now.")
    await uses(bob, "desk,mic")
    await expect(alert).to_have_count(0)
    await ann.sees_and_hears(bob.name)


async def _permits(person: Participant, setting: str) -> None:
    """Set what the browser's own menu sets: `granted`, `denied`, or `prompt` to be asked again."""
    page = person.page
    browser = await page.context.new_cdp_session(page)
    target = await browser.send("Target.getTargetInfo")
    for name in ("camera", "microphone"):
        await browser.send(
            "Browser.setPermission",
            {
                "permission": {"name": name},
                "setting": setting,
                "origin": person.account.server.url,
                "browserContextId": target["targetInfo"]["browserContextId"],
            },
        )
