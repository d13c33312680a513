"""A connection to Redis for what is written and read all the time, since redis-py takes much CPU for it."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio.connection import SSLConnection, parse_url
from redis.exceptions import ResponseError

from parlour.cluster.redis.resp import ErrorAnswer, ProtocolViolated, RespReader, command


@dataclass(frozen=True, slots=True)
class WireOptions:
    """Where Redis is, and the commands by which a connection to it begins."""

    host: str
    port: int
    context: ssl.SSLContext | None
    greeting: tuple[bytes, ...] = field(repr=False)  # it has the password

    @staticmethod
    def of(url: str) -> "WireOptions":
        """Read a URL as redis-py does. The settings have validated it."""
        parts: dict[str, Any] = dict(parse_url(url))
        username, password = parts.get("username"), parts.get("password")
        greeting = []
        if username or password:
            login = [part.encode() for part in (username, password or "") if part is not None]
            greeting.append(command(b"AUTH", *login))
        if parts.get("db"):
            greeting.append(command(b"SELECT", b"%d" % parts["db"]))
        is_tls = parts.get("connection_class") is SSLConnection
        return WireOptions(
            host=parts.get("host", "localhost"),
            port=parts.get("port", 6379),
            context=ssl.create_default_context() if is_tls else None,
            greeting=tuple(greeting),
        )


class RedisWire(asyncio.Protocol):
    """Answers come in the order of the commands; `on_answer` gets each. Once the connection is lost, `lost`
    is done.
    """

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_answer: Callable[[Any], None] = self._ignore
        self._reader = RespReader()
        self._transport: asyncio.Transport | None = None

    async def ask(self, request: bytes) -> Any:
        """Send a command while no other one is under way. Raises ResponseError or ConnectionError."""
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.on_answer = answered.set_result
        self.write(request)
        try:
            await asyncio.wait({answered, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.on_answer = self._ignore
        if not answered.done():
            raise ConnectionError("the connection to Redis is lost")
        if isinstance(answer := answered.result(), ErrorAnswer):
            raise ResponseError(answer.message.partition(" ")[0])
        return answer

    def write(self, requests: bytes) -> None:
        if self._transport is not None:
            self._transport.write(requests)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def aclose(self) -> None:
        """Close the connection at once."""
        self.on_answer = self._ignore
        self.abort()
        await self.lost

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        try:
            answers = self._reader.feed(data)
        except ProtocolViolated:
            self.abort()
            return
        for answer in answers:
            self.on_answer(answer)

    def _ignore(self, _answer: Any) -> None:
        """An answer after the end of whoever asked."""


async def connect(options: WireOptions, *, patience: float) -> RedisWire:
    """Open a connection and log in, within `patience` seconds. Raises one of REDIS_UNAVAILABLE."""
    async with asyncio.timeout(patience):
        _, wire = await asyncio.get_running_loop().create_connection(
            RedisWire, options.host, options.port, ssl=options.context
        )
        try:
            for request in options.greeting:
                await wire.ask(request)
        except BaseException:
            await wire.aclose()
            raise
    return wire
