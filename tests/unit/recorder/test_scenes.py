"""Scenes say who is seen when: with a picture, by the name alone, or not at all."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parlour.recorder.manifest import Kind, Part, PartBegan
from parlour.recorder.scenes import Scene, Tile, scenes

_SECOND = 1_000_000


def part(identity: str, source: str, begin: float, end: float) -> Part:
    kind: Kind = "sound" if source == "microphone" else "picture"
    at = int(begin * _SECOND)
    file = f"{identity}-{source}-{begin}"
    began = PartBegan(at=at, file=file, kind=kind, identity=identity, source=source, track="TR")
    return Part(began, int(end * _SECOND))


def scene(begin: float, end: float, *tiles: Tile) -> Scene:
    return Scene(int(begin * _SECOND), int(end * _SECOND), tiles)


def test_people_come_and_go_in_their_order() -> None:
    parts = [part("bob", "camera", 2, 5), part("ann", "camera", 1, 4), part("ann", "microphone", 0, 4)]
    ann, bob = Tile("Ann", "ann-camera-1"), Tile("bob", "bob-camera-2")
    assert scenes(parts, {"ann": "Ann"}) == [
        scene(0, 1, Tile("Ann", None)),
        scene(1, 2, ann),
        scene(2, 4, ann, bob),
        scene(4, 5, bob),
    ]


def test_a_shared_screen_comes_first_and_leaves_the_person_a_tile() -> None:
    parts = [part("ann", "camera", 0, 4), part("ann", "screenshare", 1, 2)]
    ann = Tile("ann", "ann-camera-0")
    assert scenes(parts, {}) == [
        scene(0, 1, ann),
        scene(1, 2, Tile("ann", "ann-screenshare-1"), ann),
        scene(2, 4, ann),
    ]


def test_who_is_away_for_some_seconds_keeps_the_tile() -> None:
    """The recorder crashed at 3, and its successor went on at 5; an hour later somebody is seen again."""
    parts = [part("ann", "camera", 0, 3), part("ann", "camera", 5, 6), part("ann", "camera", 3606, 3607)]
    assert scenes(parts, {}) == [
        scene(0, 3, Tile("ann", "ann-camera-0")),
        scene(3, 5, Tile("ann", None)),
        scene(5, 6, Tile("ann", "ann-camera-5")),
        scene(6, 3606),
        scene(3606, 3607, Tile("ann", "ann-camera-3606")),
    ]


def test_parts_that_hold_nothing_are_left_out() -> None:
    assert scenes([part("ann", "camera", 3, 3)], {}) == []


_TIMES = st.integers(0, 60)
_PARTS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from(("camera", "microphone", "screenshare")), _TIMES, _TIMES
    ),
    max_size=12,
)


@given(_PARTS)
def test_scenes_follow_each_other_without_a_gap(described: list[tuple[str, str, int, int]]) -> None:
    found = scenes([part(*one) for one in described], {})
    lasting = [one for one in described if one[3] > one[2]]
    assert bool(found) == bool(lasting)
    for before, after in pairwise(found):
        assert before.ended == after.began
        assert before.tiles != after.tiles
    if lasting:
        assert found[0].began == min(one[2] for one in lasting) * _SECOND
        assert found[-1].ended == max(one[3] for one in lasting) * _SECOND
