"""Every page, in light, dark and on a phone; with `--pictures` as pictures in test-results/screenshots too.

Nothing is wider than the screen, and everything one can press or fill has a name.
"""

import re

import pytest
from playwright.async_api import FilePayload, Page, Request, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.look import Photographer
from tests.e2e.media import paint_screens
from tests.e2e.participant import Participant, room_path, sets
from tests.people import Person, Visitors
from tests.servers.livekit import absent_livekit
from tests.servers.motion import moved

pytestmark = pytest.mark.database("sqlite")


async def test_pages_of_somebody_who_is_new(
    fresh_server: StartServer, at_browser: AtBrowser, photographer: Photographer
) -> None:
    async with Visitors(await fresh_server()) as visitors:
        sam = await at_browser(await visitors.stranger("sam"))
        page = sam.page
        await page.goto("/")
        await expect(sam.heading("No rooms yet")).to_be_visible()
        await photographer.takes(page, "home-of-nobody")

        await page.goto("/register")
        await expect(sam.heading("Sign up")).to_be_visible()
        await photographer.takes(page, "register-client")
        await sam.button("Create account").click()
        await photographer.takes(page, "register-client-errors")
        await page.goto("/register?as=guest")
        await expect(sam.button("Continue as a guest")).to_be_visible()
        await photographer.takes(page, "register-guest")

        await sam.registers()
        await photographer.takes(page, "check-mail")
        await page.goto("/dev/mail")
        await photographer.takes(page, "dev-mail")
        await sam.confirms()
        await photographer.takes(page, "verify-client")
        await page.goto("/verifyguest/no-such-token")
        await expect(sam.heading("This link doesn’t work")).to_be_visible()
        await photographer.takes(page, "verify-failed")
        await page.context.clear_cookies()

        await page.goto("/login")
        await photographer.takes(page, "login")
        await sam.fills_login(password="not mine at all")
        await expect(page.get_by_role("alert")).to_be_visible()
        await photographer.takes(page, "login-refused")
        await page.goto("/nowhere")
        await expect(sam.heading("This page doesn’t exist")).to_be_visible()
        await photographer.takes(page, "not-found")


async def test_pages_of_a_forgotten_password(
    visitors: Visitors, at_browser: AtBrowser, photographer: Photographer
) -> None:
    sam = await at_browser(await visitors.stranger("sam"))
    page = sam.page
    await page.goto("/forgot")
    await sam.field("Email").fill(sam.account.email)
    await photographer.takes(page, "forgot-password")
    await sam.button("Send me a link").click()
    await expect(sam.heading("Check your email")).to_be_visible()
    await photographer.takes(page, "forgot-password-sent")
    await page.goto("/reset/no-such-token")
    await expect(sam.link("Get a new link")).to_be_visible()
    await photographer.takes(page, "reset-refused")


async def test_pages_of_somebody_at_home(
    fresh_server: StartServer, at_browser: AtBrowser, photographer: Photographer
) -> None:
    server = await fresh_server({"PARLOUR_ADMINISTRATORS": "ann@example.org", **absent_livekit()})
    async with Visitors(server) as visitors:
        account, other = await visitors.client("ann", email="ann@example.org"), await visitors.client("bob")
        await _furnish(account, other)
        ann = await at_browser(account)
        page = ann.page
        await ann.logs_in(trust=True)
        await expect(page.get_by_role("region")).to_have_count(3)
        await photographer.takes(page, "home")
        await _opens_account_menu(ann)
        await photographer.takes(page, "account-menu")
        await page.keyboard.press("Escape")
        await ann.button("Manage “Team”").click()
        await photographer.takes(page, "room-menu")
        await page.get_by_role("menuitem", name="Edit room").click()
        await expect(page.get_by_role("dialog", name="Edit room")).to_be_visible()
        await photographer.takes(page, "room-edit")
        await page.keyboard.press("Escape")

        await page.goto("/new")
        await ann.field("Name").fill("Choir rehearsal")
        await ann.field("Invite people (optional)").fill("cyd@example.org, dan@example.org, ")
        await photographer.takes(page, "new-room")
        await page.goto("/profile")
        await expect(page.get_by_role("list", name="Sessions").get_by_role("listitem")).to_have_count(2)
        await photographer.takes(page, "profile")
        await _profile_dialogs(ann, photographer)
        await _checks(ann, photographer)

        await page.goto(room_path("Book club"))
        await expect(ann.field("Room password")).to_be_visible()
        await photographer.takes(page, "room-password")
        await page.goto(room_path("Team"))
        await expect(page.get_by_label("Your camera", exact=True)).to_be_visible()
        await photographer.takes(page, "lobby")
        await ann.button("Check sound and picture").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await photographer.takes(page, "lobby-devices")
        await page.goto(room_path("No such room"))
        await expect(ann.heading("You can’t enter “No such room”")).to_be_visible()
        await photographer.takes(page, "room-closed")


