"""The commands of `parlour sfu`: which LiveKits there are, and which of them calls are to leave."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from parlour.cli.running import REFUSED, CommandResult, as_json, fail, settings_or_fail, show
from parlour.lean_imports import lean_imports

if TYPE_CHECKING:
    from parlour.sfu.options import SfuAccess
    from parlour.sfu.room_service import RoomService

LONGEST_WAIT_SECONDS = 24 * 3600
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """An SFU as it answers; `rooms` are the people of each, None if it does not answer."""

    url: str
    is_drained: bool
    rooms: dict[str, int] | None

    @property
    def people(self) -> int:
        return sum((self.rooms or {}).values())

    @property
    def state(self) -> str:
        if self.rooms is None:
            return "does not answer"
        return "drained" if self.is_drained else "takes calls"

    def line(self) -> str:
        columns = [self.url, self.state]
        if self.rooms is not None:
            occupied = sum(1 for count in self.rooms.values() if count)
            columns += [f"{occupied} calls", f"{self.people} people"]
        return "\t".join(columns)

    def data(self) -> dict[str, Any]:
        calls = None if self.rooms is None else sum(1 for count in self.rooms.values() if count)
        people = None if self.rooms is None else self.people
        return {"url": self.url, "state": self.state, "calls": calls, "people": people}


@click.group("sfu")
def sfu_commands() -> None:
    """The SFUs that calls may use: LiveKit beside Parlour, and those of PARLOUR_LIVEKIT_URL."""


@sfu_commands.command("list")
@as_json
def list_sfus(*, as_json: bool) -> None:
    """List the SFUs: address, whether calls are sent there, and how many calls and people each has."""

    import asyncio

    async def look() -> list[_Seen]:
        return list(await asyncio.gather(*(_asked(access, _seen) for access in _accesses())))

    seen = asyncio.run(look())
    lines = [one.line() for one in seen] or ["There is no SFU."]
    show(CommandResult(lines=lines, data=[one.data() for one in seen]), as_json=as_json)


@sfu_commands.command("drain")
@click.argument("url", required=False)
@click.option(
    "--wait",
    "seconds",
    metavar="SECONDS",
    type=click.IntRange(0, LONGEST_WAIT_SECONDS),
    default=0,
    help="Wait until nobody is there any more, at most so long; exit code 1 if somebody is.",
)
@as_json
def drain(url: str | None, *, seconds: int, as_json: bool) -> None:
    """Have calls leave an SFU, and none come to it, as before it is updated or taken away.

    They move to another SFU, or to the mesh if they have few people; calls that neither takes stay, and move
    once one does. This works on any machine with the settings of a server. It lasts until `parlour sfu
    undrain`, and at most until that LiveKit is started again, if it keeps nothing in Redis.
    """
    import asyncio

    access = _chosen(url)

    async def work(service: "RoomService") -> _Seen:
        await service.drain()
        until = time.monotonic() + seconds
        while True:  # LiveKit announces nothing
            seen = await _seen(access, service)
            if not seen.people or time.monotonic() >= until:
                return seen
            await asyncio.sleep(_LOOK_SECONDS)

    seen = _run(access, work)
    if seconds and seen.people:
        fail(f"{access.url} is drained, and {seen.people} people are there still.", status=REFUSED)
    show(CommandResult(lines=[f"{access.url} is drained."], data=seen.data()), as_json=as_json)


@sfu_commands.command("undrain")
@click.argument("url", required=False)
@as_json
def undrain(url: str | None, *, as_json: bool) -> None:
    """Have an SFU take calls again. Those that have left it stay where they are."""
    access = _chosen(url)

    async def work(service: "RoomService") -> _Seen:
        await service.undrain()
        return await _seen(access, service)

    seen = _run(access, work)
    show(CommandResult(lines=[f"{access.url} takes calls."], data=seen.data()), as_json=as_json)


def _accesses() -> "tuple[SfuAccess, ...]":
    with lean_imports():
        from parlour.options import Options
        from parlour.settings import SettingsError

    settings = settings_or_fail()
    try:
        settings.require_sfu()
        return Options(settings, port=8000).sfus()
    except SettingsError as error:
        fail(str(error))


def _chosen(url: str | None) -> "SfuAccess":
    """Return the SFU of an address, or the only one there is."""
    accesses = _accesses()
    if not accesses:
        fail("there is no SFU: neither PARLOUR_SFU nor PARLOUR_LIVEKIT_URL is set.")
    addresses = ", ".join(access.url for access in accesses)
    if url is None:
        if len(accesses) > 1:
            fail(f"which one? There are {addresses}.")
        return accesses[0]
    wanted = re.sub("^ws", "http", url.rstrip("/"))
    found = next((access for access in accesses if access.url == wanted), None)
    if found is None:
        fail(f"the settings name no SFU {url}, but {addresses}.")
    return found


def _run(access: "SfuAccess", work: "Callable[[RoomService], Awaitable[_Seen]]") -> _Seen:
    import asyncio

    from parlour.sfu_link import SfuUnavailable

    try:
        return asyncio.run(_asked(access, lambda _access, service: work(service)))
    except SfuUnavailable as error:
        fail(f"{access.url} does not answer ({error}).")


async def _asked(access: "SfuAccess", work: "Callable[[SfuAccess, RoomService], Awaitable[_Seen]]") -> _Seen:
    from parlour.sfu.room_service import RoomService

    service = RoomService(access)
    try:
        return await work(access, service)
    finally:
        await service.close()


async def _seen(access: "SfuAccess", service: "RoomService") -> _Seen:
    from parlour.sfu_link import SfuUnavailable

    try:
        names = await service.rooms()  # with counts that are too old to wait by
        is_drained = names.pop(access.drain_mark, None) is not None
        rooms = {name: len(await service.people(name)) for name in names}
    except SfuUnavailable:
        return _Seen(access.url, is_drained=False, rooms=None)
    return _Seen(access.url, is_drained, rooms)
