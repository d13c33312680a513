"""RESP2, the protocol of Redis: commands are written, and answers read from whatever pieces arrive. Pure."""

from dataclasses import dataclass
from typing import Any

MAX_BULK_BYTES = 64 * 1024 * 1024
MAX_ITEMS = 1_000_000
MAX_DEPTH = 8
MAX_LINE_BYTES = 64 * 1024

_END = b"\r\n"
_SIMPLE, _ERROR, _INTEGER, _BULK, _ARRAY = b"+-:$*"


class ProtocolViolated(Exception):
    """What came is no RESP2, or larger than any answer that was asked for."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Redis refuses a command."""

    message: str


def command(*arguments: bytes) -> bytes:
    parts = [b"*%d\r\n" % len(arguments)]
    parts += [b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments]
    return b"".join(parts)


class RespReader:
    """Takes bytes as they arrive, and returns the answers that are complete: bytes, numbers, None, lists and
    ErrorAnswer.
    """

    __slots__ = ("_buffer", "_open", "is_amid")

    def __init__(self) -> None:
        self.is_amid = False
        """True while a part of an answer has arrived; for reading only."""
        self._buffer = b""
        self._open: list[tuple[list[Any], int]] = []
        """The lists whose items have not all arrived, outermost first, and how many items each has."""

    def feed(self, data: bytes) -> list[Any]:
        """Raises ProtocolViolated; the reader is of no use afterwards."""
        buffer = self._buffer + data if self._buffer else data
        answers: list[Any] = []
        position = 0
        while (end := buffer.find(_END, position)) >= 0:
            kind, after = buffer[position], end + 2
            if kind == _BULK:
                length = _number(buffer[position + 1 : end], MAX_BULK_BYTES)
                if length >= 0:
                    after += length + 2
                    if after > len(buffer):
                        break
                    self._close(_bulk(buffer, end + 2, after), answers)
                else:
                    self._close(None, answers)
            elif kind == _ARRAY:
                self._open_list(_number(buffer[position + 1 : end], MAX_ITEMS), answers)
            else:
                self._close(_simple(kind, buffer[position + 1 : end]), answers)
            position = after
        else:
            if len(buffer) - position > MAX_LINE_BYTES:
                raise ProtocolViolated("a line without an end")
        self._buffer = buffer[position:]
        self.is_amid = bool(self._buffer or self._open)
        return answers

    def _open_list(self, count: int, answers: list[Any]) -> None:
        if count > 0:
            if len(self._open) >= MAX_DEPTH:
                raise ProtocolViolated("lists within lists")
            self._open.append(([], count))
        else:
            self._close([] if count == 0 else None, answers)

    def _close(self, value: Any, answers: list[Any]) -> None:
        """Add a complete value to the list that it belongs to, and close what is complete with it."""
        while self._open:
            items, count = self._open[-1]
            items.append(value)
            if len(items) < count:
                return
            self._open.pop()
            value = items
        answers.append(value)


def _bulk(buffer: bytes, start: int, after: int) -> bytes:
    if buffer[after - 2 : after] != _END:
        raise ProtocolViolated("a string without its end")
    return buffer[start : after - 2]


def _simple(kind: int, line: bytes) -> bytes | int | ErrorAnswer:
    if kind == _INTEGER:
        return _number(line, None)
    if kind == _SIMPLE:
        return line
    if kind == _ERROR:
        return ErrorAnswer(line.decode(errors="replace"))
    raise ProtocolViolated(f"an answer of kind {kind:#x}")


def _number(digits: bytes, most: int | None) -> int:
    try:
        number = int(digits)
    except ValueError:
        raise ProtocolViolated("a number that is none") from None
    if most is not None and not -1 <= number <= most:
        raise ProtocolViolated(f"{number} bytes or items")
    return number
