"""`share-rooms`: which rooms are in use, told to those who are in no call and may see them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import StartServer
from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.town import TEN, Town

sqlite = pytest.mark.database("sqlite")
one_kind = pytest.mark.kinds("js-websocket")
BURST = 20


@sqlite
async def test_empty_list_too(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server()
    async with Town(server) as town:
        ann = await town.person("ann")
        connect = Connect(server, "js-websocket", nodes)
        client = await connect(ann)
        assert await client.gets("share-rooms") == {"rooms": []}
        await client.joins(room := await town.room(ann))
        watcher = await connect(ann, kind="py-websocket")
        assert await watcher.gets("share-rooms") == {"rooms": [room]}
        await client.may("leave")
        assert await watcher.gets("share-rooms") == {"rooms": []}
        assert (await client.gets("share-rooms"))["rooms"] in ([room], [])
        await connect.aclose()


async def test_calls_that_start_and_end(connect: Connect, peers: Peers, town: Town) -> None:
    watcher = await connect(await town.person("carl"))
    await watcher.expects_rooms()
    async with peers("ann", "bob") as (ann, bob):
        await watcher.expects_rooms(ann.room)
        await ann.may("leave")
        await bob.close()
        await watcher.expects_rooms(absent=(ann.room,))


@one_kind
async def test_events_only_to_those_who_may_see_them(connect: Connect, town: Town) -> None:
    ann, bob, carl, gus = *await town.people("ann", "bob", "carl"), await town.guest()
    event, free = await town.room(ann, bob, event=True), await town.room(ann)
    creator, invitee, stranger, guest = [await connect(person) for person in (ann, bob, carl, gus)]
    first, second = await connect(ann), await connect(ann)
    await first.joins(event)
    await second.joins(free)
    await creator.expects_rooms(event, free)
    await invitee.expects_rooms(event, free)
    await stranger.expects_rooms(free, absent=(event,))
    await guest.expects_rooms(free, absent=(event,))
    for client in (stranger, guest):
        assert event not in str(client.inbox.unread())


@one_kind
async def test_unlisted_rooms_only_to_their_members(connect: Connect, town: Town) -> None:
    """Whoever gives the password becomes one, and hears of the call at once."""
    ann, bob, carl = await town.people("ann", "bob", "carl")
    room = await ann.creates_room(listed=False)
    marker = await town.room(ann)
    watcher, stranger = await connect(bob), await connect(carl)
    await (await connect(ann)).joins(room)
    await (await connect(ann)).joins(marker)
    await stranger.expects_rooms(marker, absent=(room,))
    await watcher.expects_rooms(marker, absent=(room,))
    await bob.enters(room)
    await watcher.expects_rooms(room)
    assert room not in str(stranger.inbox.unread())


@one_kind
async def test_who_may_see_changes(connect: Connect, town: Town) -> None:
    """A room that becomes an event goes from the lists, and an invitation brings it back."""
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann)
    await (await connect(ann)).joins(room)
    watcher = await connect(bob)
    await watcher.expects_rooms(room)
    await ann.makes_event(room)
    await watcher.expects_rooms(absent=(room,))
    await ann.invites(bob, to=room)
    await watcher.expects_rooms(room)


@sqlite
@one_kind
async def test_not_in_a_call_and_again_after_it(connect: Connect, peers: Peers, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        watcher = await connect(await town.person("carl"))
        await watcher.expects_rooms(ann.room)
        heard = ann.inbox.count("share-rooms")
        async with peers("dora") as (dora,):
            await watcher.expects_rooms(ann.room, dora.room)
            await marks(bob, ann)
            assert ann.inbox.count("share-rooms") == heard
            await ann.may("leave")
            await ann.expects_rooms(ann.room, dora.room)
            await dora.may("leave")
            await ann.expects_rooms(ann.room, absent=(dora.room,))


async def lists_until_settled(
    watcher: Client, joins: Awaitable[object], settled: Callable[[set[str]], bool]
) -> None:
    """However many join: a few lists, and no more than ten a second where the machine is slow."""
    started = asyncio.get_running_loop().time()
    await joins
    lists = 1
    while not settled(set((await watcher.expects("share-rooms"))["rooms"])):
        lists += 1
    seconds = asyncio.get_running_loop().time() - started
    assert lists <= max(BURST / 4, 2 + 10 * seconds), f"{lists} lists in {seconds:.2f} s"


@sqlite
@one_kind
async def test_burst_costs_a_bounded_number(connect: Connect, town: Town) -> None:
    """Twenty calls that start at once, then ten people who join one call at once, from two tabs each."""
    people = await town.people(*TEN)
    ann, bob = people[:2]
    rooms = await asyncio.gather(*(town.room(ann, *people[1:]) for _ in range(BURST)))
    watcher = await connect(bob)
    await watcher.expects_rooms()
    joining = await asyncio.gather(*(connect(one) for one in people * (BURST // len(people))))
    start = asyncio.gather(*(client.joins(room) for client, room in zip(joining, rooms, strict=True)))
    await lists_until_settled(watcher, start, set(rooms).issubset)
    gather = asyncio.gather(*(client.joins(rooms[0]) for client in joining))
    await lists_until_settled(watcher, gather, set(rooms[1:]).isdisjoint)
