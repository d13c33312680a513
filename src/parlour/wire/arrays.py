"""JSON of any length, encoded and sent in turns of the event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from pydantic import BaseModel

ITEMS_A_TURN, BYTES_A_PIECE = 50, 65_536


def json_array(items: Iterable[BaseModel]) -> AsyncIterator[bytes]:
    """The items as JSON, in pieces. They may be made on the way: a generator's work is done in turns too."""
    return array_of(encoded_item(item) for item in items)


def encoded_item(item: BaseModel) -> bytes:
    return item.model_dump_json().encode()


async def array_of(items: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Join items that are JSON already to an array, in pieces."""
    piece, length, separator = [b"["], 0, b""
    for position, encoded in enumerate(items):
        if position % ITEMS_A_TURN == 0:  # `in_turns` would cost as much as the rest
            await asyncio.sleep(0)
        piece += (separator, encoded)
        separator = b","
        length += len(encoded)
        if length > BYTES_A_PIECE:
            yield b"".join(piece)
            piece, length = [], 0
    yield b"".join([*piece, b"]"])


async def json_object(**members: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """An object whose members' values come in pieces."""
    start = b"{"
    for name, pieces in members.items():
        yield start + b'"' + name.encode() + b'":'
        async for piece in pieces:
            yield piece
        start = b","
    yield b"}"


async def json_value(value: BaseModel) -> AsyncIterator[bytes]:
    yield value.model_dump_json().encode()
