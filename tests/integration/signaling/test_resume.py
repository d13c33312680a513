"""A visit outlives its connection: the same peer, nothing lost, nothing twice, and no ghosts."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.http.storage import end_time_of
from tests.integration.signaling.member import Member
from tests.integration.signaling.resuming_client import ResumingClient, candidate, introduced
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.stopwatch import Stopwatch

pytestmark = pytest.mark.database("sqlite")

Meeting = Callable[..., Awaitable[list[ResumingClient]]]
AMPLE, SHORT = 30, 4
"""Seconds: time to come back, however busy the machine is; and a grace whose end is waited for."""
LATE = 5.0
"""What a busy machine adds until it is seen here that a visit is over."""
short_grace = pytest.mark.parametrize("grace", [SHORT])


@pytest.fixture
def grace() -> int:
    return AMPLE


@pytest.fixture
async def parlour(fresh_server: StartServer, grace: int) -> ParlourServer:
    return await fresh_server({"PARLOUR_RESUME_GRACE": grace})


@pytest.fixture
async def meeting(parlour: ParlourServer) -> AsyncIterator[Meeting]:
    """`await meeting("ann", "bob")`: in a call of a new room, and introduced."""
    async with AsyncExitStack() as ending:
        people = await ending.enter_async_context(Visitors(parlour))

        async def meet(*names: str, event: bool = False) -> list[ResumingClient]:
            persons = list(await asyncio.gather(*(people.client(name) for name in names)))
            room = await (persons[0].creates_event() if event else persons[0].creates_room())
            if len(persons) > 1:
                await persons[0].invites(*persons[1:], to=room)
            visitors = [await ending.enter_async_context(ResumingClient(person, room)) for person in persons]
            for position, visitor in enumerate(visitors):
                await visitor.joins()
                await introduced(visitor, *visitors[:position])
            return visitors

        yield meet


async def test_a_join_whose_answer_was_lost_leaves_one_visit(meeting: Meeting) -> None:
    """Its client says the same attempt again, on another line; the server takes the first one for alive."""
    ann, bob = await meeting("ann", "bob")
    assert (await ann.socket.asks('["leave"]'))["ok"]
    await bob.hears("remove-peer", peerID=ann.peer_id)
    ann.token = None
    first = (await ann.joins(attempt="Ab-3_d"))["peerID"]
    line, ann.token = ann.hangs(), None
    assert (await ann.joins(attempt="Ab-3_d"))["resumed"] is False
    await bob.hears("add-peer", peerID=first, createOffer=False)
    await bob.hears("remove-peer", peerID=first)
    await introduced(ann, bob)
    await line.expects_close()
    await ann.reaches(bob, "1")

    first, _, ann.token = ann.peer_id, ann.hangs(), None
    answer = await ann.joins(attempt="another")
    assert [peer["peerID"] for peer in answer["peers"]] == [bob.peer_id, first]


async def test_the_same_peer_and_everything_that_was_sent_meanwhile(meeting: Meeting) -> None:
    ann, bob, carl = await meeting("ann", "bob", "carl")
    before = bob.peer_id
    assert bob.answer["grace"] == AMPLE
    assert bob.answer["resumed"] is False and bob.answer["received"] == 0
    assert bob.answer["topology"] == "mesh"
    await bob.reaches(ann, "one")
    bob.breaks()
    for number in range(20):
        sender = (ann, carl)[number % 2]
        assert (await sender.proposes(bob, f"meanwhile {number}"))["ok"] is True
    answer = await bob.joins()
    assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, before, 1)
    assert {entry["peerID"] for entry in answer["peers"]} == {ann.peer_id, carl.peer_id}
    for number in range(20):
        await bob.hears("ice-candidate", iceCandidate=candidate(f"meanwhile {number}"))
    for one, other in ((ann, bob), (bob, ann), (carl, bob), (bob, carl), (ann, carl)):
        await one.reaches(other, "nobody saw anything")


async def test_what_was_lost_on_the_way_comes_again(meeting: Meeting) -> None:
    """Messages go to a line that is dead already, and the client says how far it got."""
    ann, bob = await meeting("ann", "bob")
    await ann.reaches(bob, "one")
    dead = bob.hangs()
    for text in ("two", "three"):
        assert (await ann.proposes(bob, text))["ok"] is True
    await bob.joins()
    for text in ("two", "three"):
        await bob.hears("ice-candidate", iceCandidate=candidate(text))
    await ann.reaches(bob, "four")
    frames = await dead.expects_close()
    assert frames[-1] == "41", "the old connection is told not to come back"

    former, bob.received = bob.token, 1_000
    bob.hangs()
    assert (await bob.joins())["received"] is None, "the counts begin anew"
    for text in ("five", "six"):
        assert (await ann.proposes(bob, text))["ok"] is True
    bob.hangs()
    bob.token, bob.received = former, 1
    assert (await bob.joins())["received"] is None, "the answer was lost, so the count is that from before"
    await ann.reaches(bob, "seven")


async def test_who_came_and_went_meanwhile(meeting: Meeting) -> None:
    ann, bob, carl = await meeting("ann", "bob", "carl")
    bob.breaks()
    await carl.socket.asks('["leave"]')
    await ann.hears("remove-peer", peerID=carl.peer_id)
    async with ResumingClient(carl.person, ann.room) as again:
        await again.joins()
        await ann.hears("add-peer", peerID=again.peer_id)
        await again.hears("add-peer", peerID=ann.peer_id)
        await again.hears("add-peer", peerID=bob.peer_id, createOffer=True)
        await again.proposes(bob, "an offer to one who is away")
        await bob.joins()
        await bob.hears("remove-peer", peerID=carl.peer_id)
        await bob.hears("add-peer", peerID=again.peer_id, createOffer=False)
        await bob.hears("ice-candidate", iceCandidate=candidate("an offer to one who is away"))
        await bob.reaches(again, "and back")


@short_grace
async def test_after_the_grace_it_is_over(meeting: Meeting, parlour: ParlourServer) -> None:
    ann, bob = await meeting("ann", "bob")
    before = bob.peer_id
    bob.breaks()
    begun = time.monotonic()
    async with Stopwatch(parlour.pid) as watch:
        await ann.hears("remove-peer", peerID=before)
    assert time.monotonic() - begun >= SHORT * 0.9
    assert watch.seconds < SHORT + LATE, str(watch)
    answer = await bob.joins()
    assert answer["resumed"] is False
    assert answer["peerID"] != before
    await introduced(bob, ann)
    await ann.reaches(bob, "again")


async def test_leaving_ends_the_visit_at_once(meeting: Meeting) -> None:
    ann, bob = await meeting("ann", "bob")
    before = bob.peer_id
    await bob.socket.asks('["leave"]')
    await ann.hears("remove-peer", peerID=before)
    assert (await bob.joins())["resumed"] is False
    assert bob.peer_id != before


async def test_who_does_not_ask_for_it_is_removed_at_once(meeting: Meeting, parlour: ParlourServer) -> None:
    ann, bob = await meeting("ann", "bob")
    async with ResumingClient(bob.person, ann.room) as plain:
        await plain.connects()
        answer = await plain.socket.asks(json.dumps(["join", {"room": ann.room}]))
        assert answer.keys() == {"ok", "room", "peerID", "peers"}
        for other in (ann, bob):
            await other.hears("add-peer", peerID=answer["peerID"])
        async with Stopwatch(parlour.pid) as watch:
            plain.breaks()
            for other in (ann, bob):
                await other.hears("remove-peer", peerID=answer["peerID"])
        assert watch.seconds < AMPLE / 2, str(watch)


@pytest.mark.parametrize("whose", ["forged", "another person's", "another room's"])
async def test_a_token_that_does_not_count_is_no_error(meeting: Meeting, whose: str) -> None:
    ann, bob = await meeting("ann", "bob")
    [elsewhere] = await meeting("carl")
    token = {
        "forged": f"{(bob.token or '')[:-8]}AAAAAAAA",
        "another person's": ann.token,
        "another room's": elsewhere.token,
    }[whose]
    bob.breaks()
    before, bob.token = bob.peer_id, token
    assert (await bob.joins())["resumed"] is False
    assert bob.peer_id not in (before, ann.peer_id, elsewhere.peer_id)
    await ann.hears("add-peer", peerID=bob.peer_id, createOffer=False)


async def test_a_crash_touches_nobody_who_comes_back(meeting: Meeting, parlour: ParlourServer) -> None:
    ann, bob, carl = people = await meeting("ann", "bob", "carl")
    before = [one.peer_id for one in people]
    await parlour.kill()
    await parlour.start()
    for one in people:
        one.breaks()
        answer = await one.joins()
        assert (answer["resumed"], answer["received"]) == (True, None)
    assert [one.peer_id for one in people] == before
    for one in people:
        for other in people:
            if one is not other:
                await one.reaches(other, "nobody was told anything")
    bob.breaks()
    assert (await bob.joins())["received"] == 2, "counted anew"
    assert (carl.known, ann.known) == ({ann.peer_id, bob.peer_id}, {bob.peer_id, carl.peer_id})


async def test_a_pair_that_formed_meanwhile_is_introduced(meeting: Meeting, parlour: ParlourServer) -> None:
    """Of which one side knows nothing: the server died between the two messages."""
    ann, bob = await meeting("ann", "bob")
    await parlour.kill()
    await parlour.start()
    bob.known.clear()
    for one in (ann, bob):
        one.breaks()
        await one.joins()
    await introduced(bob, ann)
    await ann.reaches(bob, "again")


@short_grace
async def test_no_ghost_after_a_crash(meeting: Meeting, parlour: ParlourServer) -> None:
    ann, bob, carl = await meeting("ann", "bob", "carl")
    await parlour.kill()
    await parlour.start()
    for one in (ann, bob):
        one.breaks()
        answer = await one.joins()
        assert carl.peer_id not in {entry["peerID"] for entry in answer["peers"]}
    async with Stopwatch(parlour.pid) as watch:
        await ann.reaches(bob, "while carl is waited for")
        for one in (ann, bob):
            await one.hears("remove-peer", peerID=carl.peer_id)
    assert watch.seconds < SHORT + LATE, str(watch)
    await ann.reaches(bob, "without him")


async def test_a_visit_that_ended_does_not_return_after_a_crash_twice(
    meeting: Meeting, parlour: ParlourServer
) -> None:
    [ann] = await meeting("ann")
    await parlour.kill()
    await parlour.start()
    ann.breaks()
    token, before = ann.token, ann.peer_id
    assert (await ann.joins())["peerID"] == before
    await ann.socket.asks('["leave"]')
    ann.token = token
    assert (await ann.joins())["resumed"] is False


async def test_a_server_that_ends_says_so(meeting: Meeting, parlour: ParlourServer) -> None:
    ann, bob = await meeting("ann", "bob")
    async with Stopwatch(parlour.pid) as watch:
        ending = asyncio.create_task(parlour.terminate())
        for one in (ann, bob):
            assert await one.socket.expects_event("restarting") == {}
            assert await one.socket.expects_close() == [], "and nothing about the others"
        await ending
    assert watch.seconds < 5, str(watch)
    await parlour.start()
    for one in (ann, bob):
        one.breaks()
        assert (await one.joins())["resumed"] is True
    await ann.reaches(bob, "nothing happened")


async def test_the_end_of_a_session_ends_its_visits(fresh_server: StartServer) -> None:
    """A guest who is away when the time is over is gone then."""
    parlour = await fresh_server({"PARLOUR_RESUME_GRACE": 600})
    async with Visitors(parlour) as people, AsyncExitStack() as ending:
        creator: Person = await people.client("ann")
        room = await creator.creates_room()
        guest = await people.guest("gus")
        await creator.invites(guest, to=room)
        ann, gus = [await ending.enter_async_context(ResumingClient(one, room)) for one in (creator, guest)]
        await ann.joins()
        await gus.joins()
        await introduced(gus, ann)
        gus.breaks()
        await end_time_of(guest)
        await ann.hears("remove-peer", peerID=gus.peer_id)


@short_grace
async def test_a_dead_line_is_found_within_half_a_minute(parlour: ParlourServer) -> None:
    """Two computers lost their power: the lines stand, and nobody answers. Carl's visit could be resumed."""
    async with Visitors(parlour) as people:
        changed = asyncio.Event()
        persons = [await people.client(name) for name in ("ann", "bob", "carl")]
        room = await persons[0].creates_room()
        await persons[0].invites(*persons[1:], to=room)
        ann = Member(persons[0], room, changed)
        await ann.joins(resumable=False)

        async def sees(*peers: str) -> None:
            while ann.view != set(peers):
                changed.clear()
                await changed.wait()

        async with ResumingClient(persons[1], room) as bob, ResumingClient(persons[2], room) as carl:
            async with asyncio.timeout(60), Stopwatch(parlour.pid) as until_carl_left:
                async with Stopwatch(parlour.pid) as until_bob_left:
                    await bob.joins(resumable=False)
                    await carl.joins(resumable=True)
                    await sees(bob.peer_id, carl.peer_id)
                    await sees(carl.peer_id)
                await sees()
            assert until_bob_left.seconds < 30, str(until_bob_left)
            assert until_carl_left.seconds < 30 + SHORT, str(until_carl_left)
        await ann.aclose()


