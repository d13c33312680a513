"""`parlour recorder` at a real LiveKit records people whose pictures and sound say when they were made."""

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.recorder.conftest import RunningRecorder, Sfu
from tests.integration.recorder.marks import AGAIN, FRAMES_PER_SECOND, PITCHES

_ROOM, _NO_ROOM, _EMPTY_ROOM, _ASKED_ROOM = "12-1", "12-2", "12-3", "12-4"
_PEOPLE = {"ann": str(PITCHES[0]), "bob": str(PITCHES[1])}
_IN_STEP_MS = 80
_LOST_MS = 2000
_RECORDED_SECONDS = 3
"""The least that each track has in each file: two beeps, and pictures of two seconds."""
_MIXED = {"width": 648, "height": 180, "frames_per_second": FRAMES_PER_SECOND}


@dataclass(frozen=True)
class Recorded:
    """A recording by two recorders. The first was killed at `killed`, in milliseconds of the monotonic clock,
    and at `killed_at`, in those since 1970.
    """

    folder: Path
    killed: float
    killed_at: float
    reports: list[dict[str, Any]]
    refused: str
    entries: list[dict[str, Any]]
    measures: dict[str, Any]

    def parts(self, kind: str) -> list[dict[str, Any]]:
        """Return the entries of the parts of a kind, with their measures and whether they were closed."""
        closed = {entry["file"] for entry in self.entries if entry["entry"] == "part-ended"}
        return [
            {**entry, "measures": self.measures["parts"][entry["file"]], "closed": entry["file"] in closed}
            for entry in self.entries
            if entry["entry"] == "part-began" and entry["kind"] == kind
        ]


async def records(recorder: RunningRecorder, *, seconds: float) -> None:
    """Wait until the recording has had two cameras and two microphones for so many seconds."""
    complete = await recorder.until(lambda report: report.get("tracks") == 4)
    await recorder.until(lambda report: report.get("seconds", 0) >= complete["seconds"] + seconds)


@pytest.fixture(scope="module")
async def recorded(sfu: Sfu, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded") / "recording"
    request = {"names": {"ann": "Ann", "bob": "Боб"}, "mixed": _MIXED}
    async with sfu.call(_ROOM, *_PEOPLE):
        async with sfu.recorder(folder, _ROOM, request=request) as first:
            await records(first, seconds=_RECORDED_SECONDS + _LOST_MS / 1000)
            first.process.kill()
            killed, killed_at = time.monotonic() * 1000, time.time() * 1000
            await first.ends()
        async with sfu.recorder(folder, _ROOM, request=request) as second:
            await records(second, seconds=0)
            async with sfu.recorder(folder, _ROOM) as third:
                refused = await third.until(lambda report: report["event"] == "failed")
                assert await third.ends() == 1
            await records(second, seconds=_RECORDED_SECONDS)
            await second.tells({"finish": True})
            await second.until(lambda report: report["event"] == "finished")
            assert await second.ends() == 0
    entries = [msgspec.json.decode(line) for line in (folder / "manifest.jsonl").read_bytes().splitlines()]
    measures = await sfu.measured(folder)
    return Recorded(folder, killed, killed_at, second.reports, refused["reason"], entries, measures)


def apart(one: float, other: float) -> float:
    """Return the distance of two places within a second, in milliseconds."""
    return abs((one - other + 500) % 1000 - 500)


async def test_each_track_has_a_file_of_each_recorder(recorded: Recorded) -> None:
    for kind, source in (("picture", "camera"), ("sound", "microphone")):
        parts = recorded.parts(kind)
        assert {part["source"] for part in parts} == {source}
        found = sorted((part["identity"], part["closed"]) for part in parts)
        assert found == [(who, closed) for who in _PEOPLE for closed in (False, True)]
    for pictures in recorded.parts("picture"):
        assert pictures["measures"]["frames"] > 2 * FRAMES_PER_SECOND
    for sound in recorded.parts("sound"):
        assert sound["measures"][_PEOPLE[sound["identity"]]]["beeps"] >= 2
    assert recorded.folder.stat().st_mode & 0o777 == 0o700
    assert recorded.refused.startswith("FolderInUse")


async def test_a_recorder_that_is_killed_loses_two_seconds_at_most(recorded: Recorded) -> None:
    for pictures in recorded.parts("picture"):
        if not pictures["closed"]:
            assert (recorded.killed - pictures["measures"]["last"]) % AGAIN < _LOST_MS
    for sound in recorded.parts("sound"):
        if not sound["closed"]:
            heard = sound["at"] / 1000 + sound["measures"][_PEOPLE[sound["identity"]]]["seconds"] * 1000
            assert recorded.killed_at - heard < _LOST_MS


async def test_pictures_and_sound_of_the_tracks_are_in_step(recorded: Recorded) -> None:
    for sound in recorded.parts("sound"):
        heard = sound["at"] / 1000 + sound["measures"][_PEOPLE[sound["identity"]]]["offset"]
        for pictures in recorded.parts("picture"):
            if pictures["closed"] is sound["closed"]:
                seen = pictures["at"] / 1000 + pictures["measures"]["offset"]
                assert apart(heard, seen) < _IN_STEP_MS
                assert pictures["measures"]["within"] < _IN_STEP_MS


async def test_the_mixed_file_has_everybody_in_step(recorded: Recorded) -> None:
    tiles, sound = recorded.measures["mixed"]["pictures"], recorded.measures["mixed"]["sound"]
    assert all(tile["frames"] > 5 * FRAMES_PER_SECOND for tile in tiles)
    assert all(beeps["beeps"] >= 6 for beeps in sound.values())
    offsets = [tile["offset"] for tile in tiles] + [beeps["offset"] for beeps in sound.values()]
    assert all(apart(one, other) < _IN_STEP_MS for one in offsets for other in offsets), offsets
    assert all(tile["within"] < _IN_STEP_MS for tile in tiles)


async def test_its_reports_say_how_far_it_is(recorded: Recorded) -> None:
    progress = [report["done"] for report in recorded.reports if report["event"] == "mixing"]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 1)
    finished = recorded.reports[-1]
    assert (finished["event"], finished["reason"], finished["mixed"]) == ("finished", "asked", "mixed.webm")


