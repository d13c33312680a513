"""People on SFUs are compared with the members of calls: who is no member is removed.

A token lets its holder in for a while after they have left, LiveKit renews it for who stays, and a removal
may get lost. So this is what holds, and everything else only makes it faster.
"""

import asyncio
from collections import OrderedDict

import structlog

from parlour.sfu.sfus import Sfu, Sfus
from parlour.sfu_link import SfuUnavailable

EVERY_SECONDS = 30.0
MOST_HINTS = 1_024
PAUSE_SECONDS = 0.5
"""The time in which hints about a room are taken together."""

log = structlog.get_logger("parlour.sfu")


class Comparison:
    """Compares the rooms of the calls that this node owns."""

    def __init__(self, sfus: Sfus) -> None:
        self._sfus = sfus
        self._hinted: OrderedDict[str, None] = OrderedDict()
        self._hint = asyncio.Event()

    def compare_soon(self, room: str) -> None:
        """Take a hint that something has changed in a room."""
        self._hinted[room] = None
        if len(self._hinted) > MOST_HINTS:
            self._hinted.popitem(last=False)
        self._hint.set()

    async def follow_hints(self) -> float | None:
        """Compare the rooms that were hinted at, and wait for a hint first."""
        await self._hint.wait()
        self._hint.clear()
        hinted, self._hinted = self._hinted, OrderedDict()
        await self._compare(hinted)
        return PAUSE_SECONDS

    async def compare_all(self) -> None:
        await self._compare(None)

    async def _compare(self, names: OrderedDict[str, None] | None) -> None:
        listener = self._sfus.listener
        rooms = () if listener is None else tuple(listener.sfu_rooms())
        for number, room in rooms:
            sfu = self._sfus.by_number.get(number)
            if sfu is not None and sfu.health.is_well and (names is None or room in names):
                await self._compare_room(sfu, room)

    async def _compare_room(self, sfu: Sfu, room: str) -> None:
        try:
            people = await sfu.service.people(room)
        except SfuUnavailable as error:  # the next comparison may be answered
            log.info("sfu.not_compared", sfu=sfu.name, error=str(error))
            return
        listener = self._sfus.listener
        members = None if listener is None else listener.sfu_members(sfu.number, room)
        if members is None:
            return
        strangers = people - members
        if strangers:
            log.info("sfu.strangers", sfu=sfu.name, count=len(strangers))
        for peer_id in strangers:
            sfu.removals.add(room, peer_id)