async def test_pages_of_a_call(
    fresh_server: StartServer, at_browser: AtBrowser, photographer: Photographer
) -> None:
    async with Visitors(await fresh_server()) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        ann, bob, cyd = [await at_browser(account) for account in accounts]
        await paint_screens(bob.page)
        event = await ann.account.creates_event("Summer planning")
        await ann.account.invites(bob.account, cyd.account, to=event)

        await ann.comes_to(event)
        await ann.enters()
        await photographer.takes(ann.page, "call-of-1")
        await bob.comes_to(event)
        await bob.enters()
        await ann.sees_and_hears(bob.name)
        await _nothing_moves(ann.page)
        await photographer.takes(ann.page, "call-of-2")
        await cyd.comes_to(event)
        await cyd.enters()
        await ann.sees_and_hears(bob.name, cyd.name)
        await photographer.takes(ann.page, "call-of-3")

        await cyd.button("Turn camera off").click()
        await cyd.button("Turn microphone off").click()
        await expect(ann.face_of(cyd.name)).to_be_visible()
        await _chat(ann, bob, cyd)
        await photographer.takes(ann.page, "call-chat")
        await ann.opens("People")
        await photographer.takes(ann.page, "call-people")
        await ann.page.get_by_role("button", name=re.compile("^Connections")).click()
        await expect(ann.button("Save a report")).to_be_visible()
        await photographer.takes(ann.page, "call-connections")
        await ann.button("Invite").click()
        await expect(ann.page.get_by_role("dialog")).to_contain_text("Invited so far")
        await photographer.takes(ann.page, "call-invite")
        await ann.page.keyboard.press("Escape")
        await ann.button("Attendance").click()
        await expect(ann.page.get_by_role("dialog").get_by_role("listitem")).to_have_count(3)
        await photographer.takes(ann.page, "call-attendance")
        await ann.page.keyboard.press("Escape")
        await cyd.leaves()
        await _call_of_two(ann, bob, photographer)
        await ann.leaves()
        await photographer.takes(ann.page, "call-left")


async def test_pages_of_a_call_in_trouble(
    fresh_server: StartServer, at_browser: AtBrowser, photographer: Photographer
) -> None:
    server = await fresh_server({"PARLOUR_GUEST_TTL": 110})
    async with Visitors(server) as visitors:
        accounts = [await visitors.client("ann"), await visitors.stranger("gus", client=False)]
        ann, gus = [await at_browser(account) for account in accounts]
        room = await ann.account.creates_room("Summer planning")
        await ann.account.invites(gus.account, to=room)
        await ann.comes_to(room)
        await ann.enters()
        await gus.registers()
        await gus.confirms()
        await gus.page.get_by_role("link", name="See the rooms").click()
        await gus.link(room).click()
        await gus.enters()
        await ann.sees_and_hears("Guest")
        warning = gus.page.get_by_role("status", name="Your time as a guest")
        await expect(warning).to_be_visible()
        # On the way here a toast has said the same.
        await expect(gus.page.get_by_role("alertdialog")).to_have_count(0)
        await photographer.takes(gus.page, "call-guest-warning")

        await server.kill()
        await gus.page.evaluate("window.connections.forEach((connection) => connection.close())")
        await expect(ann.page.get_by_text("Your call continues.")).to_be_visible(timeout=15_000)
        await expect(ann.tile("Guest").get_by_role("status")).to_have_text("Reconnecting…")
        await photographer.takes(ann.page, "call-reconnecting")
        await ann.opens("Chat")
        await ann.field("Message").fill("I am still here")
        await ann.field("Message").press("Enter")
        await expect(ann.page.get_by_text("Sending…")).to_be_visible()
        await photographer.takes(ann.page, "call-chat-sending")


