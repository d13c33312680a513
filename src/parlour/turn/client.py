"""A small STUN and TURN client, by which `parlour doctor` and the tests ask a server."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast

from parlour.turn.stun import (
    HEADER_LENGTH,
    UDP_TRANSPORT,
    Attribute,
    IpAddress,
    Kind,
    MalformedStun,
    Method,
    StunMessage,
    TransportAddress,
    decoded,
    is_signed,
    long_term_key,
    xor_encoded,
)
from parlour.turn.uri import IceUri

FIRST_REPEAT_SECONDS = 0.5
"""The first retransmission over UDP; each further one waits twice as long (RFC 8489, section 6.2.1)."""
UNAUTHORIZED, STALE_NONCE = 401, 438
_LONGEST = 65_535
_KEPT_MESSAGES = 256


class NoAnswer(Exception):
    """The server did not answer in time, or hung up."""


class TurnRefusal(Exception):
    """The server refuses a request, by a code of RFC 8489 or RFC 8656."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code


class _Line(Protocol):
    """A way for messages to the server; `repeats` says that they may be lost."""

    repeats: bool
    arrived: asyncio.Queue[bytes | None]

    def send(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class _Datagrams(asyncio.DatagramProtocol):
    repeats = True

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes | None] = asyncio.Queue(_KEPT_MESSAGES)
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # uvloop's is another class

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.arrived.full():
            self.arrived.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """Pass over what ICMP says: a later answer still counts, and none is NoAnswer."""

    def send(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.sendto(data)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class _Stream:
    """Messages over TCP or TLS: each says its own length (RFC 8489, section 6.2.2)."""

    repeats = False

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrived: asyncio.Queue[bytes | None] = asyncio.Queue(_KEPT_MESSAGES)
        self._reader, self._writer = reader, writer
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(HEADER_LENGTH)
                (length,) = struct.unpack_from("!H", head, 2)
                await self.arrived.put(head + await self._reader.readexactly(length))
        except (OSError, EOFError):
            await self.arrived.put(None)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._reading.cancel()
        self._writer.close()


class TurnClient:
    """A conversation with one server. Every wait ends after `within` seconds, by NoAnswer."""

    def __init__(self, line: _Line, *, within: float) -> None:
        self._line = line
        self._within = within
        self._credentials: tuple[tuple[int, bytes], ...] = ()
        self._key: bytes | None = None
        self._challenge: tuple[tuple[int, bytes], ...] = ()
        self._realm = ""
        self._data: list[tuple[TransportAddress, bytes]] = []
        self._holds_relay = False

    async def bind(self) -> TransportAddress:
        """Ask a STUN server which address it sees. Raises NoAnswer, TurnRefusal or MalformedStun."""
        answer = await self._ask(Method.BINDING)
        return answer.address(Attribute.XOR_MAPPED_ADDRESS)

    async def allocate(self, username: str, password: str) -> TransportAddress:
        """Allocate a relay; return its address. Raises as `bind`; TurnRefusal 401 for wrong credentials."""
        wanted = (Attribute.REQUESTED_TRANSPORT, UDP_TRANSPORT)
        try:
            await self._ask(Method.ALLOCATE, wanted)
        except TurnRefusal as refusal:
            if refusal.code != UNAUTHORIZED:
                raise
        else:
            raise MalformedStun("a relay without credentials")
        self._key = long_term_key(username, self._realm, password)
        self._credentials = ((Attribute.USERNAME, username.encode()), *self._challenge)
        answer = await self._ask(Method.ALLOCATE, wanted)
        self._holds_relay = True
        return answer.address(Attribute.XOR_RELAYED_ADDRESS)

    async def permit(self, peer: IpAddress) -> None:
        """Let this peer's packets through, in both directions. Raises TurnRefusal 403 for a denied one."""
        message = StunMessage.new(Method.CREATE_PERMISSION)
        peer_address = xor_encoded(TransportAddress(peer, 0), message.transaction)
        await self._ask(
            Method.CREATE_PERMISSION, (Attribute.XOR_PEER_ADDRESS, peer_address), asked_as=message.transaction
        )

    def send(self, peer: TransportAddress, data: bytes) -> None:
        """Send a packet from the relay to a peer."""
        message = StunMessage.new(Method.SEND, kind=Kind.INDICATION)
        address = xor_encoded(peer, message.transaction)
        attributes = ((int(Attribute.XOR_PEER_ADDRESS), address), (int(Attribute.DATA), data))
        self._line.send(StunMessage(message.method, message.kind, message.transaction, attributes).encoded())

    async def receive(self) -> tuple[TransportAddress, bytes]:
        """Return the next packet that the relay got, and its sender. Raises NoAnswer."""
        try:
            async with asyncio.timeout(self._within):
                while not self._data:
                    self._note(await self._next())
        except TimeoutError as error:
            raise NoAnswer("no packet came back") from error
        return self._data.pop(0)

    async def refresh(self, *, seconds: int) -> None:
        """Keep the relay for so long from now on. Raises as `allocate`."""
        await self._ask(Method.REFRESH, (Attribute.LIFETIME, struct.pack("!I", seconds)))

    async def release(self) -> None:
        """Give the relay back. Raises as `bind`."""
        await self.refresh(seconds=0)
        self._holds_relay = False

    def close(self) -> None:
        """Give the relay back without waiting for the answer, and hang up.

        A server keeps a relay for minutes. The next client to be given this port would be refused (437).
        """
        if self._holds_relay:
            lifetime = (int(Attribute.LIFETIME), struct.pack("!I", 0))
            new = StunMessage.new(Method.REFRESH)
            request = StunMessage(
                Method.REFRESH, Kind.REQUEST, new.transaction, (lifetime, *self._credentials)
            )
            self._line.send(request.encoded(self._key))
        self._line.close()

    async def _ask(
        self, method: Method, *attributes: tuple[int, bytes], asked_as: bytes | None = None
    ) -> StunMessage:
        try:
            return await self._ask_once(method, *attributes, asked_as=asked_as)
        except TurnRefusal as refusal:
            if refusal.code != STALE_NONCE:
                raise
        username = self._credentials[:1]
        self._credentials = (*username, *self._challenge)
        return await self._ask_once(method, *attributes, asked_as=asked_as)

    async def _ask_once(
        self, method: Method, *attributes: tuple[int, bytes], asked_as: bytes | None
    ) -> StunMessage:
        new = StunMessage.new(method)
        transaction = asked_as or new.transaction
        request = StunMessage(method, Kind.REQUEST, transaction, (*attributes, *self._credentials))
        try:
            async with asyncio.timeout(self._within):
                raw, answer = await self._exchange(request.encoded(self._key), transaction)
        except TimeoutError as error:
            raise NoAnswer("no answer in time") from error
        if answer.kind is Kind.ERROR:
            self._challenge = tuple(
                (kind, value)
                for kind, value in answer.attributes
                if kind in (Attribute.REALM, Attribute.NONCE)
            )
            realm = answer.value(Attribute.REALM)
            self._realm = "" if realm is None else realm.decode(errors="replace")
            raise TurnRefusal(*(answer.error() or (500, "an error without a code")))
        if self._key is not None and not is_signed(raw, self._key):
            raise MalformedStun("an answer that another server has signed")
        return answer

    async def _exchange(self, request: bytes, transaction: bytes) -> tuple[bytes, StunMessage]:
        """Send until there is an answer."""
        pause = FIRST_REPEAT_SECONDS
        while True:
            self._line.send(request)
            try:
                async with asyncio.timeout(pause if self._line.repeats else None):
                    while True:
                        raw = await self._next()
                        message = self._note(raw)
                        if message is not None and message.transaction == transaction:
                            return raw, message
            except TimeoutError:
                pause *= 2

    async def _next(self) -> bytes:
        raw = await self._line.arrived.get()
        if raw is None:
            raise NoAnswer("the server hung up")
        return raw

    def _note(self, raw: bytes) -> StunMessage | None:
        """Keep a packet of a peer; return any other message, and None for what is no STUN."""
        try:
            message = decoded(raw)
            if message.method is not Method.DATA:
                return message
            peer = message.address(Attribute.XOR_PEER_ADDRESS)
        except MalformedStun:
            return None
        if len(self._data) < _KEPT_MESSAGES:
            self._data.append((peer, message.value(Attribute.DATA) or b""))
        return None


@asynccontextmanager
async def turn_client(
    uri: IceUri, *, within: float = 5.0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[TurnClient]:
    """Reach a server by the transport of its URI. Raises NoAnswer, or SSLError for a wrong certificate."""
    try:
        async with asyncio.timeout(within):
            line = await _open(uri, tls)
    except ssl.SSLError:
        raise
    except (OSError, TimeoutError) as error:
        raise NoAnswer(str(error) or "no connection in time") from error
    client = TurnClient(line, within=within)
    try:
        yield client
    finally:
        client.close()


async def _open(uri: IceUri, tls: ssl.SSLContext | None) -> _Line:
    loop = asyncio.get_running_loop()
    if uri.transport == "udp":
        _, protocol = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(uri.host, uri.port))
        return protocol
    context = None
    if uri.transport == "tls":
        context = tls or ssl.create_default_context()
    reader, writer = await asyncio.open_connection(uri.host, uri.port, ssl=context, limit=_LONGEST)
    return _Stream(reader, writer)
