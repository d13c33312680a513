"""Runs Firefox for Playwright, and relays WebDriver BiDi between the two.

    python bidi_relay.py FIREFOX ARGUMENT...

Playwright sends commands of the `emulation` module for each profile, whether or not it was asked for,
and gives up where one is refused. Debian's Firefox does not know all of them. Where Firefox answers that it
does not know such a command, the relay answers that it has been carried out; nothing is emulated then.
"""

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterable

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

_LARGEST_MESSAGE = 64 * 1024 * 1024  # a screenshot, or a file that is downloaded
_LISTENING = re.compile(rb"(WebDriver BiDi listening on )(ws://\S+)")
_PREFIX = "emulation."
_MOST_UNANSWERED = 1_000


class Emulations:
    """The commands that are not answered yet and may be refused."""

    def __init__(self) -> None:
        self._unanswered: set[int] = set()

    def note(self, command: str | bytes) -> None:
        if _PREFIX.encode() not in (command if isinstance(command, bytes) else command.encode()):
            return
        decoded = json.loads(command)
        if decoded["method"].startswith(_PREFIX) and len(self._unanswered) < _MOST_UNANSWERED:
            self._unanswered.add(decoded["id"])

    def answer(self, message: str | bytes) -> str | bytes:
        if not self._unanswered:
            return message
        decoded = json.loads(message)
        if decoded.get("id") not in self._unanswered:
            return message
        self._unanswered.remove(decoded["id"])
        if decoded.get("error") != "unknown command":
            return message
        return json.dumps({"type": "success", "id": decoded["id"], "result": {}})


async def _relay(playwright: ServerConnection, address: str) -> None:
    emulations = Emulations()
    async with connect(address, max_size=_LARGEST_MESSAGE, compression=None) as firefox:

        async def pass_commands() -> None:
            async for command in playwright:
                emulations.note(command)
                await firefox.send(command)
            await firefox.close()

        passing = asyncio.create_task(pass_commands())
        try:
            await _pass_answers(firefox, playwright, emulations)
        finally:
            passing.cancel()


async def _pass_answers(
    firefox: ClientConnection, playwright: ServerConnection, emulations: Emulations
) -> None:
    async for message in firefox:
        await playwright.send(emulations.answer(message))


async def _announce(lines: AsyncIterable[bytes], address: asyncio.Future[str], own_port: int) -> None:
    """Pass on what Firefox says, with the relay's address in the place of its own."""
    async for line in lines:
        said = line
        if (found := _LISTENING.search(line)) and not address.done():
            address.set_result(found[2].decode() + "/session")
            said = found[1] + f"ws://127.0.0.1:{own_port}\n".encode()
        sys.stderr.buffer.write(said)
        sys.stderr.buffer.flush()


async def main(program: str, *arguments: str) -> int:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def accept(playwright: ServerConnection) -> None:
        await _relay(playwright, await address)

    async with serve(accept, "127.0.0.1", 0, max_size=_LARGEST_MESSAGE, compression=None) as relay:
        firefox = await asyncio.create_subprocess_exec(program, *arguments, stderr=asyncio.subprocess.PIPE)
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, firefox.terminate)
        assert firefox.stderr is not None
        await _announce(firefox.stderr, address, relay.sockets[0].getsockname()[1])
        return await firefox.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
