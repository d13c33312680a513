"""Real clients against the reference application: the official JavaScript one, python-socketio's."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import socketio

from parlour.engine import Engine
from tests.engine.reference import PATIENCE, Client, Reference, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops

NODE = Path(__file__).parent / "node"


@pytest.fixture
def options() -> dict[str, Any]:
    return {"origin_allowed": lambda origin, host: True}


@pytest.mark.parametrize("transports", ["websocket", "polling", "polling,websocket"])
async def test_the_official_javascript_client(client: Client, engine: Engine, transports: str) -> None:
    node = shutil.which("node")
    assert node, "this test needs Node.js"
    assert (NODE / "node_modules").is_dir(), "this test needs `npm ci` in tests/engine/node"
    process = await asyncio.create_subprocess_exec(
        node,
        "scenario.mjs",
        f"http://127.0.0.1:{client.port}",
        transports,
        cwd=NODE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 2 * PATIENCE)
    assert process.returncode == 0, (output, errors)
    refusal = "binary attachments are not supported"
    assert json.loads(output) == {
        "auth": {"token": "123"},
        "transport": transports.split(",")[-1],
        "ordered": True,
        "ack": 1,
        "answered": [2, "is the answer"],
        "large": 200000,
        "binary": refusal,
        "wrong": "invalid arguments",
        "stillConnected": True,
        "customAuth": {"token": "abc"},
        "unknown": "Invalid namespace",
        "main": "main",
        "refused": ["Not authorized", {"code": "token_expired"}],
        "sentAway": ["io server disconnect", False],
        "dropped": ["transport close", True],
        "kept": "kept",
        "waited": ["emitted before the login", 2],
    }
    await until(lambda: not engine.sessions.by_sid)
    assert engine.counters().failed_handlers == 0


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
async def test_the_client_of_python_socketio(
    client: Client, engine: Engine, reference: Reference, transports: list[str]
) -> None:
    other = socketio.AsyncClient()
    back: asyncio.Queue[Any] = asyncio.Queue()
    other.on("message-back", back.put)
    other.on("question", lambda number: number + 1)
    await other.connect(
        f"http://127.0.0.1:{client.port}",
        auth={"token": "1"},
        namespaces=["/", "/custom"],
        transports=transports,
        wait_timeout=PATIENCE,
    )
    try:
        assert other.transport() == transports[-1]
        for number in range(100):
            await other.emit("message", number)
        async with asyncio.timeout(PATIENCE):
            assert [await back.get() for _ in range(100)] == list(range(100))
        assert await other.call("message-with-ack", ("a", {"b": "é"}), timeout=PATIENCE) == ("a", {"b": "é"})
        answered = asyncio.get_running_loop().create_future()
        connection = engine.connections[other.get_sid("/")]
        connection.request("question", 1, on_answer=answered.set_result)
        assert await asyncio.wait_for(answered, PATIENCE) == "[2]"
        refused = await other.call("message-with-ack", b"binary", timeout=PATIENCE)
        assert refused == {"ok": False, "message": "binary attachments are not supported"}
    finally:
        await other.disconnect()
    assert {(await reference.told("disconnect"))[1].namespace for _ in range(2)} == {"/", "/custom"}
    await until(lambda: not engine.sessions.by_sid)
