"""The end of a visit: by leaving, by disconnecting, by a broken line."""

import pytest

from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect, Peers, Raw
from tests.integration.signaling.town import Town

sqlite = pytest.mark.database("sqlite")


async def test_leaving(peers: Peers) -> None:
    """The others hear of the leaver, and the leaver of each of the others."""
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        await carl.emit("leave")
        for other in (ann, bob):
            await other.expects("remove-peer", peerID=carl.peer_id, peerUsername=carl.shown_as)
        told = [await carl.expects("remove-peer") for _ in range(2)]
        assert {(peer["peerID"], peer["peerUsername"]) for peer in told} == {
            (other.peer_id, other.shown_as) for other in (ann, bob)
        }
        await marks(ann, bob)
        await marks(bob, ann)


async def test_disconnecting(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        await carl.close()
        for other in (ann, bob):
            await other.expects("remove-peer", peerID=carl.peer_id, peerUsername=carl.shown_as)
        await marks(ann, bob)
        await marks(bob, ann)
        await ann.may_not("offer-ice", ann.candidate(carl), code="peer_not_found")


async def reintroduced(here: Client, back: Client, before: str) -> None:
    await here.expects("add-peer", peerID=back.peer_id, createOffer=False)
    await back.expects("add-peer", peerID=here.peer_id, createOffer=True)
    assert back.peer_id != before, "a visit of its own"


@sqlite
@pytest.mark.kinds("js-websocket", "js-polling", "py-websocket")
async def test_coming_back(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        before = bob.peer_id
        await bob.may("leave")
        await bob.expects("remove-peer", peerID=ann.peer_id)
        await ann.expects("remove-peer", peerID=before)
        await bob.joins(ann.room)
        await reintroduced(ann, bob, before)
        await bob.offers(ann)
        await ann.expects("session-description", peerID=bob.peer_id)
        await ann.may_not("offer-ice", ann.candidate(before), code="peer_not_found")


@sqlite
@pytest.mark.kinds("js-websocket", "py-websocket")
async def test_coming_back_on_a_new_connection(peers: Peers, connect: Connect) -> None:
    async with peers("ann", "bob") as (ann, bob):
        await bob.close()
        await ann.expects("remove-peer", peerID=bob.peer_id)
        again = await connect(bob.person)
        await again.joins(ann.room)
        await reintroduced(ann, again, bob.peer_id)


@sqlite
@pytest.mark.kinds("js-websocket")
async def test_leaving_where_one_is_not(connect: Connect, town: Town) -> None:
    """Harmless, and nothing is broken by it."""
    ann = await connect(await town.person("ann"))
    await ann.may("leave")
    await ann.joins(await town.room(ann.person))
    await ann.may("leave")
    await ann.may("leave")


@sqlite
@pytest.mark.kinds("js-websocket")
@pytest.mark.parametrize("how", ["broken line", "websocket closed", "engine closed", "socket disconnected"])
async def test_every_way_to_be_gone(peers: Peers, raw: Raw, town: Town, how: str) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await town.person("carl")
        await ann.person.invites(carl, to=ann.room)
        socket = await raw()
        await socket.identifies(carl.token or "")
        peer_id = (await socket.asks(f'["join",{{"room":"{ann.room}"}}]'))["peerID"]
        for other in (ann, bob):
            await other.expects("add-peer", peerID=peer_id)
        match how:
            case "broken line":
                socket.breaks()
            case "websocket closed":
                await socket.close()
            case "engine closed":
                await socket.sends("1")
            case _:
                await socket.sends("41")
        for other in (ann, bob):
            await other.expects("remove-peer", peerID=peer_id, peerUsername=carl.username)
        await marks(ann, bob)
