"""A connection to Redis for what is written and read all the time, since redis-py takes much CPU for it."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from redis.exceptions import RedisError, ResponseError

from parlour.cluster.redis.resp import ErrorAnswer, ProtocolViolated, RespReader, command
from parlour.redis_client import MASTER_PROOF, RedisMaster, bounded
from parlour.redis_url import Address


@dataclass(frozen=True, slots=True)
class WireOptions:
    """Where Redis is, and the commands by which a connection to it begins."""

    master: RedisMaster
    context: ssl.SSLContext | None
    greeting: tuple[bytes, ...] = field(repr=False)  # it has the password

    @staticmethod
    def of(master: RedisMaster) -> "WireOptions":
        """Log in and choose the database as redis-py does."""
        login, greeting = master.url.login, []
        if login.username or login.password:
            words = [word for word in (login.username, login.password or "") if word is not None]
            greeting.append(command(b"AUTH", *(word.encode() for word in words)))
        if master.url.database:
            greeting.append(command(b"SELECT", b"%d" % master.url.database))
        if master.has_sentinels:
            greeting.append(command(*(word.encode() for word in MASTER_PROOF)))
        return WireOptions(
            master=master,
            context=ssl.create_default_context() if master.url.is_tls else None,
            greeting=tuple(greeting),
        )


class RedisWire(asyncio.Protocol):
    """Answers come in the order of the commands; `on_answer` gets each. Once the connection is lost, `lost`
    is done.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_answer: Callable[[Any], None] = self._ignore
        self.reads_whole: Callable[[bytes], bool] = self._reads_nothing
        """Gets what arrives between two answers before anybody else. It returns False, having done nothing,
        unless that was one whole answer, or some, and it took them.
        """
        self._reader = RespReader()
        self._transport: asyncio.Transport | None = None
        self._is_resting = False
        self.write: Callable[[bytes], None] = self._drop
        """Sends requests, as long as there is a connection."""

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

    def _drop(self, _requests: bytes) -> None:
        """There is no connection."""

    def rest(self) -> None:
        """Read nothing until `attend`: what is read alone costs a wake-up of the process. The end of the
        connection is noticed then, too.
        """
        if self._transport is not None and not self._is_resting and not self._transport.is_closing():
            self._is_resting = True
            self._transport.pause_reading()

    def attend(self) -> None:
        """Read again; without effect if `rest` was not called."""
        if self._transport is not None and self._is_resting and not self._transport.is_closing():
            self._is_resting = False
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def aclose(self) -> None:
        """Close the connection at once."""
        self.on_answer, self.reads_whole = self._ignore, self._reads_nothing
        self.abort()
        await self.lost

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport, self.write = None, self._drop
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self._reader.is_amid and self.reads_whole(data):
            return
        try:
            answers = self._reader.feed(data)
        except ProtocolViolated:
            self.abort()
            return
        for answer in answers:
            self.on_answer(answer)

    def _reads_nothing(self, _data: bytes) -> bool:
        return False

    def _ignore(self, _answer: Any) -> None:
        """An answer after the end of whoever asked."""


async def connect(options: WireOptions, *, patience: float) -> RedisWire:
    """Open a connection and log in, within `patience` seconds. Raises one of REDIS_UNAVAILABLE."""
    async with bounded(patience):
        host, port = address = await options.master.find()
        try:
            return await _connected(options, host, port)
        except (RedisError, OSError, asyncio.CancelledError):
            options.master.doubt(address)
            raise


async def _connected(options: WireOptions, host: str, port: int) -> RedisWire:
    _, wire = await asyncio.get_running_loop().create_connection(
        lambda: RedisWire((host, port)), host, port, ssl=options.context
    )
    try:
        for request in options.greeting:
            await wire.ask(request)
    except BaseException:
        await wire.aclose()
        raise
    return wire
