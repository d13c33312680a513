"""The lobby prepares the entry: a click sends one message, and nobody notices anything before it."""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

# Resolves when this many connections are open, each with an offer and all of its candidates.
_PREPARED = """
  (wanted) => {
    const open = window.connections.filter(({ signalingState }) => signalingState !== "closed");
    const ready = open.filter(
      ({ localDescription, iceGatheringState }) => localDescription && iceGatheringState === "complete",
    );
    return open.length === wanted && ready.length === wanted;
  }
"""

# Remembers each `div` of the page, and counts what would listen to the microphone.
_WATCHING = """
  window.made = [];
  window.listening = 0;
  const create = document.createElement.bind(document);
  document.createElement = (...given) => {
    const element = create(...given);
    if (element.tagName === "DIV") window.made.push(element);
    return element;
  };
  window.AudioContext = class extends AudioContext {
    constructor(...given) {
      super(...given);
      window.listening++;
    }
  };
"""
_HOLDS_CALL = "window.made.filter((one) => one.parentNode === null && one.querySelector('.call'))"
_SHOWS_PREVIEW_ALONE = """
  () => document.querySelectorAll("video").length === 1 && !document.querySelector(".call")
"""


class Wire:
    """The Socket.IO messages of a page, in their order. It can lose events from the server."""

    def __init__(self, *, loses: tuple[str, ...] = ()) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.received: list[tuple[str, Any]] = []
        self._loses = loses

    async def tap(self, someone: Participant) -> None:
        await someone.page.route_web_socket(re.compile("/socket.io/"), self._between)

    def _between(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def to_server(message: str | bytes) -> None:
            self.sent += _events(message)
            server.send(message)

        def to_page(message: str | bytes) -> None:
            events = _events(message)
            self.received += events
            if not any(event in self._loses for event, _ in events):
                route.send(message)

        route.on_message(to_server)
        server.on_message(to_page)


def _events(message: str | bytes) -> list[tuple[str, Any]]:
    found = re.match(r"42\d*(\[.*)", str(message), re.DOTALL)
    if found is None:
        return []
    name, *arguments = json.loads(found[1])
    return [(name, arguments[0] if arguments else None)]


def _calls(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events if name not in ("share-rooms", "prepare", "call-changed", "username")]


def _offers_of_join(wire: Wire) -> set[tuple[str, str]]:
    """Return to whom the page's joins made offers, with the origins of these (RFC 8866, section 5.2)."""
    offers = [offer for name, join in wire.sent if name == "join" for offer in join["offers"]]
    return {(offer["peerID"], _origin(offer)) for offer in offers}


def _offers(wire: Wire) -> set[tuple[str, str]]:
    """Return all offers that the page made, each once: a page repeats one that is answered late."""
    sent = [signal for name, signal in wire.sent if name == "offer-sdp"]
    offers = [signal for signal in sent if signal["sessionDescription"]["type"] == "offer"]
    return {(offer["peerID"], _origin(offer)) for offer in offers} | _offers_of_join(wire)


def _origin(offer: dict[str, Any]) -> str:
    found = re.search(r"^o=.*$", offer["sessionDescription"]["sdp"], re.MULTILINE)
    assert found
    return found[0].strip()


async def is_prepared(someone: Participant, *others: str) -> None:
    """Wait until the lobby says who is in the call, and has connections for them."""
    names = " and ".join(others)
    verb = "is" if len(others) == 1 else "are"
    await expect(someone.page.get_by_text(f"{names} {verb} in the call.")).to_be_visible()
    await someone.page.wait_for_function(_PREPARED, arg=len(others), polling=50)


async def test_a_click_sends_one_message(visitors: Visitors, at_browser: AtBrowser) -> None:
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd", "dan")]
    ann, bob, cyd, dan = [await at_browser(account) for account in accounts]
    ann_wire, bob_wire, cyd_wire = Wire(), Wire(), Wire(loses=("call-changed",))
    for someone, wire in ((ann, ann_wire), (bob, bob_wire), (cyd, cyd_wire)):
        await wire.tap(someone)
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)
    await ann.comes_to(room)
    await ann.enters()

    await bob.comes_to(room)
    await is_prepared(bob, ann.name)
    await bob.button("Turn camera off").click()
    await bob.button("Turn camera on").click()
    assert _calls(ann_wire.received) == [], "who is in the lobby cannot be noticed"
    await ann.expects()

    await bob.enters()
    await asyncio.gather(ann.expects(bob.name), bob.expects(ann.name))
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
    name, join = next(message for message in bob_wire.sent if message[0] == "join")
    assert [offer["sessionDescription"]["type"] for offer in join["offers"]] == ["offer"], name
    assert "a=candidate:" in join["offers"][0]["sessionDescription"]["sdp"]
    assert _calls(ann_wire.received)[:2] == ["add-peer", "session-description"]
    assert _offers(bob_wire) == _offers_of_join(bob_wire), "the offer was in the join"
    assert await bob.page.evaluate("window.connections.filter((one) => one.localDescription).length") == 1

    await cyd.comes_to(room)
    await is_prepared(cyd, ann.name, bob.name)
    await _peers_who_came_and_went_in_between(ann, bob, cyd, dan, room)
    later = _offers(cyd_wire) - _offers_of_join(cyd_wire)
    assert len(later) == 1, "one to dan, of whom the lobby did not know"


async def _peers_who_came_and_went_in_between(
    ann: Participant, bob: Participant, cyd: Participant, dan: Participant, room: str
) -> None:
    """The news of the call do not reach Cyd's lobby, so what it has prepared is out of date at the click."""
    await bob.leaves()
    await dan.comes_to(room)
    await is_prepared(dan, ann.name)
    await dan.enters()
    await cyd.enters()

    await asyncio.gather(
        ann.expects(cyd.name, dan.name), cyd.expects(ann.name, dan.name), dan.expects(ann.name, cyd.name)
    )
    await asyncio.gather(
        ann.sees_and_hears(cyd.name), cyd.sees_and_hears(ann.name, dan.name), dan.sees_and_hears(cyd.name)
    )
    await cyd.page.wait_for_function(
        "() => window.connections.filter((one) => one.signalingState !== 'closed').length === 2", polling=50
    )


async def test_the_call_is_rendered_ahead_where_nobody_finds_it(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.page.add_init_script(_WATCHING)
    await ann.comes_to(room)
    for _ in range(2):
        await ann.page.wait_for_function(f"() => {_HOLDS_CALL}.length === 1", polling=50)
        await ann.page.wait_for_function(_SHOWS_PREVIEW_ALONE, polling=50)
        await ann.page.wait_for_function("() => window.listening === 1", polling=50)  # the lobby's meter
        await ann.page.evaluate(f"window.ahead = {_HOLDS_CALL}[0]")
        await ann.enters()
        await ann.expects()
        assert await ann.page.evaluate("window.ahead.isConnected"), "what was rendered is what is shown"
        await ann.page.wait_for_function("() => window.listening === 2", polling=50)
        await ann.leaves()
        await ann.page.evaluate("window.listening = 0")
        await ann.button("Enter again").click()
        await expect(ann.button("Enter the room")).to_be_visible()
