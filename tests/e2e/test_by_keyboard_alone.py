"""The whole story without a mouse: all is done by keys, and the focus is seen wherever it goes."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, expect

from tests.conftest import StartServer, Unique
from tests.e2e.conftest import AtBrowser
from tests.e2e.focus import Keyboard
from tests.e2e.participant import Participant
from tests.people import ROOM_PASSWORD, Visitors

pytestmark = pytest.mark.database("sqlite")

_TOOLBAR = (
    "Turn microphone on",
    "Choose microphone",
    "Turn camera on",
    "Choose camera",
    "Share screen",
    "Screen sharing options",
    "Hand and reactions",
    "People",
    "Chat",
    "More options",
    "Leave",
)


@pytest.fixture
async def visitors(fresh_server: StartServer) -> AsyncIterator[Visitors]:
    """At a server of their own: on home, Tab takes one past each room that others have created."""
    async with Visitors(await fresh_server()) as visitors:
        yield visitors


async def test_from_registering_to_logging_out(
    visitors: Visitors, at_browser: AtBrowser, unique: Unique
) -> None:
    ann = await at_browser(await visitors.stranger("ann"))
    bob = await at_browser(await visitors.client("bob"))
    keyboard, room = Keyboard(ann.page), unique("Kitchen")
    await _registers(ann, keyboard)
    await _logs_out(ann, keyboard)
    await _logs_in(ann, keyboard)
    await _creates_room(ann, keyboard, room)

    await bob.account.enters(room)
    await bob.comes_to(room)
    await bob.enters()
    await _enters_without_camera(ann, keyboard)
    await ann.expects(bob.name)
    await _invites(ann, keyboard)
    await _mutes_and_walks_along_the_controls(ann, keyboard, bob)
    await _raises_a_hand(ann, keyboard, bob)
    await _chats(ann, keyboard, bob, room)
    await _reads_the_shortcuts(ann, keyboard)
    await keyboard.goes_to(ann.button("Leave"), by="ArrowRight")
    await keyboard.presses("Enter")
    await expect(ann.heading(re.compile("^You left"))).to_be_visible()
    await _logs_out(ann, keyboard)


async def _registers(ann: Participant, keyboard: Keyboard) -> None:
    await ann.page.goto("/")
    await keyboard.goes_to(ann.link("Sign up"))
    await keyboard.presses("Enter")
    await expect(ann.heading("Sign up")).to_be_visible()
    for label, value in (
        ("Email", ann.account.email),
        ("Username", ann.name),
        ("Password", ann.account.password),
    ):
        await keyboard.goes_to(ann.field(label))
        await keyboard.types(value)
    await keyboard.presses("Enter")
    await expect(ann.heading("Check your email")).to_be_visible()
    await ann.page.goto(f"/verifyclient/{await ann.account.reads_link()}")
    await keyboard.goes_to(ann.button("Confirm my address"))
    await keyboard.presses("Enter")
    await expect(ann.heading("Your address is confirmed")).to_be_visible()


async def _logs_out(ann: Participant, keyboard: Keyboard) -> None:
    await keyboard.goes_to(ann.button(f"Account: {ann.name}"))
    await keyboard.presses("Enter")
    await expect(ann.page.get_by_role("menuitem", name="Profile")).to_be_focused()
    await keyboard.goes_to(ann.page.get_by_role("menuitem", name="Log out"), by="ArrowDown")
    await keyboard.presses("Enter")
    await ann.expects_to_be_nobody()


async def _logs_in(ann: Participant, keyboard: Keyboard) -> None:
    await keyboard.goes_to(ann.link("Log in"))
    await keyboard.presses("Enter")
    await keyboard.goes_to(ann.field("Username or email"), by="Shift+Tab")
    await expect(ann.field("Username or email")).to_have_value(ann.name)
    await keyboard.goes_to(ann.field("Password"))
    await keyboard.types(ann.account.password)
    trust = ann.page.get_by_role("checkbox", name="Trust this computer")
    await keyboard.goes_to(trust)
    await keyboard.presses("Space")
    await expect(trust).to_be_checked()
    await keyboard.goes_to(ann.button("Log in"))
    await keyboard.presses("Enter")
    await ann.expects_to_be_logged_in()
    await ann.expects_to_be_at_home()


async def _creates_room(ann: Participant, keyboard: Keyboard, room: str) -> None:
    await keyboard.goes_to(ann.link("New room"))
    await keyboard.presses("Enter")
    await expect(ann.field("Name")).to_be_focused()
    await keyboard.types(room)
    await keyboard.goes_to(ann.field("Room password"))
    await keyboard.types(ROOM_PASSWORD)
    await keyboard.goes_to(ann.button("Create room"))
    await keyboard.presses("Enter")
    await expect(ann.heading(room)).to_be_visible()


async def _enters_without_camera(ann: Participant, keyboard: Keyboard) -> None:
    await expect(ann.button("Enter the room")).to_be_focused()
    await keyboard.goes_to(ann.button("Turn camera off"), by="Shift+Tab")
    await keyboard.presses("Space")
    await expect(ann.button("Turn camera on")).to_be_focused()
    await keyboard.goes_to(ann.button("Enter the room"))
    await keyboard.presses("Enter")
    await expect(ann.page.get_by_role("timer", name="Time in the call")).to_be_visible()


async def _invites(ann: Participant, keyboard: Keyboard) -> None:
    await keyboard.goes_to(ann.button("Invite"))
    await keyboard.presses("Enter")
    dialog = ann.page.get_by_role("dialog", name="Invite people")
    await keyboard.goes_to(dialog.get_by_label("Email addresses"))
    await keyboard.types("eve@example.org,")
    await expect(dialog.get_by_role("button", name="Remove eve@example.org")).to_be_visible()
    await keyboard.goes_to(dialog.get_by_role("button", name="Send invitations"))
    await keyboard.presses("Enter")
    await expect(dialog).to_contain_text("Invited: eve@example.org")
    # The button is disabled now, and the dialog as a whole has the focus.
    await expect(dialog).to_be_focused()
    await keyboard.presses("Escape")
    await expect(dialog).to_have_count(0)
    await expect(ann.button("Invite")).to_be_focused()


async def _mutes_and_walks_along_the_controls(ann: Participant, keyboard: Keyboard, bob: Participant) -> None:
    """The controls are one stop of the Tab key; the arrow keys go from one to the next, and to both ends."""
    await keyboard.goes_to(ann.button("Turn microphone off"))
    await keyboard.presses("Space")
    await expect(ann.button("Turn microphone on")).to_be_focused()
    await expect(bob.tile(ann.name).get_by_role("img", name="Microphone off")).to_be_visible()
    walked = [await keyboard.focused()]
    for _ in _TOOLBAR[1:]:
        await keyboard.presses("ArrowRight")
        walked.append(await keyboard.focused())
    assert tuple(walked) == _TOOLBAR
    await keyboard.presses("Shift+Tab")
    assert await keyboard.focused() not in _TOOLBAR
    await keyboard.presses("Tab")
    assert await keyboard.focused() == _TOOLBAR[-1]


async def _raises_a_hand(ann: Participant, keyboard: Keyboard, bob: Participant) -> None:
    await keyboard.goes_to(ann.button("Hand and reactions"), by="ArrowLeft")
    await keyboard.presses("Enter")
    await expect(ann.button("Raise hand")).to_be_focused()
    await keyboard.presses("Enter")
    await expect(ann.button("Hand and reactions, your hand is up")).to_be_focused()
    await expect(bob.tile(ann.name).get_by_role("img", name="Hand raised, number 1")).to_be_visible()


async def _chats(ann: Participant, keyboard: Keyboard, bob: Participant, room: str) -> None:
    await keyboard.goes_to(ann.button("Chat"), by="ArrowRight")
    await keyboard.presses("Enter")
    await expect(ann.field("Message")).to_be_focused()
    await bob.account.writes("When do we begin?", to=room)
    question = _message(ann, "When do we begin?")
    await keyboard.goes_to(question.get_by_role("button", name="Options for"), by="Shift+Tab")
    await keyboard.presses("Enter")
    await expect(ann.page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await keyboard.presses("Enter")
    await expect(ann.field("Message")).to_be_focused()
    await keyboard.types("At noo")
    await keyboard.goes_to(ann.button("Send"))
    await keyboard.presses("Enter")
    await expect(ann.field("Message")).to_be_focused()
    await expect(_message(ann, "At noo").get_by_role("button", name="Reply to:")).to_be_visible()
    await expect(_message(ann, "At noo").get_by_role("button", name="Options for")).to_be_attached()
    await keyboard.presses("ArrowUp")
    await expect(ann.field("Edited message")).to_have_value("At noo")
    await keyboard.presses("End")
    await keyboard.types("n")
    await keyboard.presses("Enter")
    await expect(_message(ann, "At noon")).to_contain_text("Edited")
    await expect(ann.field("Message")).to_be_focused()
    await keyboard.presses("Escape")
    await expect(ann.button("Chat")).to_be_focused()


async def _reads_the_shortcuts(ann: Participant, keyboard: Keyboard) -> None:
    await keyboard.presses("?")
    sheet = ann.page.get_by_role("dialog", name="Keyboard shortcuts")
    await keyboard.goes_to(sheet.get_by_role("switch", name="Use single keys"))
    await keyboard.presses("Escape")
    await expect(sheet).to_have_count(0)
    await expect(ann.button("Chat")).to_be_focused()


def _message(reader: Participant, text: str) -> Locator:
    log = reader.page.get_by_role("log", name="Messages")
    return log.get_by_role("article").filter(has=reader.page.get_by_text(text, exact=True))
