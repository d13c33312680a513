"""Every cell of the policy's table over Socket.IO, and removal from a call."""

import asyncio

import pytest

from parlour.rooms.access import RoomKind
from parlour.rooms.policy import Action, Role, refusal
from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect, Peers, Raw
from tests.integration.signaling.town import Town
from tests.people import Person

pytestmark = pytest.mark.kinds("js-websocket")


async def cast(town: Town, *, is_event: bool) -> tuple[dict[Role, Person], str]:
    creator = await town.person("walk-creator")
    people = {
        Role.GUEST: await town.guest(),
        Role.CLIENT: await town.person("walk-client"),
        Role.ADMITTED: await town.person("walk-admitted"),
        Role.INVITEE: await town.person("walk-invitee"),
        Role.BANNED: await town.person("walk-banned"),
        Role.CREATOR: creator,
    }
    room = await town.room(creator, people[Role.INVITEE], people[Role.BANNED])
    await people[Role.ADMITTED].enters(room)
    if is_event:
        await creator.makes_event(room)
    await creator.bans(people[Role.BANNED].email, room)
    return people, room


def code(action: Action, role: Role, *, is_event: bool) -> str | None:
    refused = refusal(action, {role}, RoomKind.EVENT if is_event else RoomKind.FREE)
    return None if refused is None else refused.code


@pytest.mark.parametrize("is_event", [False, True], ids=["free", "event"])
async def test_every_cell_over_socket_io(town: Town, connect: Connect, *, is_event: bool) -> None:
    people, room = await cast(town, is_event=is_event)
    victim = await connect(people[Role.INVITEE])
    await victim.joins(room)
    for role, person in people.items():
        client = await connect(person)
        if code(Action.SEE, role, is_event=is_event) is None:
            await client.expects_rooms(room)
        else:
            assert room not in (await client.expects("share-rooms"))["rooms"]
        enter = code(Action.ENTER, role, is_event=is_event)
        if enter is None:
            await client.joins(room)
            await _walk_inside(client, victim, role, is_event=is_event)
        else:
            await client.may_not("join", {"room": room}, code=enter)
            await _walk_outside(client, victim)
        await client.close()


async def _walk_inside(client: Client, victim: Client, role: Role, *, is_event: bool) -> None:
    assert code(Action.WRITE, role, is_event=is_event) is None
    await client.may("chat-message", {"message": "hello"})
    answer = await victim.may("chat-message", {"message": "of the victim"})
    removal = {"message_id": answer["message"]["message_id"]}
    if (refused := code(Action.REMOVE_MESSAGE, role, is_event=is_event)) is None:
        await client.may("remove-message", removal)
    else:
        await client.may_not("remove-message", removal, code=refused)
    record = code(Action.RECORD, role, is_event=is_event) or "recording_needs_sfu"
    await client.may_not("start-recording", code=record)
    stop = code(Action.RECORD, role, is_event=is_event) or "not_recorded"
    await client.may_not("stop-recording", code=stop)
    consent = {"recordingID": "8b1f6c1e-63b5-4c4e-9d0a-0e4f7f2a9f10"}
    await client.may_not("consent-to-recording", consent, code="not_recorded")
    ban = code(Action.BAN, role, is_event=is_event)
    if ban is None:
        await client.may("ban-peer", {"peerID": victim.peer_id})
    else:
        await client.may_not("ban-peer", {"peerID": victim.peer_id}, code=ban)


async def _walk_outside(client: Client, victim: Client) -> None:
    for event, payload in (
        ("chat-message", {"message": "hello"}),
        ("edit-message", {"message_id": "m", "message": "hello"}),
        ("delete-message", {"message_id": "m"}),
        ("remove-message", {"message_id": "m"}),
        ("ban-peer", {"peerID": victim.peer_id}),
        ("start-recording", None),
        ("stop-recording", None),
        ("consent-to-recording", {"recordingID": "8b1f6c1e-63b5-4c4e-9d0a-0e4f7f2a9f10"}),
        ("offer-sdp", client.description(victim)),
        ("offer-ice", client.candidate(victim)),
    ):
        await client.may_not(event, payload, code="not_in_call")


async def test_anonymous_socket_gets_nothing(raw: Raw, address: str) -> None:
    socket = await raw(address=address)
    await socket.sends("40", '42["join",{"room":"x"}]', '421["chat-message",{"message":"x"}]')
    assert await socket.is_open()
    with pytest.raises(TimeoutError):
        await socket.frame(within=0.5)


async def test_banned_peer_is_out_of_the_call_and_stays_out(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        await ann.may("ban-peer", {"peerID": carl.peer_id})
        await carl.expects("removed", room=ann.room, code="banned")
        for other in (ann, bob):
            await other.expects("remove-peer", peerID=carl.peer_id)
            await carl.expects("remove-peer", peerID=other.peer_id)
        await carl.may_not("join", {"room": ann.room}, code="banned")
        await carl.may_not("offer-sdp", carl.description(bob), code="not_in_call")
        await marks(ann, bob)


async def test_ban_over_http_reaches_every_socket_of_the_person(peers: Peers, connect: Connect) -> None:
    async with peers("ann", "bob") as (ann, bob):
        twin = await connect(bob.person)
        await twin.joins(ann.room)
        await ann.person.bans(bob.person.email, ann.room)
        for client in (bob, twin):
            while True:  # the twin came and goes too
                name, _ = await client.inbox.any()
                if name == "removed":
                    break


async def test_who_was_invited_alone_leaves_when_the_invitation_is_taken_back(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        await carl.person.enters(ann.room)
        for person in (carl.person, bob.person):
            taken = {"room": ann.room, "email": person.email}
            assert (await ann.person.post("/invitation/remove", taken)).status_code == 200
        await bob.expects("removed", room=ann.room, code="not_invited")
        await ann.expects("remove-peer", peerID=bob.peer_id)
        await carl.expects("remove-peer", peerID=bob.peer_id)
        await bob.may_not("join", {"room": ann.room}, code="not_admitted")


async def test_removed_room_ends_its_call(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        answer = await ann.person.post("/room/remove", {"room": ann.room})
        assert answer.status_code == 200
        await bob.expects("removed", room=ann.room, code="room_removed")
        await bob.may_not("join", {"room": ann.room}, code="room_not_found")


async def test_nobody_slips_in_while_being_banned(town: Town, connect: Connect) -> None:
    """Joins and the ban at once, again and again: whoever is told that they are in is told to go."""
    ann, bob = await town.people("ann", "bob")
    client = await connect(bob)
    for _ in range(5):
        room = await town.room(ann, bob)
        answer, _ = await asyncio.gather(client.asks("join", {"room": room}), ann.bans(bob.email, room))
        if answer["ok"]:
            while (await client.inbox.any())[0] != "removed":
                pass
        await client.may_not("join", {"room": room}, code="banned")
