"""The only module that knows Socket.IO: packets in, use cases of the hub; messages out, packets.

python-socketio reads one connection's packets one after the other (`async_handlers=False`), so that a
sender's order is kept; what the hub delivers goes through one queue, so that everybody's is.
"""

import asyncio
import re
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any, cast

import msgspec
import socketio
import structlog
from socketio import packet
from starlette.types import ASGIApp, Receive, Scope, Send

from parlour.accounts.http import COOKIE, Origins
from parlour.accounts.identity import Identity
from parlour.accounts.sessions import Sessions
from parlour.calls.hub import Hub
from parlour.calls.presence import ConnectionId
from parlour.calls.refusals import InvalidPayload, UnknownEvent
from parlour.calls.waiting import WaitingRoom
from parlour.errors import InternalError, InvalidToken, Refusal
from parlour.wire.signaling import (
    LEGACY_DESCRIPTION_EVENT,
    Acknowledgement,
    AnyServerEvent,
    DescriptionFromPeer,
    Handshake,
    Refused,
    Rejected,
    parse_client_event,
    to_payload,
)

log = structlog.get_logger("parlour.signaling")

MAX_MESSAGE_BYTES = 1_000_000
MAX_PACKETS_PER_POLL = 10_000
"""A client that polls sends all that it has in one body, up to the bytes that it may."""

