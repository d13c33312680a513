"""Assemble what Parlour does with SFUs: whether they run beside it or elsewhere."""

from collections.abc import Sequence

from fastapi import APIRouter

from parlour.core import Core
from parlour.http.tunnel.routes import validation_routes
from parlour.http.tunnel.tunnels import Tunnels, TunnelSurroundings
from parlour.sfu.options import SfuAccess
from parlour.sfu.sfus import Sfus


class SfuFeature:
    """Builds the tunnels to the SFUs."""

    def __init__(self, core: Core, accesses: Sequence[SfuAccess], surroundings: TunnelSurroundings) -> None:
        self.sfus = Sfus(accesses, core.clock)
        self.tunnels = Tunnels(self.sfus, surroundings)

    def routers(self) -> list[APIRouter]:
        return [validation_routes(self.sfus)]

    async def close(self) -> None:
        await self.tunnels.close()
