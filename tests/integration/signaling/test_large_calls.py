"""A call of more than 25 people, on a server with an SFU: its members are not introduced any more."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.signaling.member import Member
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_AN_SFU_THAT_IS_AWAY = {
    "PARLOUR_LIVEKIT_URL": "ws://127.0.0.1:9",
    "PARLOUR_LIVEKIT_KEY": "parlour",
    "PARLOUR_LIVEKIT_SECRET": "s" * 32,
    "PARLOUR_VISITS_PER_PERSON": 64,
}
"""A call does not wait for an SFU to be a large one."""


async def test_members_of_a_large_call_hear_of_each_other_and_are_introduced_again_when_it_is_small(
    fresh_server: StartServer,
) -> None:
    server = await fresh_server(_AN_SFU_THAT_IS_AWAY)
    async with Visitors(server) as visitors, AsyncExitStack() as leaving:
        ann = await visitors.client("ann")
        room, changed, members = await ann.creates_room(), asyncio.Event(), list[Member]()

        async def comes() -> Member:
            member = Member(ann, room, changed, topologies=["mesh", "sfu"])
            leaving.push_async_callback(member.aclose)
            await member.joins(resumable=True)
            members.append(member)
            return member

        async def until_all(know_all: str) -> None:
            ids = {member.peer_id for member in members}
            async with asyncio.timeout(60):
                while any(getattr(one, know_all) != ids - {one.peer_id} for one in members):
                    changed.clear()
                    await changed.wait()

        for _ in range(25):
            await comes()
        await until_all("view")
        late = await comes()
        await until_all("told")
        assert late.view == set() and not any(late.peer_id in one.view for one in members)
        assert len(late.peers) == 25
        async with asyncio.timeout(60):
            while any(one.has_channels for one in members):
                changed.clear()
                await changed.wait()

        late.breaks()
        await late.joins(resumable=True)
        assert late.resumed and len(late.peers) == 25 and late.view == set()

        for member in members[:7]:
            await member.leaves()
        del members[:7]
        await until_all("view")
        async with asyncio.timeout(60):
            while not all(one.has_channels for one in members):
                changed.clear()
                await changed.wait()
