"""Members of a call say a key, and pass wrapped secrets to each other, which the server does not read."""

from typing import Any

import pytest

from tests.integration.signaling.client import marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import Town

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.kinds("js-websocket")]

MEMBER_KEY = "B" + "_-" * 43
SECRET = {"epoch": "3-1-5f0c", "number": 21, "key": "A" * 80}


async def test_a_member_key_is_told_to_all_and_a_secret_to_its_receiver(connect: Connect, town: Town) -> None:
    ann, bob, carl = await town.people("ann", "bob", "carl")
    room = await town.room(ann, bob, carl)
    clients = [await connect(person) for person in (ann, bob, carl)]
    keys = [MEMBER_KEY, MEMBER_KEY[::-1].replace("_B", "BB"), None]
    ids = []
    for client, key in zip(clients, keys, strict=True):
        claim = {} if key is None else {"memberKey": key}
        ids.append((await client.may("join", {"room": room, "resumable": True, **claim}))["peerID"])
    at_ann, at_bob, _ = clients
    for client, own in zip(clients, ids, strict=True):
        for peer, key in zip(ids, keys, strict=True):
            if peer != own:
                assert (await client.expects("add-peer", peerID=peer)).get("memberKey") == key
    prepared = await (await connect(carl)).may("prepare", {"room": room})
    assert [peer.get("memberKey") for peer in prepared["peers"]] == keys

    await at_ann.may("sender-key", {"peerID": ids[1], **SECRET})
    assert await at_bob.expects("sender-key", peerID=ids[0]) == {"peerID": ids[0], **SECRET}
    confirmed = {"epoch": SECRET["epoch"], "number": SECRET["number"]}
    await at_bob.may("sender-key", {"peerID": ids[0], **confirmed})
    assert await at_ann.expects("sender-key", peerID=ids[1]) == {"peerID": ids[1], **confirmed}
    # One that has said no key does not know the event, and would not count it.
    await at_ann.may_not("sender-key", {"peerID": ids[2], **SECRET}, code="peer_not_found")


async def test_what_is_no_key_is_refused(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        wrong: tuple[dict[str, Any], ...] = (
            {},
            {"number": -1},
            {"number": 2**40},
            {"epoch": ""},
            {"epoch": "x" * 65},
            {"key": "A" * 79},
            {"key": "A" * 80 + "\n"},
            {"key": "=" * 80},
        )
        for change in wrong:
            secret = {"peerID": bob.peer_id, **SECRET, **change} if change else {"peerID": bob.peer_id}
            await ann.may_not("sender-key", secret, code="invalid_payload")
        await marks(ann, bob)
    [carl] = await town.people("carl")
    client = await connect(carl)
    room = await town.room(carl)
    for key in ("", "B" * 86, "B" * 87 + "\n", "=" * 87, 7):
        await client.may_not("join", {"room": room, "memberKey": key}, code="invalid_payload")
    await client.may_not("sender-key", {"peerID": "x", **SECRET}, code="not_in_call")
