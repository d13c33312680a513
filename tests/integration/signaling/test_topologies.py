"""Clients say which topologies they know; a server without an SFU stays a mesh to all of them."""

import pytest

from tests.integration.signaling.client import marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import Town

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.kinds("js-websocket")]


async def test_what_a_client_knows_changes_nothing_without_an_sfu(connect: Connect, town: Town) -> None:
    ann, bob, carl = await town.people("ann", "bob", "carl")
    room = await town.room(ann, bob, carl)
    claims: tuple[dict[str, list[str]], ...] = (
        {},
        {"topologies": ["mesh", "sfu"]},
        {"topologies": ["a newer one"]},
    )
    answers = []
    for person, claim in zip((ann, bob, carl), claims, strict=True):
        client = await connect(person)
        assert "move" not in await client.may("prepare", {"room": room, **claim})
        answers.append(await client.may("join", {"room": room, "resumable": True, **claim}))
    assert [answer["topology"] for answer in answers] == ["mesh"] * 3
    assert len({frozenset(answer) for answer in answers}) == 1, "all have the same members"


async def test_a_report_is_taken_in_a_call_and_told_to_nobody(peers: Peers) -> None:
    report = {"epoch": "1-1", "state": "receiving"}
    async with peers("ann", "bob") as (ann, bob):
        await ann.may("topology-state", report)
        for wrong in ({}, {**report, "state": "gone"}, {**report, "epoch": "x" * 65}, "published", None):
            await ann.may_not("topology-state", wrong, code="invalid_payload")
        await marks(ann, bob)
        await marks(bob, ann)
        await ann.may("leave")
        await ann.may_not("topology-state", report, code="not_in_call")
