"""A recording that one node has made is listed, served and deleted by another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import cluster_settings
from tests.integration.recorder.test_recorded_calls import (
    is_served_to,
    is_stopped,
    members,
    publishing,
    recording_server,
    recording_that_is,
    starts,
)
from tests.people import Person, Visitors
from tests.servers import ParlourServer, RedisServer
from tests.servers.recording import begun_parts
from tests.servers.s3 import S3Server

pytestmark = pytest.mark.database("sqlite")
_WITHIN_SECONDS = 120


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    (tmp_path / "s3").mkdir()
    async with S3Server(tmp_path / "s3") as server:
        yield server


@pytest.mark.parametrize("kept", ["in a shared folder", "in S3", "in a folder of its own"])
async def test_another_node_has_it_too(
    fresh_server: StartServer, redis: RedisServer, s3: S3Server, tmp_path: Path, kept: str
) -> None:
    shared: dict[str, Any] = cluster_settings(redis)
    if kept == "in a shared folder":
        shared["PARLOUR_RECORDING_DIR"] = str(tmp_path / "shared")
    elif kept == "in S3":
        shared |= s3.settings
    async with AsyncExitStack() as ending:
        here = await fresh_server({**shared, **recording_server()})
        there = await fresh_server(shared, here.database_url)
        for server in (here, there):
            await server.expect_log("cluster.node_joined")
        await here.expect_log("sfu.ready")
        visitors = await ending.enter_async_context(Visitors(here))
        ann, bob = [await visitors.client(name) for name in ("ann", "bob")]
        room = await ann.creates_room()
        await ann.invites(bob, to=room)
        await is_recorded(here, ann, bob, room, tmp_path)
        elsewhere = await ending.enter_async_context(Visitors(there))
        ann_there = await elsewhere.same(ann)
        await ann_there.logs_in()
        found = await recording_that_is("ready", ann_there, room)
        if kept == "in a folder of its own":
            await is_refused_to(ann_there, found)
            await is_served_to(ann, found)
        else:
            if kept == "in S3":
                await here.expect_log("recording.uploaded")
                assert len(s3.objects()) > len(found["files"])
            await is_served_to(ann_there, found)
        removal = await ann_there.post("/recording/remove", {"recording": found["recording"]})
        assert removal.status_code == 200
        for person in (ann, ann_there):
            assert (await person.get("/recordings", params={"room": room})).json()["recordings"] == []
        roots = [node.folder / "data" / "recordings" for node in (here, there)]
        await are_gone(s3, found["recording"], *roots, tmp_path / "shared")


async def are_gone(s3: S3Server, recording: str, *folders: Path) -> None:
    """Wait until neither folders nor bucket have files of a recording: either node may delete them."""
    async with asyncio.timeout(_WITHIN_SECONDS):
        while s3.objects() or any((folder / recording).exists() for folder in folders):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def is_recorded(server: ParlourServer, ann: Person, bob: Person, room: str, folder: Path) -> None:
    async with members(server, ann, bob, room=room) as (host, other):
        recording = await starts(host, other)
        async with publishing(server, host, other, folder=folder):
            root = Path(server.settings.get("PARLOUR_RECORDING_DIR", server.folder / "data" / "recordings"))
            await begun_parts(root / recording / "manifest.jsonl", 2)
            await is_stopped(host, other, recording)


async def is_refused_to(person: Person, recording: dict[str, Any]) -> None:
    """The files are at another node, which the answer says."""
    asked = {"recording": recording["recording"], "file": "mixed.webm"}
    answer = await person.get("/recording/file", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (503, "recording_elsewhere")
