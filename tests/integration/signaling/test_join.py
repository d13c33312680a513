"""Joining: who may, and how the people in a call are introduced to each other."""

import asyncio
from itertools import combinations

import pytest

from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import TEN, Town
from tests.people import unique

sqlite = pytest.mark.database("sqlite")
one_kind = pytest.mark.kinds("js-websocket")


async def meet(here: Client, newcomer: Client, room: str) -> None:
    """The newcomer gets in, and both are told so."""
    await newcomer.joins(room)
    await here.expects("add-peer", peerID=newcomer.peer_id, peerUsername=newcomer.shown_as, createOffer=False)
    await newcomer.expects("add-peer", peerID=here.peer_id, peerUsername=here.shown_as, createOffer=True)


async def test_creator_and_invitee(connect: Connect, town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob)
    creator, invitee = await connect(ann), await connect(bob)
    await creator.joins(room)
    await meet(creator, invitee, room)


@one_kind
async def test_who_gave_the_password(connect: Connect, town: Town) -> None:
    ann, carl = await town.people("ann", "carl")
    room = await town.room(ann)
    creator, stranger = await connect(ann), await connect(carl)
    await creator.joins(room)
    await stranger.may_not("join", {"room": room}, code="not_admitted")
    assert (await carl.post("/room/access", {"name": room, "password": "wrong"})).status_code == 401
    await stranger.may_not("join", {"room": room}, code="not_admitted")
    await carl.enters(room)
    await meet(creator, stranger, room)


@one_kind
async def test_event_by_invitation_alone(connect: Connect, town: Town) -> None:
    ann, bob, carl = await town.people("ann", "bob", "carl")
    room = await town.room(ann, bob)
    await carl.enters(room)
    await ann.makes_event(room)
    creator, invitee, stranger = [await connect(person) for person in (ann, bob, carl)]
    await creator.joins(room)
    await stranger.may_not("join", {"room": room}, code="not_invited")
    await meet(creator, invitee, room)


@sqlite
async def test_invited_guest(connect: Connect, town: Town) -> None:
    ann, gus = await town.person("ann"), await town.guest()
    room = await town.room(ann, gus, event=True)
    creator, guest = await connect(ann), await connect(gus)
    await creator.joins(room)
    await meet(creator, guest, room)


@one_kind
async def test_who_is_refused_is_not_announced(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await connect(await town.person("carl"))
        await carl.may_not("join", {"room": ann.room}, code="not_admitted")
        await marks(bob, ann)
        await carl.may_not("offer-ice", carl.candidate(ann), code="not_in_call")
        await marks(bob, ann)


@one_kind
async def test_room_that_does_not_exist(connect: Connect, town: Town) -> None:
    ann = await connect(await town.person("ann"))
    await ann.may_not("join", {"room": unique("nowhere")}, code="room_not_found")


@one_kind
async def test_name_in_other_letters_is_the_same_room(connect: Connect, town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    room = unique("Grüße Straße")
    await ann.creates_room(room)
    await ann.invites(bob, to=room)
    first, second = await connect(ann), await connect(bob)
    await first.joins(room.upper())
    await meet(first, second, f" {room.lower()} ")


@sqlite
async def test_acknowledgement_says_who_is_there(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await connect(await town.person("carl"))
        await ann.person.invites(carl.person, to=ann.room)
        answer = await carl.joins(ann.room)
        assert answer["room"] == ann.room
        known = {(peer["peerID"], peer["peerUsername"]) for peer in answer["peers"]}
        assert known == {(peer.peer_id, peer.shown_as) for peer in (ann, bob)}
        assert len({ann.peer_id, bob.peer_id, carl.peer_id}) == 3
        for peer in (ann, bob):
            await peer.expects("add-peer", peerID=carl.peer_id)
        for peer in (ann, bob):
            await carl.expects("add-peer", peerID=peer.peer_id)


@sqlite
@pytest.mark.kinds("js-websocket", "js-polling", "py-websocket")
async def test_joining_again_changes_nothing(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        before = bob.peer_id
        assert (await bob.joins(bob.room))["peerID"] == before
        await bob.emit("join", {"room": bob.room.upper()})
        await marks(ann, bob)
        await marks(bob, ann)


@sqlite
async def test_joining_another_room_leaves_the_first(peers: Peers, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        there = await town.room(bob.person)
        before = bob.peer_id
        await bob.joins(there)
        await ann.expects("remove-peer", peerID=before, peerUsername=bob.shown_as)
        await ann.may_not("offer-ice", ann.candidate(bob), code="peer_not_found")
        await ann.may_not("offer-ice", ann.candidate(before), code="peer_not_found")


@sqlite
@one_kind
async def test_refused_join_of_another_room_keeps_the_call(peers: Peers, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        private = await town.room(await town.person("carl"))
        await bob.may_not("join", {"room": private}, code="not_admitted")
        await marks(ann, bob)
        await marks(bob, ann)


@sqlite
@one_kind
async def test_one_person_at_two_computers_is_two_peers(peers: Peers, connect: Connect) -> None:
    async with peers("ann", "bob") as (ann, bob):
        elsewhere = await connect(bob.person)
        await elsewhere.joins(ann.room)
        assert elsewhere.peer_id != bob.peer_id
        for here in (ann, bob):
            await here.expects("add-peer", peerID=elsewhere.peer_id, peerUsername=bob.shown_as)
            await elsewhere.expects("add-peer", peerID=here.peer_id, createOffer=True)


async def introductions(client: Client, count: int) -> dict[str, tuple[str, bool]]:
    """By peer id: under which name, and who makes the offer."""
    told: dict[str, tuple[str, bool]] = {}
    for _ in range(count):
        peer = await client.expects("add-peer")
        assert peer["peerID"] not in told, f"{client.name} was told twice of one peer"
        told[peer["peerID"]] = (peer["peerUsername"], peer["createOffer"])
    return told


async def test_ten_at_once(connect: Connect, town: Town) -> None:
    people = await town.people(*TEN)
    room = await town.room(people[0], *people[1:])
    clients = await asyncio.gather(*(connect(person) for person in people))
    await asyncio.gather(*(client.joins(room) for client in clients))
    told = {client.peer_id: await introductions(client, 9) for client in clients}
    names = {client.peer_id: client.shown_as for client in clients}
    pairs = list(combinations(clients, 2))
    assert len(pairs) == 45
    for one, other in pairs:
        of_other, of_one = told[one.peer_id][other.peer_id], told[other.peer_id][one.peer_id]
        assert (of_other[0], of_one[0]) == (names[other.peer_id], names[one.peer_id])
        assert {of_other[1], of_one[1]} == {True, False}, "one side makes the offer"
    await marks(clients[0], clients[9])
    await marks(clients[9], clients[0])
