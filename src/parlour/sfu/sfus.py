"""The SFUs that this server may use: which of them are well, and who may reach them."""

import asyncio
import ssl
from collections.abc import Iterable, Set
from contextlib import suppress
from typing import final
from urllib.parse import urlsplit

import structlog

from parlour.core import Clock
from parlour.errors import InvalidToken, NotFound
from parlour.http.tunnel.targets import Admitted, Target
from parlour.sfu.health import SfuHealth
from parlour.sfu.options import SfuAccess
from parlour.sfu.removals import Removals
from parlour.sfu.room_service import RoomService
from parlour.sfu.tokens import SfuTokens, SfuVisitor
from parlour.sfu_link import SfuListener, SfuNumber, SfuRights, SfuToken, SfuUnavailable
from parlour.wire.signaling import PeerId

LOOK_SECONDS, LOOK_AGAIN_SECONDS = 2.0, 0.5
"""The pauses between two looks at an SFU: one that answers, and one that does not."""
KNOWN_WITHIN_SECONDS = 8.0
"""A first look takes 2 s at most, and loading LiveKit's library half a second, on a busy machine several."""

log = structlog.get_logger("parlour.sfu")


@final
class Sfu:
    """An SFU, and what is known of it."""

    def __init__(self, access: SfuAccess) -> None:
        self.access = access
        self.number = access.number
        self.name = access.label
        self.tokens = SfuTokens(access.key, access.secret)
        self.target = _target(access.url)
        self.health = SfuHealth()
        self.service = RoomService(access)
        self.removals = Removals(self.number, self.service)
        self.is_known = asyncio.Event()