async def test_pages_of_a_guest(
    fresh_server: StartServer, at_browser: AtBrowser, photographer: Photographer
) -> None:
    async with Visitors(await fresh_server()) as visitors:
        gus = await at_browser(await visitors.stranger("gus", client=False))
        await gus.registers()
        await gus.confirms()
        await photographer.takes(gus.page, "verify-guest")
        await gus.link("See the rooms").click()
        await gus.expects_to_be_at_home()
        await photographer.takes(gus.page, "home-of-a-guest")
        await gus.button("Account: Guest").click()
        await gus.page.get_by_role("menuitem", name="Profile").click()
        await expect(gus.heading("Guest")).to_be_visible()
        await photographer.takes(gus.page, "profile-of-a-guest")

    async with Visitors(await fresh_server({"PARLOUR_GUEST_TTL": 2})) as visitors:
        gil = await at_browser(await visitors.stranger("gil", client=False))
        await gil.registers()
        await gil.page.goto(f"/verifyguest/{await gil.account.reads_link()}")
        await photographer.takes(gil.page, "verify-guest-asked")
        await gil.button("Join as a guest").click()
        await expect(gil.heading("Your time as a guest is over")).to_be_visible(timeout=15_000)
        await photographer.takes(gil.page, "guest-ended")


async def test_the_api_docs_ask_no_other_server(
    fresh_server: StartServer, at_browser: AtBrowser, photographer: Photographer
) -> None:
    """A megabyte of script runs in one piece before it shows anything. How long that takes depends on the
    machine alone, so it is waited for without an end: that of a test that hangs is the run's.
    """
    server = await fresh_server()
    async with Visitors(server) as visitors:
        sam = await at_browser(await visitors.stranger("sam"))
        asked: list[str] = []

        def note(request: Request) -> None:
            asked.append(request.url)

        sam.page.on("request", note)
        await sam.page.goto("/docs", timeout=0)
        await sam.heading("Parlour").wait_for(timeout=0)
        await sam.page.get_by_text("/room/access").first.wait_for(timeout=0)
        await photographer.takes(sam.page, "docs", audited=False)  # the page is Swagger's
        own = (f"{server.url}/", "data:", "blob:")
        assert asked and not [url for url in asked if not url.startswith(own)]


async def _furnish(ann: Person, bob: Person) -> None:
    """Rooms of every kind."""
    await ann.creates_room("Team", description="Every morning at half past nine, a quarter of an hour")
    await ann.creates_event("Board meeting")
    await bob.creates_room("Book club", description="This month: a novel by somebody from the north")
    await bob.creates_room("A room whose name is so long that it cannot stand in one line")
    event = await bob.creates_event("Summer concert")
    await bob.invites(ann, to=event)


async def _profile_dialogs(ann: Participant, photographer: Photographer) -> None:
    for dialog in ("Change password", "Change email", "Delete account"):
        await ann.button(dialog).click()
        await expect(ann.page.get_by_role("dialog")).to_be_visible()
        await photographer.takes(ann.page, f"profile-{dialog.lower().replace(' ', '-')}")
        await ann.page.keyboard.press("Escape")


async def _checks(ann: Participant, photographer: Photographer) -> None:
    """The check before a call, on a server without a relay, and that of the server."""
    page = ann.page
    await page.goto("/check")
    await ann.button("Start the check").click()
    await expect(ann.button("Save a report")).to_be_visible()
    ways = page.get_by_role("listitem").filter(has=ann.heading("Ways through the network"))
    await expect(ways).to_contain_text("This server has no relay")
    await photographer.takes(page, "check")
    await ann.link("Check the server").click()
    await ann.button("Start the check").click()
    await expect(page.get_by_text("Last checked")).to_be_visible()
    await photographer.takes(page, "doctor")


async def _opens_account_menu(ann: Participant) -> None:
    await ann.button(f"Account: {ann.name}").click()
    await expect(ann.page.get_by_role("menuitem", name="Profile")).to_be_visible()


async def _chat(ann: Participant, bob: Participant, cyd: Participant) -> None:
    await bob.account.writes("Good morning! Are the slides ready?", to="Summer planning")
    await cyd.account.writes(
        "Nearly: https://example.org/slides/summer-planning-with-everybody",
        to="Summer planning",
    )
    await ann.opens("Chat")
    await expect(ann.page.get_by_role("log").get_by_role("link")).to_be_visible()
    await ann.writes("Wonderful, thank you both!")


