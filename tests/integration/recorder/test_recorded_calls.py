"""The server records a call on a real SFU: from its start through a crash to files that are served."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.recorder.conftest import marked_call
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.livekit import embedded_livekit
from tests.servers.recording import begun_parts, with_recorder

pytestmark = pytest.mark.database("sqlite")
_WITHIN_SECONDS = 240
_KNOWS = {"topologies": ["mesh", "sfu"], "resumable": True}
_PID = re.compile(r"pid\W+(\d+)")
_NO_RECORDING = "8b1f6c1e-63b5-4c4e-9d0a-0e4f7f2a9f10"


class Member:
    """A person in a call, and what they have heard."""

    def __init__(self, socket: RawSocket) -> None:
        self._socket = socket
        self._heard: list[tuple[str, Any]] = []

    async def asks(self, event: str, *payload: Any) -> dict[str, Any]:
        """Return the acknowledgement; what is heard before it is kept."""
        await self._socket.sends(f"427{json.dumps([event, *payload])}")
        while not (frame := await self._socket.frame()).startswith("437["):
            self._keep(frame)
        answer: dict[str, Any] = json.loads(frame[3:])[0]
        return answer

    async def hears(self, event: str, is_meant: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while True:
                for position, (name, payload) in enumerate(self._heard):
                    if name == event and is_meant(payload):
                        del self._heard[: position + 1]
                        return payload
                self._heard.clear()
                self._keep(await self._socket.frame(_WITHIN_SECONDS))

    def _keep(self, frame: str) -> None:
        if frame.startswith("42["):
            name, *payload = json.loads(frame[2:])
            self._heard.append((name, payload[0] if payload else None))


@asynccontextmanager
async def members(server: ParlourServer, *people: Person, room: str) -> AsyncIterator[list[Member]]:
    async with AsyncExitStack() as leaving:
        found = []
        for person in people:
            socket = await leaving.enter_async_context(raw_socket(server))
            assert person.token is not None
            await socket.identifies(person.token)
            member = Member(socket)
            assert (await member.asks("join", {"room": room, **_KNOWS}))["ok"]
            found.append(member)
        yield found


def recording_server() -> dict[str, str | int]:
    return {
        **with_recorder(embedded_livekit()),
        "PARLOUR_MESH_AGAIN_SECONDS": 0,
        "PARLOUR_TOPOLOGY_REST_SECONDS": 0,
    }


def is_sfu(topology: Any) -> bool:
    return bool(topology["kind"] == "sfu" and not topology["settled"])


async def recording_that_is(state: str, person: Person, room: str) -> dict[str, Any]:
    """Wait until the newest recording of a room is in that state."""
    async with asyncio.timeout(_WITHIN_SECONDS):
        while True:
            answer = await person.get("/recordings", params={"room": room})
            newest: dict[str, Any] = answer.json()["recordings"][0]
            if newest["state"] == state:
                return newest
            await asyncio.sleep(0.1)  # the list is asked, and announces nothing


@asynccontextmanager
async def publishing(server: ParlourServer, *callers: Member, folder: Path) -> AsyncIterator[None]:
    """Have the members of a call that moves to the SFU publish there."""
    places = [await one.hears("topology", is_sfu) for one in callers]
    url = f"ws://127.0.0.1:{server.settings['PARLOUR_SFU_PORT']}"
    async with marked_call(url, [place["token"] for place in places], folder=folder):
        yield


async def test_a_call_is_recorded_through_a_crash_and_served_to_its_creator(
    fresh_server: StartServer, tmp_path: Path
) -> None:
    server = await fresh_server(recording_server())
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        ann, bob = [await visitors.client(name) for name in ("ann", "bob")]
        room = await ann.creates_room()
        await ann.invites(bob, to=room)
        async with members(server, ann, bob, room=room) as (host, other):
            recording = await starts(host, other)
            async with publishing(server, host, other, folder=tmp_path):
                await is_recorded_through_a_crash(server, ann, other, recording)
                await is_stopped(host, other, recording)
            for one in (host, other):
                await one.hears("topology", lambda topology: topology["kind"] == "mesh")
        found = await recording_that_is("ready", ann, room)
        assert (found["recording"], found["end_reason"]) == (recording, "asked")
        assert (found["username"], found["seconds"] >= 1) == (ann.username, True)
        assert [file["kind"] for file in found["files"]].count("mixed") == 1
        people = {file["person"] for file in found["files"] if file["kind"] == "picture"}
        assert people == {ann.username, bob.username}
        await is_served_to(ann, found)
        await is_refused_to(bob, room, recording)
        await is_deleted_by(ann, server, room, recording)


async def starts(host: Member, other: Member) -> str:
    """Have the host start the recording, and return its name."""
    assert (await other.asks("start-recording"))["code"] == "not_the_creator"
    assert (await host.asks("start-recording"))["ok"]
    assert (await host.asks("start-recording"))["code"] == "already_recorded"
    told = [await one.hears("call-recording", bool) for one in (host, other)]
    assert [one["recording"]["consented"] for one in told] == [True, False]
    return str(told[0]["recording"]["recordingID"])


async def is_recorded_through_a_crash(
    server: ParlourServer, creator: Person, other: Member, recording: str
) -> None:
    manifest = server.folder / "data" / "recordings" / recording / "manifest.jsonl"
    pid = int(_PID.findall(await server.expect_log("recorder.started"))[0])
    unasked = await begun_parts(manifest, 2)
    assert len({part["identity"] for part in unasked}) == 1, "nobody is recorded unasked"
    assert (await other.asks("consent-to-recording", {"recordingID": recording}))["ok"]
    assert (await other.hears("call-recording", bool))["recording"]["consented"]
    both = await begun_parts(manifest, 4)
    assert len({part["identity"] for part in both}) == 2
    server.mark_log()
    os.kill(pid, signal.SIGKILL)
    await server.expect_log("recorder.started")
    await begun_parts(manifest, 8)
    removal = await creator.post("/recording/remove", {"recording": recording})
    assert (removal.status_code, removal.json()["code"]) == (409, "recording_in_progress")


async def is_stopped(host: Member, other: Member, recording: str) -> None:
    assert (await host.asks("stop-recording"))["ok"]
    for one in (host, other):
        await one.hears("call-recording", lambda told: told["recording"] is None)
    assert (await host.asks("stop-recording"))["code"] == "not_recorded"
    gone = await other.asks("consent-to-recording", {"recordingID": recording})
    assert gone["code"] == "not_recorded"


async def is_served_to(person: Person, recording: dict[str, Any]) -> None:
    [mixed] = [file for file in recording["files"] if file["kind"] == "mixed"]
    asked = {"recording": recording["recording"], "file": mixed["name"]}
    whole = await person.get("/recording/file", params=asked)
    assert (whole.status_code, len(whole.content)) == (200, mixed["size"])
    assert whole.headers["content-type"] == "video/webm"
    assert whole.headers["content-disposition"].startswith("attachment; ")
    assert whole.headers["cache-control"] == "no-store"
    size, tag = mixed["size"], whole.headers["etag"]
    for asks, start, end in (
        ("bytes=0-99", 0, 100),
        (f"bytes={size - 10}-", size - 10, size),
        ("bytes=-7", size - 7, size),
    ):
        part = await person.get("/recording/file", params=asked, headers={"Range": asks, "If-Range": tag})
        assert (part.status_code, part.content) == (206, whole.content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = await person.get("/recording/file", params=asked, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    other = await person.get(
        "/recording/file", params=asked, headers={"Range": "bytes=0-9", "If-Range": '"x"'}
    )
    assert (other.status_code, len(other.content)) == (200, size)


async def is_refused_to(person: Person, room: str, recording: str) -> None:
    asked = {"recording": recording, "file": "mixed.webm"}
    for answer in (
        await person.get("/recordings", params={"room": room}),
        await person.get("/recording/file", params=asked),
        await person.post("/recording/remove", {"recording": recording}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_the_creator")
    stranger = await person.get("/recording/file", params=asked, headers={"Authorization": ""})
    assert stranger.status_code == 401


async def is_deleted_by(person: Person, server: ParlourServer, room: str, recording: str) -> None:
    for name in ("manifest.jsonl", "../../parlour.db"):
        answer = await person.get("/recording/file", params={"recording": recording, "file": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "recording_not_found")
    no_such = await person.post("/recording/remove", {"recording": _NO_RECORDING})
    assert no_such.status_code == 404
    assert (await person.post("/recording/remove", {"recording": recording})).status_code == 200
    assert (await person.get("/recordings", params={"room": room})).json()["recordings"] == []
    await server.expect_log("recording.deleted")
    assert not (server.folder / "data" / "recordings" / recording).exists()


async def test_a_room_that_asks_for_encryption_is_not_recorded_and_a_recording_ends_where_it_begins_to(
    fresh_server: StartServer,
) -> None:
    server = await fresh_server(recording_server())
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        ann = await visitors.client("ann")
        room = await ann.creates_room(encryption="on")
        async with members(server, ann, room=room) as (host,):
            assert (await host.asks("start-recording"))["code"] == "recording_room_encrypted"
            assert (await host.asks("leave"))["ok"]  # a call has to be encrypted until all have left
        await ann.post("/room/change", {"room": room, "encryption": "off"})
        async with members(server, ann, room=room) as (host,):
            assert (await host.asks("start-recording"))["ok"]
            await host.hears("call-recording", lambda told: told["recording"] is not None)
            await ann.post("/room/change", {"room": room, "encryption": "on"})
            await host.hears("call-recording", lambda told: told["recording"] is None)
            assert (await host.asks("start-recording"))["code"] == "recording_room_encrypted"
        [ended] = (await ann.get("/recordings", params={"room": room})).json()["recordings"]
        assert ended["end_reason"] == "encrypted"
