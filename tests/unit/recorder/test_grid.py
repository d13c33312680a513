"""Tiles of the mixed picture lie in it, apart from each other, and are as large as they can be."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.recorder.grid import Rectangle, fitted, grid


def apart(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.left + one.width <= other.left
        or other.left + other.width <= one.left
        or one.top + one.height <= other.top
        or other.top + other.height <= one.top
    )


@given(tiles=st.integers(0, 60), width=st.integers(160, 1920), height=st.integers(160, 1080))
def test_tiles_are_inside_and_apart(tiles: int, width: int, height: int) -> None:
    width, height = width // 2 * 2, height // 2 * 2
    places = grid(tiles, width, height)
    assert len(places) == tiles
    assert len({(place.width, place.height) for place in places}) <= 1
    for number, place in enumerate(places):
        assert 0 <= place.left <= place.left + place.width <= width
        assert 0 <= place.top <= place.top + place.height <= height
        assert [place.left % 2, place.top % 2, place.width % 2, place.height % 2] == [0, 0, 0, 0]
        assert all(apart(place, other) for other in places[:number])


def test_one_fills_the_picture_and_two_stand_side_by_side() -> None:
    assert grid(1, 1280, 720) == [Rectangle(0, 0, 1280, 720)]
    one, two = grid(2, 1280, 720)
    assert (one.top, one.width) == (two.top, two.width)
    assert one.left < two.left


def test_a_picture_of_another_shape_is_centred() -> None:
    place = Rectangle(100, 40, 640, 360)
    upright = fitted(360, 640, place)
    assert (upright.height, upright.top) == (360, 40)
    assert abs((upright.left - place.left) * 2 + upright.width - place.width) <= 4
    assert fitted(320, 180, place) == place