async def ends(visitor: ResumingClient, token: str | None) -> None:
    """Say on the connection of `visitor` that the visit of `token` was left."""
    answer = await visitor.socket.asks(json.dumps(["end-visit", {"resume": token}]))
    assert answer["ok"] is True, answer


@pytest.mark.parametrize("line", ["broken", "dead and not noticed", "never lost"])
async def test_a_visit_that_was_left_without_a_connection_ends_when_that_is_said(
    meeting: Meeting, line: str
) -> None:
    """On the next connection, before it joins: nobody sees a former self."""
    ann, bob = await meeting("ann", "bob")
    before, token = bob.peer_id, bob.token
    match line:
        case "broken":
            bob.breaks()
        case "dead and not noticed":
            bob.hangs()
        case _:
            pass
    bob.token = None
    if line != "never lost":
        await bob.connects()
    await ends(bob, token)
    await ann.hears("remove-peer", peerID=before)
    assert (await bob.joins())["resumed"] is False
    assert bob.peer_id != before
    assert [peer["peerID"] for peer in bob.answer["peers"]] == [ann.peer_id]
    await introduced(bob, ann)
    await ends(bob, token)
    await ann.reaches(bob, "a visit ends once")


async def test_nobody_ends_the_visit_of_another_person(meeting: Meeting) -> None:
    ann, bob = await meeting("ann", "bob")
    for token in (bob.token, f"{(ann.token or '')[:-8]}AAAAAAAA", ""):
        await ends(ann, token)
    await ann.reaches(bob, "still there")
    await bob.reaches(ann, "still there")