async def test_without_a_room_it_says_so_and_the_token_stands_nowhere(sfu: Sfu, tmp_path: Path) -> None:
    folder, token = tmp_path / "recording", sfu.token("recorder", _NO_ROOM)
    async with sfu.recorder(folder, _NO_ROOM, token=token) as recorder:
        command = Path(f"/proc/{recorder.process.pid}/cmdline").read_bytes()
        failed = await recorder.until(lambda report: report["event"] == "failed")
        assert await recorder.ends() == 1
    assert failed["reason"].startswith("Unreachable")
    written = [(folder / "manifest.jsonl").read_text(), (sfu.folder / "recorder.log").read_text()]
    assert all(token not in text for text in (command.decode(), failed["reason"], *written))


async def test_an_interrupted_recording_goes_on_and_a_full_disk_ends_it(sfu: Sfu, tmp_path: Path) -> None:
    await sfu.makes_room(_EMPTY_ROOM)
    async with sfu.recorder(tmp_path, _EMPTY_ROOM) as first:
        await first.until(lambda report: report["event"] == "recording")
        first.process.send_signal(signal.SIGTERM)
        assert await first.until(lambda report: report["event"] == "interrupted")
        assert await first.ends() == 4
    async with sfu.recorder(
        tmp_path, _EMPTY_ROOM, request={"bounds": {"least_free_bytes": 1 << 60}}
    ) as second:
        finished = await second.until(lambda report: report["event"] == "finished")
        assert await second.ends() == 0
    assert (finished["reason"], finished["mixed"]) == ("disk", None)
    assert finished["seconds"] > 1


async def test_nobody_is_recorded_before_they_may_be(sfu: Sfu, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    request = {"people": ["ann"], "mixed": _MIXED}
    async with (
        sfu.call(_ASKED_ROOM, *_PEOPLE),
        sfu.recorder(folder, _ASKED_ROOM, request=request) as recorder,
    ):
        asked = await recorder.until(lambda report: report.get("tracks") == 2)
        assert asked["skipped"] == 2
        before = (folder / "manifest.jsonl").read_text()
        await recorder.tells({"people": ["bob"]})
        await recorder.until(lambda report: report.get("tracks") == 4)
        recorder.process.kill()
        await recorder.ends()
    assert '"identity":"ann"' in before
    assert '"identity":"bob"' not in before
    over = {"is_over": True, "mixed": _MIXED}
    async with sfu.recorder(folder, _ASKED_ROOM, token="of no use", request=over) as last:
        finished = await last.until(lambda report: report["event"] == "finished")
        assert await last.ends() == 0
    assert (finished["reason"], finished["mixed"]) == ("asked", "mixed.webm")
    async with sfu.recorder(tmp_path / "none", _ASKED_ROOM, request=over) as last:
        failed = await last.until(lambda report: report["event"] == "failed")
    assert failed["reason"].startswith("NothingRecorded")
