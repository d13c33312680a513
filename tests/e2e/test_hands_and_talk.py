"""Hands in the order in which they went up, reactions, and a microphone that is on while a key is held."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

# Resolves once the microphone's track, as it is sent, is heard; or once it has been silent for a second.
_SENDS = """
  async (wanted) => {
    const source = async () => {
      const open = window.connections.filter(({ signalingState }) => signalingState !== "closed");
      const senders = open.flatMap((one) => one.getSenders());
      const audio = senders.find(({ track }) => track?.kind === "audio");
      const report = [...((await audio?.getStats())?.values() ?? [])];
      return report.find(({ type }) => type === "media-source") ?? {};
    };
    const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
    for (let before = await source(); ; await pause()) {
      const { audioLevel = 0, totalAudioEnergy = 0, totalSamplesDuration = 0 } = await source();
      const isSilent = totalAudioEnergy === before.totalAudioEnergy;
      if (wanted === "sound" && audioLevel > 0.01) return;
      if (wanted === "silence" && isSilent && totalSamplesDuration - before.totalSamplesDuration > 1.5)
        return;
      if (!isSilent) before = await source();
    }
  }
"""


async def sends(page: Page, wanted: str) -> None:
    async with asyncio.timeout(60):
        await page.evaluate(_SENDS, wanted)


async def sees_hands(someone: Participant, *names: str) -> None:
    """In this order, and no other hand."""
    for place, name in enumerate(names, start=1):
        mark = someone.tile(name).get_by_role("img", name=f"Hand raised, number {place}", exact=True)
        await expect(mark).to_be_visible()
    await expect(someone.stage.get_by_role("img", name="Hand raised")).to_have_count(len(names))


async def test_hands_reactions_and_push_to_talk(visitors: Visitors, at_browser: AtBrowser) -> None:
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    ann, bob, cyd = [await at_browser(account) for account in accounts]
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)
    for someone in (ann, bob):
        await someone.comes_to(room)
        await someone.enters()
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))

    await bob.page.keyboard.press("h")
    await sees_hands(ann, bob.name)
    await ann.page.keyboard.press("h")
    await sees_hands(bob, f"{bob.name} (you)", ann.name)
    await cyd.comes_to(room)
    await cyd.enters()
    await sees_hands(cyd, bob.name, ann.name)
    await cyd.button("Hand and reactions").click()
    await cyd.button("Raise hand").click()
    told = ann.page.get_by_role("status", name="Call updates")
    await expect(told).to_contain_text(f"{cyd.name} raised a hand (number 3)")
    await (await ann.opens("People")).get_by_role("button", name=f"Lower the hand of {bob.name}").click()
    await expect(bob.page.get_by_role("alertdialog")).to_contain_text("lowered your hand")
    await ann.page.keyboard.press("Escape")
    for someone, own, other in ((ann, f"{ann.name} (you)", cyd.name), (bob, ann.name, cyd.name)):
        await sees_hands(someone, own, other)

    await cyd.page.keyboard.press("e")
    await cyd.button("Applause").press("Enter")
    await expect(ann.tile(cyd.name).locator(".tile-reaction")).to_contain_text("👏")
    await expect(told).to_contain_text(f"{cyd.name}: Applause")
    await expect(ann.tile(cyd.name).locator(".tile-reaction")).to_have_count(0)

    await bob.page.keyboard.press("m")
    await expect(bob.button("Turn microphone on")).to_be_visible()
    await sends(bob.page, "silence")
    await bob.page.keyboard.down(" ")
    await expect(bob.page.get_by_text("You’re heard while you hold Space")).to_be_visible()
    await sends(bob.page, "sound")
    await bob.page.keyboard.up(" ")
    await sends(bob.page, "silence")
    await bob.page.keyboard.down(" ")
    await expect(bob.button("Turn microphone off")).to_be_visible()
    await bob.page.evaluate("window.dispatchEvent(new Event('blur'))")
    await expect(bob.button("Turn microphone on")).to_be_visible()
    await bob.page.keyboard.up(" ")
