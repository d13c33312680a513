"""JSON in pieces is the same JSON."""

import json

import pytest
from pydantic import BaseModel

from parlour.wire.arrays import BYTES_A_PIECE, json_array, json_object, json_value


class Item(BaseModel):
    text: str


@pytest.mark.parametrize("count", [0, 1, 2, 50, 51, 500])
@pytest.mark.parametrize("length", [0, 1000, BYTES_A_PIECE + 1])
async def test_pieces_make_one_text(count: int, length: int) -> None:
    items = [Item(text="ü" * length) for _ in range(min(count, 60) if length > BYTES_A_PIECE else count)]
    pieces = [piece async for piece in json_array(items)]
    assert json.loads(b"".join(pieces)) == [item.model_dump() for item in items]
    assert max(map(len, pieces)) <= 4 * BYTES_A_PIECE


async def test_an_object_of_lists() -> None:
    one = Item(text="x")
    pieces = json_object(first=json_value(one), none=json_array([]), some=json_array([one, one]))
    text = b"".join([piece async for piece in pieces])
    assert json.loads(text) == {"first": {"text": "x"}, "none": [], "some": [{"text": "x"}] * 2}
