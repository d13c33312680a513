"""Who records a call is known to all in it, and to each one before they enter."""

import pytest

from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import Town

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.kinds("js-websocket")]


async def recorders(client: Client, room: str) -> list[str]:
    """Ask as someone in the lobby does, who records the call of a room."""
    answer = await client.may("prepare", {"room": room})
    assert all(peer.get("recording") in (None, True) for peer in answer["peers"])
    return [peer["peerID"] for peer in answer["peers"] if peer.get("recording")]


async def test_the_others_are_told_once(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        for recording in (True, True, False, False):
            await ann.may("record", {"recording": recording})
        for other in (bob, carl):
            await other.expects("peer-recording", peerID=ann.peer_id, recording=True)
            await other.expects("peer-recording", peerID=ann.peer_id, recording=False)
        await marks(bob, ann)  # nothing came to ann herself
        await marks(ann, carl)


async def test_who_comes_is_told_before_entering(connect: Connect, town: Town) -> None:
    ann, bob = await town.person("ann"), await town.person("bob")
    room = await town.room(ann, bob)
    recording, waiting = await connect(ann), await connect(bob)
    await recording.joins(room)
    assert await recorders(waiting, room) == []
    await recording.may("record", {"recording": True})
    await waiting.expects("call-changed", room=room)
    assert await recorders(waiting, room) == [recording.peer_id]
    joined = await waiting.may("join", {"room": room})
    assert [peer.get("recording") for peer in joined["peers"]] == [True]


async def test_a_recording_ends_with_its_visit(connect: Connect, town: Town) -> None:
    ann, bob = await town.person("ann"), await town.person("bob")
    room = await town.room(ann, bob)
    recording, waiting = await connect(ann), await connect(bob)
    await recording.joins(room)
    await recording.may("record", {"recording": True})
    await recording.may("leave")
    await recording.joins(room)
    assert await recorders(waiting, room) == []


async def test_it_outlives_a_lost_connection(connect: Connect, town: Town) -> None:
    """While the recorder is away, and after a resume; who missed the change reads it when they resume."""
    ann, bob = await town.person("ann"), await town.person("bob")
    room = await town.room(ann, bob)
    first, other = await connect(ann), await connect(bob)
    token = (await first.may("join", {"room": room, "resumable": True}))["resume"]
    lost = await other.may("join", {"room": room, "resumable": True})
    await other.close()
    await first.may("record", {"recording": True})
    back = await connect(bob)
    resumed = await back.may(
        "join", {"room": room, "resume": lost["resume"], "known": [lost["peers"][0]["peerID"]], "received": 1}
    )
    assert resumed["resumed"] is True
    assert [peer.get("recording") for peer in resumed["peers"]] == [True]
    await first.close()
    watching = await connect(bob)
    assert len(await recorders(watching, room)) == 1
    again = await connect(ann)
    claim = {"room": room, "resume": token, "known": [lost["peerID"]], "received": 1}
    assert (await again.may("join", claim))["resumed"] is True
    assert len(await recorders(watching, room)) == 1


async def test_only_in_a_call_and_only_yes_or_no(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        await ann.may("leave")
        await ann.may_not("record", {"recording": True}, code="not_in_call")
        for wrong in ({"recording": "yes"}, {}, {"recording": None}, "true"):
            await bob.may_not("record", wrong, code="invalid_payload")
