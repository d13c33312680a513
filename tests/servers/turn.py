"""TURN servers that tests wait for."""

import asyncio
from contextlib import suppress

from parlour.turn.client import NoAnswer, turn_client
from parlour.turn.stun import TransportAddress
from parlour.turn.uri import IceUri


async def answers(uri: IceUri) -> TransportAddress:
    """Wait until the server has started; return the address that it sees."""
    async with asyncio.timeout(60):
        while True:
            with suppress(NoAnswer):
                async with turn_client(uri, within=1.0) as client:
                    return await client.bind()
