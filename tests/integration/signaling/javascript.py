"""The official JavaScript client, in Node or in a browser: tests/clients holds the other half."""

import asyncio
import base64
import json
import shutil
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.integration.signaling.client import Client
from tests.people import Person
from tests.servers.process import dying_with_parent, ended

_FOLDER = Path(__file__).parents[2] / "clients"
_SCRIPTS = {
    "js": ("client.mjs",),
    "chromium": ("browser.mjs", "chromium"),
    "firefox": ("browser.mjs", "firefox"),
}
END_SECONDS = 15.0
_LONGEST_LINE = 32 * 1024 * 1024

Opened = TypeVar("Opened", bound="JavaScriptClient")


class Nodes:
    """The processes of the JavaScript client: Node or a browser, each started when it is first needed."""

    def __init__(self) -> None:
        self._ending = AsyncExitStack()
        self._started: dict[str, Node] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    async def start(self, place: str) -> None:
        if place in _SCRIPTS and place not in self._started:
            self._started[place] = await self._ending.enter_async_context(Node(*_SCRIPTS[place]))

    def __getitem__(self, place: str) -> "Node":
        return self._started[place]


class Node:
    """A process that runs all JavaScript clients of its kind."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._script = script
        self._arguments = arguments
        self._clients: dict[int, JavaScriptClient] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        node = shutil.which("node")
        if node is None or not (_FOLDER / "node_modules").exists():
            raise RuntimeError(
                "These tests need Node.js and, in tests/clients, 'npm ci': 'make test-packages' does it."
            )
        self._process = await asyncio.create_subprocess_exec(
            node,
            _FOLDER / self._script,
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
        self._reading = asyncio.create_task(self._read(self._process))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the script's input, so that it ends its browser too: a signal would leave that behind."""
        if self._process is not None and self._reading is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), END_SECONDS)
            await ended(self._process, signal.SIGKILL)
            await self._reading

    @property
    def pid(self) -> int:
        assert self._process is not None, "it is not running"
        return self._process.pid

    def open(
        self,
        url: str,
        *,
        name: str,
        person: Person | None,
        options: Mapping[str, Any],
        address: str = "127.0.0.1",
    ) -> "JavaScriptClient":
        """Call `io(url, options)` on a page of its own, which connects from `address`."""
        return self.open_as(JavaScriptClient, url, name=name, person=person, options=options, address=address)

    def open_as(
        self,
        kind: "type[Opened]",
        url: str,
        *,
        name: str,
        person: Person | None,
        options: Mapping[str, Any],
        address: str = "127.0.0.1",
    ) -> "Opened":
        """Do the same for a client of this kind."""
        key = len(self._clients)
        client = kind(self, key, name, person)
        self._clients[key] = client
        self.command("open", key, url=url, options=options, address=address)
        return client

    def command(self, do: str, key: int, **more: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        line = json.dumps({"do": do, "socket": key, **more}, default=_bytes)
        self._process.stdin.write(line.encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            notice = json.loads(line)
            self._clients[notice["socket"]].hear(notice)


class JavaScriptClient(Client):
    """A client in a `Node`, driven by lines of JSON over the pipes of the process."""

    def __init__(self, node: Node, key: int, name: str, person: Person | None) -> None:
        super().__init__(name, person)
        self._node = node
        self._key = key
        self._calls: list[asyncio.Future[list[Any]]] = []
        self._closed = False

    def hear(self, notice: dict[str, Any]) -> None:
        match notice:
            case {"is": "event", "event": event, "args": arguments}:
                self.inbox.put(event, arguments)
            case {"is": "answer", "call": call, "answer": answer}:
                if not self._calls[call].done():
                    self._calls[call].set_result(answer)
            case {"is": "connect_error"}:
                self.inbox.put("connect_error", [{"message": notice["message"], "data": notice.get("data")}])
            case {"is": event}:
                self.inbox.put(event, [notice.get("transport") or notice.get("reason")])

    async def emit(self, event: str, *arguments: Any) -> None:
        self._node.command("emit", self._key, event=event, args=arguments)

    async def call(self, event: str, *arguments: Any) -> Any:
        answer = await self._answer("emit", event=event, args=arguments)
        assert len(answer) == 1, f"{event} was acknowledged with {len(answer)} arguments"
        return answer[0]

    async def requests(self, method: str, path: str, body: object = None) -> Any:
        """Send an HTTP request from the same browser, which has to succeed and keeps its cookies."""
        more = {} if body is None else {"body": body}
        status, text = await self._answer("request", method=method, path=path, **more)
        assert status in range(200, 300), f"{method} {path}: {status} {text}"
        return json.loads(text or "null")

    def reconnect(self, token: str) -> None:
        """Connect again with another token: `socket.auth = {token}; socket.connect()`."""
        self._node.command("reconnect", self._key, auth={"token": token})

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._answer("close")

    async def _answer(self, do: str, **more: Any) -> list[Any]:
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._calls.append(answer)
        self._node.command(do, self._key, call=len(self._calls) - 1, **more)
        return await answer


def _bytes(value: object) -> object:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(value)
