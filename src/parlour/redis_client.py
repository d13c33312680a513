"""Bounds for redis-py: connections never retry by themselves, and requests end when their task does.

Each connection goes to the master, where sentinels know which server that is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, ReadOnlyError, RedisError, ResponseError

from parlour.redis_url import Address, RedisUrl

MASTER_PROOF = ("DEL", "parlour/cluster/master")
"""A command that changes nothing, since no such key exists, but which a replica refuses."""

log = structlog.get_logger("parlour.redis")


class RedisMaster:
    """Where Redis is: the address of the URL, or what one of its sentinels says when it is asked.

    All connections to one Redis share one of these: where one of them learns that the master has moved, none
    uses the former one any longer.
    """

    def __init__(self, url: RedisUrl, *, seconds: float) -> None:
        """`seconds` bounds a connection with the questions to the sentinels, with equal shares."""
        self.url = url
        self._share = seconds / (len(url.addresses) + 1)
        self._sentinels = deque(url.addresses)
        self._address = None if url.master_name else url.addresses[0]
        self._is_doubted = False

    @staticmethod
    def of(url: str, *, seconds: float) -> "RedisMaster":
        """`url` has been validated by the settings."""
        return RedisMaster(RedisUrl.parse(url), seconds=seconds)

    @property
    def has_sentinels(self) -> bool:
        return self.url.master_name is not None

    async def find(self) -> Address:
        """Return the address of the master. The sentinel that knew it is the first to be asked next time.
        Raises an error of redis-py if none knows it.
        """
        name = self.url.master_name
        if name is None:
            return self.url.addresses[0]
        for sentinel in tuple(self._sentinels):
            try:
                async with bounded(self._share):
                    address = await self._told_by(sentinel, name)
            except (RedisError, OSError) as error:
                log.debug("redis.sentinel_away", sentinel=sentinel, error=type(error).__name__)
                address = None
            if address is not None:
                self._note(address, sentinel)
                return address
        raise RedisConnectionError("no sentinel knows the address of the master")

    def has_moved(self, address: Address) -> bool:
        return self._address != address

    def doubt(self, address: Address) -> None:
        """Ask the sentinel last that named this address: nobody answers there, or no master."""
        if self.has_sentinels and self._address == address and not self._is_doubted:
            self._is_doubted = True
            self._sentinels.rotate(-1)

    def _note(self, address: Address, sentinel: Address) -> None:
        self._sentinels.remove(sentinel)
        self._sentinels.appendleft(sentinel)
        if self._address not in (None, address):
            log.info("redis.master_moved", address=address)
        self._address = address
        self._is_doubted = False

    async def _told_by(self, sentinel: Address, name: str) -> Address | None:
        login, (host, port) = self.url.sentinel_login, sentinel
        client: Any = Redis(  # the library's own method has no types
            host=host,
            port=port,
            username=login.username,
            password=login.password,
            ssl=self.url.is_tls,
            socket_connect_timeout=self._share,
            socket_timeout=self._share,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        try:
            address: Address | None = await client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", name)
        finally:
            await client.aclose(close_connection_pool=True)
        return address


class MasterConnection(Connection):
    """A connection of redis-py to the master."""

    def __init__(self, *, master: RedisMaster, **options: Any) -> None:
        super().__init__(**options)
        self._master = master

    async def connect(self) -> None:
        """Called by the pool before each use."""
        if self.is_connected and not self._master.has_moved((self.host, self.port)):
            return
        await self.disconnect()
        self.host, self.port = await self._master.find()
        try:
            await cast(Any, super()).connect()
            if self._master.has_sentinels:
                await self.send_command(*MASTER_PROOF)
                await self.read_response()
        except BaseException:
            self._master.doubt((self.host, self.port))
            await self.disconnect(nowait=True)
            raise

    async def send_packed_command(self, *arguments: Any, **options: Any) -> None:
        """Treat a connection that was closed a moment ago as one that is lost: uvloop refuses to write to it
        with an error that redis-py does not know.
        """
        try:
            await super().send_packed_command(*arguments, **options)
        except RuntimeError as error:
            if "handler is closed" not in str(error):
                raise
            await self.disconnect(nowait=True)
            raise RedisConnectionError("the connection is closed") from error

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Treat a server that is no master any longer as one that is away: the next use connects anew."""
        try:
            return await super().read_response(*arguments, **options)
        except ResponseError as error:
            if not _is_no_master(error):
                raise
            self._master.doubt((self.host, self.port))
            await self.disconnect()
            raise RedisConnectionError("Redis is no master") from error


class MasterTlsConnection(MasterConnection, SSLConnection):
    """The same over TLS."""


def connection_pool(master: RedisMaster, *, connections: int, seconds: float) -> BlockingConnectionPool:
    """Build a pool whose connections never retry by themselves: the caller knows whether to.

    `seconds` bounds the wait for a free connection, the connecting, and each answer.
    """
    login = master.url.login
    return BlockingConnectionPool(
        max_connections=connections,
        timeout=seconds,
        connection_class=MasterTlsConnection if master.url.is_tls else MasterConnection,
        master=master,
        username=login.username,
        password=login.password,
        db=master.url.database,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,  # it would be one more round trip, for which who is far from Redis has no time
    )


def _is_no_master(error: ResponseError) -> bool:
    """A master without its replicas refuses too, where its settings say so (`min-replicas-to-write`)."""
    return isinstance(error, ReadOnlyError | MasterDownError) or str(error).startswith("NOREPLICAS")


@asynccontextmanager
async def bounded(seconds: float) -> AsyncIterator[None]:
    """Bound a request to Redis, and keep it from swallowing the cancellation of its task.

    redis-py swallows one that arrives while it connects: the task would go on, and the code that waits for
    its end would wait forever.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a request belongs to a task")
    cancellations = task.cancelling()
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        if task.cancelling() > cancellations:
            raise asyncio.CancelledError
