"""uvicorn's HTTP, which by itself waits for ever for a request that never ends."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def impatient_http(seconds: float) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(http=…)`: hangs up on who takes longer to send a request, headers and body."""

    class ImpatientHttp(HttpToolsProtocol):
        _running_out: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._expect_request()

        def on_message_begin(self) -> None:
            self._expect_request()
            super().on_message_begin()

        def on_message_complete(self) -> None:
            self._stop_waiting()
            super().on_message_complete()

        def handle_websocket_upgrade(self) -> None:
            self._stop_waiting()
            super().handle_websocket_upgrade()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _expect_request(self) -> None:
            self._stop_waiting()
            self._running_out = self.loop.call_later(seconds, self._hang_up)

        def _stop_waiting(self) -> None:
            if self._running_out is not None:
                self._running_out.cancel()
                self._running_out = None

        def _hang_up(self) -> None:
            self.transport.abort()

    protocol: Any = ImpatientHttp
    return protocol  # type: ignore[no-any-return]
