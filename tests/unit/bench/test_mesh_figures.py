"""What the looks at the connections of a mesh say, and which calls a machine can measure."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.mesh.figures import Look, Received, Scene, Stream, received, upload
from bench.mesh.plan import COMPARED, camera_for, plans
from bench.mesh.report import charts, comparison, verdicts

STREAM = Stream(height=720, frames=0, freezes=0, heard=0, concealed=0, sent=0, limited="none")


def _looks(*streams: Stream) -> list[Look]:
    return [Look(at=float(second), of={"0": stream}) for second, stream in enumerate(streams)]


def test_rates_are_those_between_the_first_look_and_the_last() -> None:
    looks = _looks(
        replace(STREAM, frames=100, sent=1_000),
        replace(STREAM, frames=115, sent=1_500),
        replace(STREAM, frames=160, sent=3_000),
    )
    (one,) = received(looks)
    assert one.frames_per_second == 30
    assert one.moves
    assert upload(looks) == 8_000


def test_a_picture_that_has_stopped_has_no_lines() -> None:
    (one,) = received(_looks(replace(STREAM, frames=100), replace(STREAM, frames=100)))
    assert (one.height, one.moves) == (0, False)


@pytest.mark.parametrize(
    ("concealed", "frames", "breaks"),
    [(4_800, 30, 1), (4_700, 30, 0), (48_000, 0, 0)],
    ids=["a tenth made up", "a little less", "no pictures came"],
)
def test_sound_breaks_where_pictures_came(concealed: int, frames: int, breaks: int) -> None:
    (one,) = received(_looks(STREAM, replace(STREAM, heard=48_000, concealed=concealed, frames=frames)))
    assert one.breaks == breaks


def test_a_connection_that_is_new_or_gone_is_left_out() -> None:
    looks = [Look(0, {"0": STREAM}), Look(1, {"1": STREAM})]
    assert received(looks) == []
    assert upload(looks) == 0


def test_more_people_have_smaller_cameras_until_there_are_too_many() -> None:
    heights = [camera.height if (camera := camera_for(people, 2)) else None for people in (2, 4, 6, 8, 9)]
    assert heights == [720, 720, 270, 180, None]
    assert camera_for(8, 8) == camera_for(2, 2)


def test_the_call_of_four_alone_is_compared_and_only_without_limits() -> None:
    planned = plans((2, 4, 8), cores=2, compare=True)
    fixed = [plan for plan in planned if plan.is_fixed]
    assert [(plan.people, plan.lines) for plan in fixed] == [(COMPARED, [(None, 0.0)])]


def test_reports_name_what_is_missed() -> None:
    still = Received(height=0, frames_per_second=0, freezes=0, sound_concealed=0.2, breaks=3)
    scenes = [_scene([still]), _scene([still], is_fixed=True)]
    assert "| pictures that move, 4 people at 5 Mbit/s up | 100% | 0% |" in verdicts(scenes, [])
    assert comparison(scenes) == ""
    assert comparison([replace(scene, upload=None) for scene in scenes]).count("\n") == 3
    assert all(svg.startswith("<svg") for svg in charts(scenes).values())


def _scene(found: Sequence[Received], *, is_fixed: bool = False) -> Scene:
    return Scene(
        people=4,
        camera="720p10",
        upload=5e6,
        loss=0.0,
        received=found,
        used=[],
        seconds=6.0,
        is_fixed=is_fixed,
    )
