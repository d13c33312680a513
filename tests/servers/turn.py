"""TURN servers that tests wait for."""

import asyncio
from contextlib import suppress
from pathlib import Path

from parlour.go_build import build, media_source
from parlour.turn.client import NoAnswer, turn_client
from parlour.turn.stun import TransportAddress
from parlour.turn.uri import IceUri
from tests.servers.checkout import ROOT

MEDIA = ROOT / ".tools" / "media"


async def answers(uri: IceUri) -> TransportAddress:
    """Wait until the server has started; return the address that it sees."""
    async with asyncio.timeout(60):
        while True:
            with suppress(NoAnswer):
                async with turn_client(uri, within=1.0) as client:
                    return await client.bind()


async def program_of_version(version: int) -> Path:
    """Build a parlour-turn that reads configurations of this version."""
    variables = f"-X main.configurationVersion={version}"
    name = f"parlour-turn-{version}"
    return await asyncio.to_thread(
        build, media_source(), MEDIA, package="./turn", program=name, variables=variables
    )
