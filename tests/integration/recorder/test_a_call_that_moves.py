"""A call moves to another room of LiveKit while it is recorded, and its recorder goes with it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.recorder.conftest import Sfu, marked_call
from tests.integration.recorder.test_a_parlour_that_dies import heard, members
from tests.integration.recorder.test_recorded_calls import recording_that_is
from tests.integration.signaling.member import Member
from tests.people import Visitors
from tests.servers.command import run_parlour
from tests.servers.livekit import RunningLiveKit, moving_between, two_livekits
from tests.servers.recording import begun_parts, entries, with_recorder

pytestmark = pytest.mark.database("sqlite")
_FORMER, _LATTER = "17-1", "17-2"
_PEOPLE = ("ann", "bob")
_PARTS = 4
"""The parts of two cameras and two microphones."""


async def test_a_recorder_records_on_in_another_room_before_it_leaves_the_former_one(
    sfu: Sfu, tmp_path: Path
) -> None:
    folder = tmp_path / "recording"
    manifest = folder / "manifest.jsonl"
    async with AsyncExitStack() as former, sfu.call(_LATTER, *_PEOPLE):
        await former.enter_async_context(sfu.call(_FORMER, *_PEOPLE))
        request = {"room": _FORMER, "is_mixed": False}
        async with sfu.recorder(folder, _FORMER, request=request) as recorder:
            await begun_parts(manifest, _PARTS)
            token = sfu.token("recorder", _LATTER, canPublish=False)
            await recorder.tells({"place": {"url": sfu.livekit.url, "token": token, "room": _LATTER}})
            await begun_parts(manifest, 2 * _PARTS)
            await former.aclose()
            await recorder.until(lambda report: report["event"] == "recording" and report["tracks"] == _PARTS)
            await recorder.tells({"finish": True})
            assert (await recorder.until(lambda report: report["event"] == "finished"))["reason"] == "asked"
    goes_on_without_a_gap(entries(manifest))


def goes_on_without_a_gap(found: list[dict[str, Any]]) -> None:
    """Each source has two parts, of which the former one was closed after the latter one had begun."""
    assert [entry["entry"] for entry in found].count("started") == 1
    began = {entry["file"]: at for at, entry in enumerate(found) if entry["entry"] == "part-began"}
    ended = {entry["file"]: at for at, entry in enumerate(found) if entry["entry"] == "part-ended"}
    sources: dict[tuple[str, str], list[str]] = {}
    for entry in found:
        if entry["entry"] == "part-began":
            sources.setdefault((entry["identity"], entry["source"]), []).append(entry["file"])
    assert len(sources) == _PARTS
    for files in sources.values():
        former, latter = files
        assert began[latter] < ended[former], f"nothing was recorded between {former} and {latter}"


async def test_a_room_that_lets_nobody_in_is_left_to_another_recorder(sfu: Sfu, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    async with sfu.call(_FORMER, *_PEOPLE), sfu.recorder(folder, _FORMER) as recorder:
        await begun_parts(folder / "manifest.jsonl", _PARTS)
        await recorder.tells({"place": {"url": sfu.livekit.url, "token": "none", "room": _LATTER}})
        said = await recorder.until(lambda report: report["event"] == "interrupted")
        assert said["reason"] == "moved"
        assert await recorder.ends() == 4


@asynccontextmanager
async def publishing(sfu: RunningLiveKit, *callers: Member, folder: Path) -> AsyncIterator[None]:
    async with marked_call(sfu.url, [one.way["token"] for one in callers], folder=folder):
        yield


async def test_a_recording_goes_on_where_an_sfu_is_drained(fresh_server: StartServer, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    changed = asyncio.Event()
    async with two_livekits(tmp_path) as (first, second):
        server = await fresh_server(with_recorder(moving_between(first, second)))
        for _ in folders:
            await server.expect_log("sfu.well")
        sfus = {f"/livekit/{sfu.access.label}": sfu for sfu in (first, second)}
        async with Visitors(server) as visitors, AsyncExitStack() as calling:
            ann, bob = [await visitors.client(name) for name in _PEOPLE]
            room = await ann.creates_room()
            await ann.invites(bob, to=room)
            callers = await calling.enter_async_context(members(ann, bob, room=room, changed=changed))
            host, other = callers
            await host.asks("start-recording")
            await heard(changed, lambda: all("token" in one.way for one in callers))
            former = host.way["url"]
            await calling.enter_async_context(publishing(sfus[former], *callers, folder=folders[0]))
            started = json.loads(await server.expect_log("recorder.started"))
            folder = server.folder / "data" / "recordings" / started["recording"]
            await other.asks("consent-to-recording", {"recordingID": folder.name})
            await begun_parts(folder / "manifest.jsonl", _PARTS)

            drained = sfus[former].access.url
            command = await run_parlour("sfu", "drain", drained, folder=tmp_path, settings=server.settings)
            assert (command.code, command.err) == (0, "")
            await heard(changed, lambda: all(one.way["url"] != former for one in callers))
            await calling.enter_async_context(publishing(sfus[host.way["url"]], *callers, folder=folders[1]))
            await begun_parts(folder / "manifest.jsonl", 2 * _PARTS)
            await host.asks("stop-recording")
            found = await recording_that_is("ready", ann, room)
    assert (found["recording"], found["end_reason"]) == (folder.name, "asked")
    goes_on_without_a_gap(entries(folder / "manifest.jsonl"))
