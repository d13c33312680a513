"""The client of python-socketio."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp
import engineio.payload  # type: ignore[import-untyped]  # the library has no types
import socketio

from tests.integration.signaling.client import Client
from tests.integration.signaling.inbox import PATIENCE_SECONDS
from tests.people import Person

# The server bounds an answer to a poll by bytes, not packets; the library gives up above 16 packets.
engineio.payload.Payload.max_decode_packets = 10_000


class PythonClient(Client):
    """A client by python-socketio, whose callbacks fill the inbox."""

    def __init__(self, name: str, person: Person | None) -> None:
        super().__init__(name, person)
        self._http: aiohttp.ClientSession | None = None
        self._socket: Any = None
        self._polls = False
        self._opening: asyncio.Future[None] | None = None

    def open(
        self, url: str, *, transport: str, auth: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> None:
        """Begin a connection; the inbox gets the outcome, `connect` or `connect_error`."""
        self._polls = transport == "polling"
        self._http = aiohttp.ClientSession(trace_configs=[_whole_answers()])
        self._socket = socketio.AsyncClient(
            reconnection=False, http_session=self._http, request_timeout=PATIENCE_SECONDS
        )
        self._socket.on("connect", lambda: self.inbox.put("connect", [transport]))
        self._socket.on("connect_error", lambda problem=None: self.inbox.put("connect_error", [problem]))
        self._socket.on("disconnect", lambda reason: self.inbox.put("disconnect", [reason]))
        self._socket.on("*", lambda event, *arguments: self.inbox.put(event, list(arguments)))
        self._opening = asyncio.ensure_future(
            self._socket.connect(
                url,
                headers=dict(headers),
                auth=auth,
                transports=[transport],
                wait_timeout=PATIENCE_SECONDS,  # the default is a second
            )
        )

    async def emit(self, event: str, *arguments: Any) -> None:
        await self._socket.emit(event, arguments)

    async def call(self, event: str, *arguments: Any) -> Any:
        return await self._socket.call(event, arguments, timeout=60)

    async def close(self) -> None:
        # The library waits for the last poll to end, and the server may hold it for long: hang up.
        leaving = asyncio.ensure_future(self._leave())
        await asyncio.wait({leaving}, timeout=0.2 if self._polls else 10)
        if self._http is not None:
            await self._http.close()
        await leaving

    async def _leave(self) -> None:
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.disconnect()
        if self._opening is not None:
            self._opening.cancel()
            with suppress(socketio.exceptions.ConnectionError, asyncio.CancelledError):  # see the inbox
                await self._opening


def _whole_answers() -> aiohttp.TraceConfig:
    """Read the bodies of all answers: the library leaves those of its POSTs unread, and aiohttp warns."""

    async def read(_session: object, _context: object, request: aiohttp.TraceRequestEndParams) -> None:
        if request.response.status != HTTPStatus.SWITCHING_PROTOCOLS:
            await request.response.read()

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(read)
    return tracing
