"""Ask an SFU a question over HTTP whose answer is short: a status and some words."""

import asyncio
import re

from parlour.http.tunnel.requests import Query, credentials, location, read_status
from parlour.http.tunnel.targets import Target

ANSWER_SECONDS = 3.0
WORDS_BYTES = 200
"""The most bytes that are read of an answer's body."""
_HEAD_BYTES = 8 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9})\r\n", re.IGNORECASE)


class NoAnswer(Exception):
    """The SFU gave no answer, or none that was understood."""


async def ask(
    target: Target,
    service: bytes,
    query: Query | None = None,
    *,
    client: str = "",
    seconds: float = ANSWER_SECONDS,
) -> tuple[int, bytes]:
    """Return the status and the first words of an answer. Raises NoAnswer."""
    lines = [
        b"GET %b HTTP/1.1" % location(target, service, b"" if query is None else query.rest),
        b"Host: " + target.authority,
        b"Connection: close",
        *([] if query is None else credentials(query.token, client=client)),
    ]
    try:
        async with asyncio.timeout(seconds):
            return await _asked(target, b"\r\n".join([*lines, b"", b""]))
    except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error


async def _asked(target: Target, request: bytes) -> tuple[int, bytes]:
    """Raises NoAnswer, OSError, EOFError or LimitOverrunError."""
    reader, writer = await asyncio.open_connection(
        target.host, target.port, ssl=target.tls, limit=_HEAD_BYTES
    )
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = read_status(head)
        if status is None:
            raise NoAnswer("it does not speak HTTP")
        length = _LENGTH.search(head)
        words = await _first_bytes(reader, 0 if length is None else min(int(length[1]), WORDS_BYTES))
        return status, words
    finally:
        writer.transport.abort()


async def _first_bytes(reader: asyncio.StreamReader, size: int) -> bytes:
    found = b""
    while len(found) < size and (more := await reader.read(size - len(found))):
        found += more
    return found
