"""Ordinary programs of the client libraries that people have, over each transport, in the same call."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from tests.integration.signaling.client import Client
from tests.integration.signaling.programs import Program, RunningProgram, here
from tests.integration.signaling.python import PythonClient
from tests.integration.signaling.town import Town
from tests.people import Person
from tests.servers import ParlourServer
from tests.servers.proxies import RecordingProxy

pytestmark = pytest.mark.database("sqlite")

SDP = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=Grüße 👋\r\nt=0 0\r\n"
CANDIDATE = {
    "candidate": "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "ufrag",
}
REQUESTS = {"websocket": {"websocket"}, "polling": {"polling"}, "upgrade": {"polling", "websocket"}}
"""What the server is asked for, by what a program is told to use."""
SILENCE_SECONDS = 90
"""A line that is cut between two polls says nothing to the server, which finds it within 26 seconds."""


@pytest.fixture
async def ann(server: ParlourServer, town: Town) -> AsyncIterator[Client]:
    """Connected, as the one whom the program meets."""
    person = await town.person("ann")
    client = PythonClient("ann", person)
    client.open(server.address, transport="websocket", auth={"token": person.token}, headers={})
    await client.inbox.take("connect")
    yield client
    await client.close()


@pytest.fixture
async def line(server: ParlourServer) -> AsyncIterator[RecordingProxy]:
    """Between the program and the server."""
    async with RecordingProxy(urlsplit(server.address).port) as proxy:
        yield proxy


@pytest.mark.parametrize("transport", ["websocket", "polling", "upgrade"])
@pytest.mark.parametrize("program", here(), ids=lambda program: program.name)
async def test_a_call(
    program: Program, transport: str, ann: Client, line: RecordingProxy, town: Town
) -> None:
    bob = await town.person("bob")
    room = await town.room(ann.person, bob)
    await ann.joins(room)
    assert bob.token is not None
    async with RunningProgram(program, line.url, transport, bob.token, room) as running:
        await the_program_offers(running, ann, bob)
        await they_chat(running, ann, bob)
        running.has_said_no_more()

        if transport == "polling":
            await line.holds_poll()
        await line.cuts()
        await running.says("lost")
        assert (await ann.gets("remove-peer", SILENCE_SECONDS))["peerUsername"] == bob.username
        line.mends()
        await the_program_offers(running, ann, bob)
        running.may_have_said("trouble")  # it tried while the line was cut

        await ann.may("leave")
        await ann.expects("remove-peer", peerUsername=bob.username)
        await running.says("gone", peer=ann.shown_as)
        await ann.joins(room)
        await the_program_answers(running, ann, bob)

        await ann.may("chat-message", {"message": "bye"})
        await running.says("chat", peer=ann.shown_as, message="bye")
        await running.says("left", ok=True)
        await ann.expects("remove-peer", peerUsername=bob.username)
        await running.says("gone", peer=ann.shown_as)
        await running.says("lost")
        await running.ends()
    asked_for = {
        name for name in ("websocket", "polling") if any(f"transport={name}" in r for r in line.requests)
    }
    assert asked_for == REQUESTS[transport]


async def the_program_offers(running: RunningProgram, ann: Client, bob: Person) -> None:
    met = await ann.expects("add-peer", peerUsername=bob.username, createOffer=False)
    await running.says("joined", ok=True, peers=1)
    await running.says("met", peer=ann.shown_as, createOffer=True)
    await hears(ann, met["peerID"], kind="offer")
    await speaks(running, ann, met["peerID"], kind="answer")


async def the_program_answers(running: RunningProgram, ann: Client, bob: Person) -> None:
    met = await ann.expects("add-peer", peerUsername=bob.username, createOffer=True)
    await running.says("met", peer=ann.shown_as, createOffer=False)
    await speaks(running, ann, met["peerID"], kind="offer")
    await hears(ann, met["peerID"], kind="answer")


async def hears(ann: Client, peer: str, *, kind: str) -> None:
    description = {"type": kind, "sdp": SDP}
    await ann.expects("session-description", peerID=peer, sessionDescription=description)
    await ann.expects("ice-candidate", peerID=peer, iceCandidate=CANDIDATE)


async def speaks(running: RunningProgram, ann: Client, peer: str, *, kind: str) -> None:
    await ann.offers(peer, SDP, kind)
    await running.says("description", peer=ann.shown_as, type=kind, sdp=SDP)
    await ann.may("offer-ice", {"peerID": peer, "iceCandidate": CANDIDATE})
    await running.says("candidate", **CANDIDATE)


async def they_chat(running: RunningProgram, ann: Client, bob: Person) -> None:
    await ann.may("chat-message", {"message": "Grüß dich"})
    await running.says("chat", peer=ann.shown_as, message="Grüß dich")
    await ann.expects("chat-message", username=bob.username, message="Grüß dich 👋")
    await running.says("sent", ok=True)
