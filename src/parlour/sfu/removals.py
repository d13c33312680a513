"""The things that an SFU is yet to do: disconnect people who have left, and close rooms."""

import asyncio
from collections import OrderedDict

import structlog

from parlour.sfu.room_service import RoomService
from parlour.sfu_link import SfuNumber, SfuUnavailable
from parlour.wire.signaling import PeerId

MOST = 10_000
TRIES = 5
PAUSE_SECONDS = 1.0

log = structlog.get_logger("parlour.sfu")


class Removals:
    """A bounded queue for one SFU: each is tried TRIES times, in turn with the others."""

    def __init__(self, number: SfuNumber, service: RoomService) -> None:
        self._number = number
        self._service = service
        self._due: OrderedDict[tuple[str, PeerId | None], int] = OrderedDict()
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, room: str, peer_id: PeerId | None) -> None:
        """Have a participant removed, or without one the whole room. The oldest gives way to what is more."""
        self._due.setdefault((room, peer_id), TRIES)
        if len(self._due) > MOST:
            self._due.popitem(last=False)
        self._some.set()

    async def carry_out(self) -> float | None:
        """Carry out what is due, and wait for it first. Return the seconds to pause after a failure."""
        await self._some.wait()
        while self._due:
            (room, peer_id), tries = self._due.popitem(last=False)
            try:
                if peer_id is None:
                    await self._service.close_room(room)
                else:
                    await self._service.remove(room, peer_id)
            except SfuUnavailable as error:
                if tries > 1:
                    self._due.setdefault((room, peer_id), tries - 1)
                else:
                    log.warning("sfu.not_removed", sfu=f"{self._number:08x}", error=str(error))
                return PAUSE_SECONDS
        self._some.clear()
        return None