# In JSON: an escape that no backslash before it makes plain text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Outgoing:
    """What waits to be sent, in order. The hub fills it; `SignalingServer.run` empties it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[ConnectionId, AnyServerEvent | None]] = asyncio.Queue()

    def deliver(self, to: ConnectionId, message: AnyServerEvent) -> None:
        self._queue.put_nowait((to, message))

    def hang_up(self, connection: ConnectionId) -> None:
        self._queue.put_nowait((connection, None))

    async def next(self) -> tuple[ConnectionId, AnyServerEvent | None]:
        return await self._queue.get()


class SignalingServer(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """Overrides where python-socketio decides for itself what the contract decides differently."""

    def __init__(
        self,
        *,
        hub: Hub,
        outgoing: Outgoing,
        sessions: Sessions,
        origins: Origins,
        waiting_room: WaitingRoom,
    ) -> None:
        super().__init__(
            async_mode="asgi",
            async_handlers=False,
            cors_allowed_origins=[],  # the headers are the whole server's affair; sites are judged below
            http_compression=False,
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            logger=False,
            engineio_logger=False,
        )
        # The library's own 16 break off a client that sends its candidates in one go.
        socketio.base_server.engineio.payload.Payload.max_decode_packets = MAX_PACKETS_PER_POLL
        self._hub = hub
        self._outgoing = outgoing
        self._sessions = sessions
        self._origins = origins
        self._waiting_room = waiting_room
        self._by_cookie: set[ConnectionId] = set()
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._opened_at: dict[str, float] = {}
        self.on("connect", self._on_connect)
        self.on("disconnect", self._on_disconnect)

    async def run(self) -> None:
        """Sends what is delivered, until cancelled."""
        while True:
            connection, message = await self._outgoing.next()
            if message is None:
                await self.disconnect(connection)
                continue
            payload = to_payload(message)
            await self.emit(message.event, payload, to=connection)
            if isinstance(message, DescriptionFromPeer) and connection in self._by_cookie:
                await self.emit(LEGACY_DESCRIPTION_EVENT, payload, to=connection)

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: object) -> None:
        """A CONNECT without identity waits; one with identity is answered before anything is sent."""
        if namespace not in (None, "/"):
            await self._refuse_connect(eio_sid, {"message": "Invalid namespace"}, namespace)
            return
        if self.manager.sid_from_eio_sid(eio_sid, "/") is not None:
            return
        environ: dict[str, Any] = self.environ[eio_sid]
        by_cookie = False
        try:
            token = _token(data)
            if token is not None:
                identity: Identity | None = await self._sessions.identify_access(token)
            else:
                identity = await self._identify_cookie(environ)
                by_cookie = True
        except Refusal as refusal:
            reason = {"message": refusal.message, "data": {"code": refusal.code}}
            await self._refuse_connect(eio_sid, reason, "/")
            return
        if identity is None:
            if eio_sid not in self._waiting:
                waiting = self._wait(eio_sid, _address(environ))
                self._waiting[eio_sid] = asyncio.create_task(waiting)
            return
        await super()._handle_connect(eio_sid, namespace, None)
        sid = ConnectionId(self.manager.sid_from_eio_sid(eio_sid, "/"))
        if by_cookie:
            self._by_cookie.add(sid)
        self._hub.connected(sid, identity)

    def asgi(self, *, path: str) -> ASGIApp:
        """Answers below this path. A packet that is none ends its own transport, and nothing else."""
        app = cast("ASGIApp", socketio.ASGIApp(self, socketio_path=path))

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except ValueError:
                for eio_sid, environ in list(self.environ.items()):
                    if environ["asgi.scope"] is scope:
                        await self._drop_transport(eio_sid)

        return answer

    async def _wait(self, eio_sid: str, address: str) -> None:
        """Beside the transport's reader, which notices where the client goes."""
        await self._waiting_room.wait(address, since=self._opened_at[eio_sid])
        self._waiting.pop(eio_sid, None)
        if self.manager.sid_from_eio_sid(eio_sid, "/") is None:
            await self._drop_transport(eio_sid)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin not in self._origins.allowed:
            return False
        self._opened_at[eio_sid] = time.monotonic()
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._opened_at.pop(eio_sid, None)
        waiting = self._waiting.pop(eio_sid, None)
        if waiting is not None:
            waiting.cancel()
        await super()._handle_eio_disconnect(eio_sid, reason)

    async def _drop_transport(self, eio_sid: str) -> None:
        """Closes without a packet of Socket.IO or Engine.IO, so that clients come back by themselves."""
        transport = self.eio.sockets.get(eio_sid)
        if transport is not None:
            await transport.close(wait=False, abort=True)
            await transport.queue.put(None)  # ends the writer, which closes the WebSocket

    async def _refuse_connect(self, eio_sid: str, reason: dict[str, Any], namespace: str) -> None:
        refusal = self.packet_class(packet.CONNECT_ERROR, data=reason, namespace=namespace)
        await self._send_packet(eio_sid, refusal)

    async def _identify_cookie(self, environ: dict[str, Any]) -> Identity | None:
        """None without a cookie, or where it comes from a site that may not use it."""
        cookie = _cookie(environ)
        if cookie is None or not self._origins.allows(
            origin=environ.get("HTTP_ORIGIN"), fetch_site=environ.get("HTTP_SEC_FETCH_SITE")
        ):
            return None
        return await self._sessions.identify_refresh(cookie)

    async def _on_connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        """Identity was settled in `_handle_connect`."""

    async def _on_disconnect(self, sid: str, reason: str) -> None:
        connection = ConnectionId(sid)
        self._by_cookie.discard(connection)
        await self._hub.disconnected(connection)

    async def _handle_event(
        self, eio_sid: str, namespace: str | None, ack_id: int | None, data: object
    ) -> None:
        """Acknowledges what asks for it; a refusal of what does not is sent as `refused`."""
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if sid is None or not self.manager.is_connected(sid, namespace or "/"):
            return
        connection = ConnectionId(sid)
        name = data[0] if isinstance(data, list) and data and isinstance(data[0], str) else ""
        arguments = data[1:] if isinstance(data, list) else []
        answer = await self._answer(connection, name, arguments[0] if arguments else None)
        if ack_id is not None:
            payload = [to_payload(answer)]
            await self._send_packet(
                eio_sid, self.packet_class(packet.ACK, namespace=namespace, id=ack_id, data=payload)
            )
        elif isinstance(answer, Rejected):
            self._outgoing.deliver(connection, Refused(name[:64], answer.code, answer.message))

    async def _answer(self, connection: ConnectionId, name: str, payload: object) -> Acknowledgement:
        try:
            event = parse_client_event(name, payload)
            if _NUL.search(msgspec.json.encode(event)):
                return _rejected(InvalidPayload())
            return await self._hub.handle(connection, event)
        except KeyError:
            return _rejected(UnknownEvent())
        except (msgspec.ValidationError, UnicodeEncodeError) as error:
            return Rejected(InvalidPayload.code, f"{InvalidPayload().message} ({_place(error)})")
        except Refusal as refusal:
            return _rejected(refusal)
        except Exception as error:
            log.exception("signaling.failed", event_name=name, error=type(error).__name__)
            return _rejected(InternalError())


def _rejected(refusal: Refusal) -> Rejected:
    return Rejected(refusal.code, refusal.message)


def _place(error: msgspec.ValidationError | UnicodeEncodeError) -> str:
    return "text that is not Unicode" if isinstance(error, UnicodeEncodeError) else str(error)


def _token(auth: object) -> str | None:
    """Raises InvalidToken for an `auth` that is no handshake of ours."""
    if auth is None:
        return None
    try:
        return msgspec.convert(auth, Handshake).token or None
    except msgspec.ValidationError as error:
        raise InvalidToken from error


def _cookie(environ: dict[str, Any]) -> str | None:
    try:
        morsel = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None or not morsel.value else morsel.value


def _address(environ: dict[str, Any]) -> str:
    client = environ["asgi.scope"].get("client")
    return str(client[0]) if client else ""
