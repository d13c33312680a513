"""LiveKit's room service, by its own library, which is loaded in a thread when it is first needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from parlour.sfu.node_identity import node_of
from parlour.sfu.options import DEPARTURE_SECONDS, DRAINED_SECONDS, EMPTY_SECONDS, SfuAccess
from parlour.sfu_link import SfuUnavailable
from parlour.wire.signaling import PeerId

if TYPE_CHECKING:
    from livekit.api import LiveKitAPI

WITHIN_SECONDS = 2.0

log = structlog.get_logger("parlour.sfu")


class RoomService:
    """Asks one SFU; each question raises SfuUnavailable if it is not answered within WITHIN_SECONDS.

    LiveKits that share a Redis have all rooms in common. So each room says in its metadata by which address
    it was opened, and is opened at the node of that address, if that is known.
    """

    def __init__(self, access: SfuAccess) -> None:
        self._access = access
        self._api: LiveKitAPI | None = None
        self._node: str | None = None
        self._is_node_asked = False

    async def open_room(self, room: str) -> None:
        """Create a room, or find it there."""
        await self._create(room, empty_seconds=EMPTY_SECONDS)

    async def drain(self) -> None:
        """Have all servers see that calls are to leave this SFU."""
        await self._create(self._access.drain_mark, empty_seconds=DRAINED_SECONDS)

    async def undrain(self) -> None:
        """Have it take calls again."""
        # Over Redis, a mark of a node that has ended can be deleted only after a node has it again.
        await self.drain()
        await self.close_room(self._access.drain_mark)

    async def find_node(self) -> None:
        """Ask for the id of the LiveKit at this address, unless it was asked already."""
        if self._is_node_asked:
            return
        await self._opened()
        self._node = await node_of(self._access)
        self._is_node_asked = True
        if self._node is None:
            log.info("sfu.node_unknown", url=self._access.url)

    def forget_node(self) -> None:
        """Ask for the id again: it may be another LiveKit now."""
        self._is_node_asked = False

    async def _create(self, room: str, *, empty_seconds: int) -> None:
        try:
            async with self._asking() as api:
                from livekit.api import CreateRoomRequest

                request = CreateRoomRequest(
                    name=room,
                    empty_timeout=empty_seconds,
                    departure_timeout=DEPARTURE_SECONDS,
                    metadata=self._access.label,
                    node_id=self._node or "",
                )
                await api.room.create_room(request)
        except SfuUnavailable:
            self.forget_node()
            raise

    async def close_room(self, room: str) -> None:
        """End a room, unless it has ended already."""
        async with self._asking(may_be_gone=True) as api:
            from livekit.api import DeleteRoomRequest

            await api.room.delete_room(DeleteRoomRequest(room=room))

    async def remove(self, room: str, peer_id: PeerId) -> None:
        """End a participant's connection, unless it has ended already."""
        async with self._asking(may_be_gone=True) as api:
            from livekit.api import RoomParticipantIdentity

            await api.room.remove_participant(RoomParticipantIdentity(room=room, identity=peer_id))

    async def people(self, room: str) -> frozenset[PeerId]:
        """Return who is in a room, nobody if there is no such room."""
        found: frozenset[PeerId] = frozenset()
        async with self._asking(may_be_gone=True) as api:
            from livekit.api import ListParticipantsRequest

            answer = await api.room.list_participants(ListParticipantsRequest(room=room))
            found = frozenset(PeerId(participant.identity) for participant in answer.participants)
        return found  # noqa: RET504 - nobody, where an exception was passed over

    async def rooms(self) -> dict[str, int]:
        """Return the rooms that were opened by this address, or by an unknown one, and how many people are in
        each, by numbers that are some seconds old.
        """
        async with self._asking() as api:
            from livekit.api import ListRoomsRequest

            answer = await api.room.list_rooms(ListRoomsRequest())
            known = ("", self._access.label)
            return {room.name: room.num_participants for room in answer.rooms if room.metadata in known}

    @asynccontextmanager
    async def _asking(self, *, may_be_gone: bool = False) -> AsyncIterator["LiveKitAPI"]:
        """Translate what goes wrong. With `may_be_gone`, there need not be what is asked about."""
        api = await self._opened()
        from aiohttp import ClientError
        from livekit.api import TwirpError, TwirpErrorCode

        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                yield api
        except TwirpError as error:
            if not (may_be_gone and error.code == TwirpErrorCode.NOT_FOUND):
                raise SfuUnavailable(f"{error.status} {error.code}: {error.message}") from error
        except (ClientError, OSError, TimeoutError) as error:
            raise SfuUnavailable(str(error) or type(error).__name__) from error

    async def _opened(self) -> "LiveKitAPI":
        if self._api is None:
            await asyncio.to_thread(_load)
            from livekit.api import LiveKitAPI

            access = self._access
            if self._api is None:  # another one may have been faster
                self._api = LiveKitAPI(access.url, access.key, access.secret, failover=False)
        return self._api

    async def close(self) -> None:
        api, self._api = self._api, None
        if api is not None:
            await api.aclose()


def _load() -> None:
    """Import LiveKit's library, which takes half a second."""
    import livekit.api  # noqa: F401
