"""Assemble what Parlour does with SFUs, whether they run beside it or elsewhere."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter

from parlour.core import Core
from parlour.http.tunnel.routes import validation_routes
from parlour.http.tunnel.tunnels import Tunnels, TunnelSurroundings
from parlour.sfu.comparison import EVERY_SECONDS, Comparison
from parlour.sfu.http import webhook_routes
from parlour.sfu.options import SfuAccess
from parlour.sfu.sfus import Sfus
from parlour.sfu.webhooks import Webhooks


class SfuFeature:
    """Builds the tunnels to the SFUs, and the tasks that look after them."""

    def __init__(self, core: Core, accesses: Sequence[SfuAccess], surroundings: TunnelSurroundings) -> None:
        self.sfus = sfus = Sfus(accesses, core.clock, base_path=surroundings.base_path)
        self.tunnels = Tunnels(sfus, surroundings)
        self._comparison = Comparison(sfus)
        self._webhooks = Webhooks(sfu.tokens for sfu in sfus.by_number.values())
        self._clock = core.clock
        for sfu in sfus.by_number.values():
            core.tasks.repeat(f"sfu {sfu.name}", partial(sfus.look, sfu))
            core.tasks.repeat(f"removals from sfu {sfu.name}", sfu.removals.carry_out)
        core.tasks.every(EVERY_SECONDS, "sfu members", self._comparison.compare_all)
        core.tasks.repeat("sfu hints", self._comparison.follow_hints)

    def routers(self) -> list[APIRouter]:
        return [
            validation_routes(self.sfus),
            webhook_routes(self._webhooks, self._comparison, self._clock),
        ]

    async def close(self) -> None:
        await self.tunnels.close()
        await self.sfus.close()
