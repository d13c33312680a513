"""Parlour is killed while it records: its recorder records on, and the next Parlour goes on with it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from parlour.recorder_lines import Interrupted, Recording, RecordingRequest, Report
from parlour.recordings.running_recorder import RunningRecorder, running_recorder
from tests.conftest import StartServer
from tests.integration.recorder.conftest import Sfu, marked_call
from tests.integration.recorder.test_recorded_calls import recording_server, recording_that_is
from tests.integration.signaling.member import Member
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.recording import begun_parts, entries

pytestmark = pytest.mark.database("sqlite")
_WITHIN_SECONDS = 120
_LOST_MS = 2000
_ROOM, _OTHER_ROOM = "14-1", "14-2"
_PARTS = 4


@asynccontextmanager
async def members(*people: Person, room: str, changed: asyncio.Event) -> AsyncIterator[list[Member]]:
    async with AsyncExitStack() as leaving:
        found = []
        for person in people:
            member = Member(person, room, changed, topologies=("mesh", "sfu"))
            leaving.push_async_callback(member.aclose)
            await member.joins(resumable=True)
            found.append(member)
        yield found


async def heard(changed: asyncio.Event, is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WITHIN_SECONDS):
        while not is_so():
            changed.clear()
            await changed.wait()


@asynccontextmanager
async def publishing(server: ParlourServer, *callers: Member, folder: Path) -> AsyncIterator[None]:
    url = f"ws://127.0.0.1:{server.settings['PARLOUR_SFU_PORT']}"
    async with marked_call(url, [one.way["token"] for one in callers], folder=folder):
        yield


async def test_nothing_is_lost_while_no_parlour_runs(
    fresh_server: StartServer, sfu: Sfu, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    server, changed = await fresh_server(recording_server()), asyncio.Event()
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        ann, bob = [await visitors.client(name) for name in ("ann", "bob")]
        room = await ann.creates_room()
        await ann.invites(bob, to=room)
        async with members(ann, bob, room=room, changed=changed) as callers:
            host, other = callers
            await host.asks("start-recording")
            await heard(changed, lambda: all("token" in one.way for one in callers))
            async with publishing(server, *callers, folder=tmp_path):
                started = json.loads(await server.expect_log("recorder.started"))
                folder = server.folder / "data" / "recordings" / started["recording"]
                await other.asks("consent-to-recording", {"recordingID": folder.name})
                manifest = folder / "manifest.jsonl"
                await begun_parts(manifest, _PARTS)
                await server.kill()
                for one in callers:
                    one.breaks()
                server.mark_log()
                await server.start()
                for one in callers:
                    await one.joins(resumable=True)
                assert json.loads(await server.expect_log("recorder.found"))["pid"] == started["pid"]
                await grown(folder, by=100_000)
                await host.asks("stop-recording")
            found = await recording_that_is("ready", ann, room)
    assert (found["recording"], found["end_reason"]) == (folder.name, "asked")
    assert [one["entry"] for one in entries(manifest)].count("started") == 1
    assert len(await begun_parts(manifest, _PARTS)) == _PARTS, "no track has a second part"
    measures = (await sfu.measured(folder))["parts"]
    gaps = [one["longest"] for name, one in measures.items() if "camera" in name]
    record_property("longest gaps of pictures, ms", gaps)
    print(f"longest gaps of pictures: {gaps} ms")  # noqa: T201 - figures for docs/recorder.md
    assert len(gaps) == 2 and max(gaps) < _LOST_MS


async def grown(folder: Path, *, by: int) -> None:
    """Wait until each file of a track has grown: a file announces nothing."""
    files = sorted((folder / "tracks").iterdir())
    before = {file: file.stat().st_size for file in files if "camera" in file.name}
    async with asyncio.timeout(_WITHIN_SECONDS):
        while any(file.stat().st_size < size + by for file, size in before.items()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


# ------------------------------------------------------------------------------ the recorder alone


def request_of(sfu: Sfu, folder: Path, room: str) -> dict[str, Any]:
    return {
        "url": sfu.livekit.url,
        "token": sfu.token("recorder", room, canPublish=False),
        "folder": str(folder),
        "room": room,
        "orphan_seconds": 120,
    }


async def hears(recorder: RunningRecorder, kind: type[Report]) -> Report:
    while (report := await recorder.hear()) is not None:
        if isinstance(report, kind):
            return report
    raise AssertionError("the recorder has ended")


async def test_it_is_taken_over_again_and_again_and_ends_for_the_last(sfu: Sfu, tmp_path: Path) -> None:
    folder = tmp_path / ("a long name " * 12) / "recording"
    await sfu.makes_room(_ROOM)
    request = request_of(sfu, folder, _ROOM)
    async with sfu.recorder(folder, _ROOM, request=request) as recorder:
        await recorder.until(lambda report: report["event"] == "recording")
        assert recorder.process.stdin is not None
        recorder.process.stdin.close()
        taken = RecordingRequest(**request | {"names": {"ann": "Ann"}})
        await until_there(folder / "recorder.sock")
        async with running_recorder(taken, tmp_path) as first:
            assert first.pid == recorder.process.pid
            await hears(first, Recording)
            first._lines.transport.abort()  # as a Parlour that dies leaves it
            await until_there(folder / "recorder.sock")
            async with running_recorder(taken, tmp_path) as second:
                assert second.pid == recorder.process.pid
                await hears(second, Recording)
        assert await recorder.ends() == 4
    assert [one["name"] for one in entries(folder / "manifest.jsonl") if one["entry"] == "named"] == ["Ann"]
    assert not (folder / "recorder.sock").exists()


async def test_in_another_room_it_ends(sfu: Sfu, tmp_path: Path) -> None:
    for room in (_ROOM, _OTHER_ROOM):
        await sfu.makes_room(room)
    folder = tmp_path / "recording"
    async with sfu.recorder(folder, _ROOM, request=request_of(sfu, folder, _ROOM)) as recorder:
        await recorder.until(lambda report: report["event"] == "recording")
        assert recorder.process.stdin is not None
        recorder.process.stdin.close()
        await until_there(folder / "recorder.sock")
        moved = RecordingRequest(**request_of(sfu, folder, _OTHER_ROOM))
        async with running_recorder(moved, tmp_path) as other:
            assert await hears(other, Interrupted) == Interrupted(reason="moved")
        assert await recorder.ends() == 4


async def test_one_that_nobody_takes_over_ends(sfu: Sfu, tmp_path: Path) -> None:
    await sfu.makes_room(_ROOM)
    folder = tmp_path / "recording"
    request = {**request_of(sfu, folder, _ROOM), "orphan_seconds": 0.1}
    async with sfu.recorder(folder, _ROOM, request=request) as recorder:
        await recorder.until(lambda report: report["event"] == "recording")
        assert recorder.process.stdin is not None
        recorder.process.stdin.close()
        assert await recorder.ends() == 4
    assert not (folder / "recorder.sock").exists()


async def until_there(path: Path) -> None:
    async with asyncio.timeout(_WITHIN_SECONDS):
        while not path.exists():  # noqa: ASYNC110 - a file announces nothing
            await asyncio.sleep(0.02)
