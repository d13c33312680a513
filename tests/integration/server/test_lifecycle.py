"""A server's end and its next start."""

import asyncio
import json
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.conftest import StartServer
from tests.people import UNTIL_ANSWERED, Person, Visitors
from tests.servers import ParlourServer
from tests.servers.stopwatch import Stopwatch

pytestmark = pytest.mark.database("sqlite")

WAITING = 100
"""Logins that come at once; each takes the only core that hashes some 50 ms."""


@asynccontextmanager
async def socket_of(person: Person) -> AsyncIterator[ClientConnection]:
    """Connected, as Socket.IO says it: Engine.IO's open, then the namespace."""
    address = person.server.address.replace("http", "ws", 1)
    url = f"{address}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, open_timeout=60, ping_interval=None) as websocket:
        assert str(await websocket.recv()).startswith("0{")
        await websocket.send("40" + json.dumps({"token": person.token}))
        assert str(await websocket.recv()).startswith("40{")
        yield websocket


async def waiting_poll(person: Person) -> "asyncio.Task[httpx.Response]":
    """A long poll that hangs in the air."""
    address = f"{person.server.address}/socket.io/?EIO=4&transport=polling"
    opened = await person.http.get(address)
    sid = json.loads(opened.text[1:])["sid"]
    await person.http.post(f"{address}&sid={sid}", content="40" + json.dumps({"token": person.token}))
    polling = asyncio.create_task(person.http.get(f"{address}&sid={sid}", timeout=60))
    await asyncio.sleep(0.3)  # the answer to CONNECT, and the first list of rooms
    while polling.done():
        polling = asyncio.create_task(person.http.get(f"{address}&sid={sid}", timeout=60))
        await asyncio.sleep(0.3)
    return polling


async def ended_by(server: ParlourServer, sign: signal.Signals) -> tuple[int, float]:
    async with Stopwatch(server.pid) as watch:
        code = await server.end(sign)
    return code, watch.seconds


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=lambda sign: sign.name)
async def test_a_signal_ends_it_soon_though_people_are_connected(
    fresh_server: StartServer, sign: signal.Signals
) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        room = await ann.creates_room()
        async with socket_of(ann) as in_call, socket_of(ann) as watching:
            await in_call.send("42" + json.dumps(["join", {"room": room}]))
            polling = await waiting_poll(ann)
            code, seconds = await ended_by(server, sign)
            for websocket in (in_call, watching):
                with suppress(ConnectionClosed):
                    async for _ in websocket:
                        pass  # what was on its way
                assert websocket.close_code is not None, "closed in order"
            await asyncio.gather(polling, return_exceptions=True)
    assert seconds < 5
    assert code in (0, -signal.SIGTERM), "as a program that was asked to end"
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "Aborted" not in log
    assert '"level": "error"' not in log
    assert "exception" not in log


async def test_requests_in_flight_are_finished(fresh_server: StartServer) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        async with socket_of(ann) as websocket:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", int(server.address.rpartition(":")[2])
            )
            head = "POST /room/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: 2\r\n\r\n{{".encode())
            await writer.drain()
            assert (await ann.get("/healthz")).status_code == 200  # by then the server has read the above
            ending = asyncio.create_task(ended_by(server, signal.SIGTERM))
            while "restarting" not in str(await websocket.recv()):
                pass
            writer.write(b"}")
            answer = (await reader.read()).decode()
            assert answer.startswith("HTTP/1.1 200 ")
            writer.close()
            _, seconds = await ending
    assert seconds < 5


async def test_requests_that_wait_for_their_turn_hear_that_it_will_not_come(
    fresh_server: StartServer,
) -> None:
    """Logins that wait for their password to be hashed: 503 with Retry-After, and no error.

    Each at an account of its own: who waits at one account is refused as soon as enough have failed there.
    """
    server = await fresh_server({"PARLOUR_FAILURES_PER_ADDRESS": 2 * WAITING})
    headers = {"Origin": server.url}
    sent = [asyncio.Event() for _ in range(WAITING)]

    async def asks(number: int) -> httpx.Response:
        async def told(event: str, _: dict[str, Any]) -> None:
            if event == "http11.send_request_body.complete":
                sent[number].set()

        body = {"username": f"nobody-{number}", "password": "correct horse battery"}
        return await http.post("/client/login", json=body, extensions={"trace": told})

    async with httpx.AsyncClient(
        base_url=server.address,
        headers=headers,
        limits=httpx.Limits(max_connections=None),
        timeout=UNTIL_ANSWERED,
    ) as http:
        asking = [asyncio.create_task(asks(number)) for number in range(WAITING)]
        await asyncio.gather(*(event.wait() for event in sent))
        assert (await http.get("/healthz")).status_code == 200  # by then the server has read the above
        await server.terminate()
        answers = await asyncio.gather(*asking)
    statuses = {answer.status_code for answer in answers}
    assert 503 in statuses and statuses <= {401, 503}
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == server.url
        if answer.status_code == 503:
            assert answer.json()["code"] == "unavailable"
            assert int(answer.headers["retry-after"]) > 0


async def test_an_idle_server_ends_at_once(fresh_server: StartServer) -> None:
    server = await fresh_server()
    code, seconds = await ended_by(server, signal.SIGTERM)
    assert seconds < 4  # a second, on a machine with time
    assert code in (0, -signal.SIGTERM)


async def test_sessions_outlive_a_restart(fresh_server: StartServer) -> None:
    server = await fresh_server()
    secret = server.folder / "data" / "secret_key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    before = secret.read_text()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        room = await ann.creates_room()
        sam = await visitors.stranger("sam")
        await sam.registers()
        await server.kill()
        await server.start()
        assert secret.read_text() == before
        assert room in await ann.sees(), "the access token works"
        await ann.refreshes()
        await sam.confirms()  # the link of a letter from before
        async with socket_of(ann):
            pass


async def test_another_secret_ends_every_session(fresh_server: StartServer) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        await server.terminate()
        server.settings["PARLOUR_SECRET_KEY"] = "another secret, long enough to sign with"
        await server.start()
        assert (await ann.post("/room/check", {})).status_code == 401
        assert (await ann.http.get("/refresh")).status_code == 403
        await ann.logs_in()


async def test_who_was_in_an_event_has_left_it_after_a_power_cut(fresh_server: StartServer) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        event = await ann.creates_event()
        await ann.moves("j", event)
        await server.kill()
        await server.start()
        (visit,) = (await ann.get("/event/log", params={"room": event})).json()["attendance"]
        assert visit["left_at"] is not None