class Sfus:
    """All of them, by their numbers. It implements `SfuLink`, and the `Targets` of tunnels."""

    def __init__(self, accesses: Iterable[SfuAccess], clock: Clock, *, base_path: str = "") -> None:
        self.by_number: dict[SfuNumber, Sfu] = {access.number: Sfu(access) for access in accesses}
        self._by_name = {sfu.name: sfu for sfu in self.by_number.values()}
        self.listener: SfuListener | None = None
        self._clock = clock
        self._base_path = base_path
        self._name_nodes = len(self.by_number) > 1
        """With several addresses, each names one LiveKit. A single one may be that of a balancer."""

    # SfuLink

    def listen(self, listener: SfuListener) -> None:
        self.listener = listener

    def is_well(self, sfu: SfuNumber) -> bool:
        found = self.by_number.get(sfu)
        return found is not None and found.health.is_well

    def well_ones(self) -> frozenset[SfuNumber]:
        return frozenset(sfu.number for sfu in self.by_number.values() if sfu.health.is_well)

    @property
    def are_known(self) -> bool:
        return all(sfu.is_known.is_set() for sfu in self.by_number.values())

    async def become_known(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(KNOWN_WITHIN_SECONDS):
                for sfu in self.by_number.values():
                    await sfu.is_known.wait()

    def drained_ones(self) -> frozenset[SfuNumber]:
        healths = ((sfu.number, sfu.health) for sfu in self.by_number.values())
        return frozenset(number for number, health in healths if health.is_well and health.is_drained)

    def choose(self, *, besides: frozenset[SfuNumber] = frozenset()) -> SfuNumber | None:
        candidates = [
            sfu for sfu in self.by_number.values() if sfu.health.takes_calls and sfu.number not in besides
        ]
        if not candidates:
            return None
        chosen = min(candidates, key=lambda sfu: (sfu.health.load, not sfu.access.is_here, sfu.number))
        chosen.health.was_chosen()
        return chosen.number

    def path_of(self, sfu: SfuNumber) -> str:
        return f"{self._base_path}/livekit/{self.by_number[sfu].name}"

    def url_of(self, sfu: SfuNumber) -> str:
        return "ws" + self.by_number[sfu].access.url.removeprefix("http")

    async def open_room(self, sfu: SfuNumber, room: str) -> None:
        await self._service_of(sfu).open_room(room)
        self.by_number[sfu].health.has_opened(room)

    async def people(self, sfu: SfuNumber, room: str) -> frozenset[PeerId]:
        return await self._service_of(sfu).people(room)

    def _service_of(self, sfu: SfuNumber) -> RoomService:
        found = self.by_number.get(sfu)
        if found is None:
            raise SfuUnavailable(f"the settings name no SFU {sfu:08x}")
        return found.service

    def token_for(self, sfu: SfuNumber, room: str, peer_id: PeerId, rights: SfuRights) -> SfuToken:
        now = self._clock().timestamp()
        return self.by_number[sfu].tokens.sign(SfuVisitor(room, peer_id), rights, now)

    def remove(self, sfu: SfuNumber, room: str, peer_id: PeerId) -> None:
        found = self.by_number.get(sfu)
        if found is not None:
            found.removals.add(room, peer_id)

    def close_room(self, sfu: SfuNumber, room: str) -> None:
        found = self.by_number.get(sfu)
        if found is not None:
            found.removals.add(room, None)

    # Targets

    def admit(self, number: str, token: str) -> Admitted:
        """Check a token of a person who connects at this node. Raises NotFound or InvalidToken."""
        sfu = self._by_name.get(number)
        if sfu is None:
            raise NotFound
        visitor = sfu.tokens.read(token, self._clock().timestamp())
        if visitor is None:
            raise InvalidToken
        members = None
        if self.listener is not None:
            members = self.listener.sfu_members(sfu.number, visitor.room)
        if members is not None and visitor.peer_id not in members:
            raise InvalidToken
        return Admitted(sfu.target, f"{number}/{visitor.room}/{visitor.peer_id}")

    # Health

    async def look(self, sfu: Sfu) -> float:
        """Ask an SFU for its rooms, which proves that it works and takes our key. Return a pause.

        One of its rooms says that it is drained.
        """
        pause = await self._look(sfu)
        sfu.is_known.set()
        return pause

    async def _look(self, sfu: Sfu) -> float:
        expected = sfu.health.expected()
        try:
            rooms = await sfu.service.rooms()
            if self._name_nodes:
                await sfu.service.find_node()
        except SfuUnavailable as error:
            sfu.service.forget_node()
            if sfu.health.failed():
                log.warning("sfu.unwell", sfu=sfu.name, url=sfu.access.url, error=str(error))
                self._tell_unwell(sfu)
            return LOOK_AGAIN_SECONDS
        is_drained = rooms.pop(sfu.access.drain_mark, None) is not None
        self._tell_lost(sfu, expected - rooms.keys())
        took_calls = sfu.health.takes_calls
        is_news = sfu.health.answered(rooms)
        was_drained, sfu.health.is_drained = sfu.health.is_drained, is_drained
        if is_news:
            log.info("sfu.well", sfu=sfu.name, url=sfu.access.url)
        if is_drained != was_drained:
            log.info("sfu.drained" if is_drained else "sfu.undrained", sfu=sfu.name, url=sfu.access.url)
        if self.listener is not None:
            if is_drained and not was_drained:
                self.listener.sfu_is_drained(sfu.number)
            if is_news or (sfu.health.takes_calls and not took_calls):
                self.listener.sfu_is_well(sfu.number)
            self.listener.sfu_has_rooms(sfu.number, rooms)
        return LOOK_SECONDS

    def _tell_lost(self, sfu: Sfu, lost: Set[str]) -> None:
        """Tell of the rooms among these in which calls of this node are."""
        if self.listener is None:
            return
        ours = {room for number, room in self.listener.sfu_rooms() if number == sfu.number}
        if sfu.health.is_well and (lost := lost & ours):
            log.warning("sfu.lost_rooms", sfu=sfu.name, url=sfu.access.url, count=len(lost))
            self.listener.sfu_lost_rooms(sfu.number, lost)

    def _tell_unwell(self, sfu: Sfu) -> None:
        if self.listener is not None:
            self.listener.sfu_is_unwell(sfu.number)

    async def close(self) -> None:
        for sfu in self.by_number.values():
            await sfu.service.close()


def _target(url: str) -> Target:
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    return Target(host=parts.hostname or "", port=port, path=parts.path, tls=tls)