async def _call_of_two(ann: Participant, bob: Participant, photographer: Photographer) -> None:
    """What may stand on the stage, over it and beside it. What bob does, ann sees."""
    await ann.expects(bob.name)
    await _on_the_stage(ann, bob, photographer)
    await _over_the_call(ann, bob, photographer)
    await _in_the_chat(ann, bob, photographer)


async def _on_the_stage(ann: Participant, bob: Participant, photographer: Photographer) -> None:
    page = ann.page
    await ann.tile(bob.name).hover()
    await ann.button(f"Pin {bob.name}").click()
    await bob.page.keyboard.press("h")
    await expect(ann.tile(bob.name).get_by_role("img", name="Hand raised, number 1")).to_be_visible()
    await ann.button("Hand and reactions").click()
    await photographer.takes(page, "call-pinned-with-a-hand")
    await page.keyboard.press("Escape")
    await ann.button(f"Pin {bob.name}").click()

    await bob.button("Share screen").click()
    await expect(bob.button("Stop sharing")).to_be_visible()
    await bob.button("Screen sharing options").click()
    await bob.page.get_by_role("menuitem", name="Share another screen").click()
    await expect(ann.tile(f"Screen 2 of {bob.name}").locator("video")).to_be_visible()
    await photographer.takes(page, "call-screens")
    await page.keyboard.press("g")
    await photographer.takes(page, "call-speaker-view")
    await page.keyboard.press("g")
    await bob.button("Stop sharing").click()


async def _over_the_call(ann: Participant, bob: Participant, photographer: Photographer) -> None:
    """At last the call is recorded."""
    page = ann.page
    for name, item in (("settings", "Settings"), ("shortcuts", "Keyboard shortcuts")):
        await ann.button("More options").click()
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog", name=item)).to_be_visible()
        await photographer.takes(page, f"call-{name}")
        await page.keyboard.press("Escape")
    await bob.button("Record").click()
    await sets(bob.page.get_by_role("radio", name="The whole call"))
    await bob.button("Start recording").click()
    mark = page.get_by_role("img", name=f"This call is being recorded by {bob.name}.")
    await expect(mark).to_be_visible()
    await ann.button("Choose microphone").click()
    await photographer.takes(page, "call-recorded-and-microphones")
    await page.keyboard.press("Escape")
    await bob.button("Stop recording").click()
    await expect(mark).to_have_count(0)


async def _in_the_chat(ann: Participant, bob: Participant, photographer: Photographer) -> None:
    page = ann.page
    await bob.opens("Chat")
    async with bob.page.expect_file_chooser() as choosing:
        await bob.button("Send files").click()
    await (await choosing.value).set_files(
        FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"noon")
    )
    await ann.opens("Chat")
    await expect(ann.button("Accept")).to_be_visible()
    answered = page.get_by_role("log").get_by_role("article").first
    await answered.hover()
    await answered.get_by_role("button", name="Options for").click()
    await page.get_by_role("menuitem", name="Reply").click()
    await ann.field("Message").fill("Then we begin at noon")
    await ann.field("Message").press("Enter")
    await expect(page.get_by_role("log").get_by_role("button", name="Reply to:")).to_be_visible()
    stored = page.get_by_role("log").get_by_role("article").filter(has_text="Then we begin at noon")
    await expect(stored.get_by_role("button", name="Options for")).to_be_attached()
    await page.keyboard.press("ArrowUp")
    await expect(ann.field("Edited message")).to_be_visible()
    await photographer.takes(page, "call-chat-reply-edit-and-file")
    await page.keyboard.press("Escape")


async def _nothing_moves(page: Page) -> None:
    """The controls of a call stay where they are, with a CPU six times as slow, too."""
    await page.emulate_media(reduced_motion="no-preference")
    browser = await page.context.new_cdp_session(page)
    for slowness in (1, 6):
        await browser.send("Emulation.setCPUThrottlingRate", {"rate": slowness})
        assert await moved(page, still="footer, .call-bar") == []
    await browser.send("Emulation.setCPUThrottlingRate", {"rate": 1})