async def test_another_visit_of_the_same_person_stays(meeting: Meeting) -> None:
    """Two computers: what one of them left does not end what the other one began."""
    ann, bob = await meeting("ann", "bob")
    async with ResumingClient(bob.person, ann.room) as second:
        await second.joins()
        await introduced(second, ann, bob)
        before, token = bob.peer_id, bob.token
        bob.breaks()
        await ends(second, token)
        await ann.hears("remove-peer", peerID=before)
        await ann.reaches(second, "still there")


async def test_who_left_while_the_server_was_away_is_gone_at_once(
    meeting: Meeting, parlour: ParlourServer
) -> None:
    """Those who come back, before or after, do not wait for them, and their visit does not return."""
    ann, bob, carl = await meeting("ann", "bob", "carl")
    before, token = bob.peer_id, bob.token
    await parlour.kill()
    await parlour.start()
    for visitor in (ann, bob, carl):
        visitor.hangs()
    assert (await ann.joins())["resumed"] is True
    await bob.connects()
    async with Stopwatch(parlour.pid) as watch:
        await ends(bob, token)
        await ann.hears("remove-peer", peerID=before)
        assert (await carl.joins())["resumed"] is True
        await carl.hears("remove-peer", peerID=before)
    assert watch.seconds < AMPLE / 2, str(watch)
    bob.token = token
    assert (await bob.joins())["resumed"] is False
    await introduced(bob, ann, carl)
