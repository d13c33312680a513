"""Range requests (RFC 9110, section 14): which bytes of a file are asked for. Pure."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


class RangeNotSatisfiable(Exception):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `start` on."""

    start: int
    length: int


def asked_range(asked: str | None, if_range: str | None, tag: str, size: int) -> ByteRange | None:
    """Return the range that a request asks for, None for the whole file. Raises RangeNotSatisfiable.

    Several ranges, other units and what is none are passed over, as the RFC allows. `if_range` is the header
    of this name, `tag` the file's entity tag.
    """
    found = None if asked is None else _ONE_RANGE.fullmatch(asked.strip())
    if found is None or (if_range is not None and if_range.strip() != tag):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise RangeNotSatisfiable
        return ByteRange(size - length, length)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable
    end = min(int(last), size - 1) if last else size - 1
    return ByteRange(start, end - start + 1)
