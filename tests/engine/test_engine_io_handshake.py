"""Engine.IO protocol 4, section "Handshake", and who is refused before it."""

import asyncio
import json
from typing import Any

import pytest

from parlour.engine.sessions import TransportSessions
from tests.engine.reference import BOTH_HTTP, PATIENCE, QUICK, Client, serving, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


@pytest.fixture
def options() -> dict[str, Any]:
    return QUICK


CODES = {
    "Transport unknown": 0,
    "Session ID unknown": 1,
    "Bad handshake method": 2,
    "Bad request": 3,
    "Unsupported protocol version": 5,
}


def refused(answer: tuple[int, str], message: str) -> bool:
    return answer[0] == 400 and json.loads(answer[1]) == {"code": CODES[message], "message": message}


async def test_polling_opens_a_session(io: Client) -> None:
    status, text = await io.request("GET", "EIO=4&transport=polling")
    assert status == 200
    handshake = json.loads(text.removeprefix("0"))
    assert isinstance(handshake.pop("sid"), str)
    assert handshake == {
        "upgrades": ["websocket"],
        "pingInterval": 300,
        "pingTimeout": 200,
        "maxPayload": 1000000,
    }


async def test_balancers_are_told_the_session_that_polling_opens(io: Client) -> None:
    """The header is there once, and the session of the header is that of the body: it can be polled."""
    status, headers = await io.headers("GET", "EIO=4&transport=polling", {})
    assert status == 200
    sid = headers["x-engine-session"]
    assert (await io.post(sid, "4hello"))[0] == 200
    _, headers = await io.headers("GET", f"EIO=4&transport=polling&sid={sid}", {})
    assert "x-engine-session" not in headers


async def test_websocket_opens_a_session_without_upgrades(io: Client) -> None:
    _, handshake = await io.open_websocket()
    assert isinstance(handshake.pop("sid"), str)
    assert handshake == {"upgrades": [], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1000000}


async def test_session_ids_are_not_guessable(io: Client) -> None:
    sids = {await io.open_polling() for _ in range(20)}
    assert len(sids) == 20 and all(len(sid) == 20 for sid in sids)


@pytest.mark.parametrize("version", ["", "EIO=abc&", "EIO=3&", "EIO=5&"])
async def test_another_protocol_version_is_refused(io: Client, version: str) -> None:
    answer = await io.request("GET", f"{version}transport=polling")
    assert refused(answer, "Unsupported protocol version")
    assert await io.refused_websocket(f"{version}transport=websocket") == 400


@pytest.mark.parametrize("transport", ["", "&transport=abc", "&transport="])
async def test_an_unknown_transport_is_refused(io: Client, transport: str) -> None:
    assert refused(await io.request("GET", f"EIO=4{transport}"), "Transport unknown")
    assert await io.refused_websocket(f"EIO=4{transport}") == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_only_get_opens_a_session(io: Client, method: str) -> None:
    assert refused(await io.request(method, "EIO=4&transport=polling"), "Bad handshake method")


async def test_an_unknown_sid_is_refused(io: Client) -> None:
    assert refused(await io.poll("nobody"), "Session ID unknown")
    assert refused(await io.post("nobody", "4hello"), "Session ID unknown")
    assert await io.refused_websocket("EIO=4&transport=websocket&sid=nobody") == 400


async def test_the_transport_must_be_the_one_that_is_used(io: Client) -> None:
    assert refused(await io.request("GET", "EIO=4&transport=websocket"), "Bad request")
    assert await io.refused_websocket("EIO=4&transport=polling") == 400


@pytest.mark.parametrize("options", [{}])  # else it ends within half a second where nobody polls
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_session_knows_get_and_post_alone(io: Client, method: str) -> None:
    sid = await io.open_polling()
    assert refused(await io.request(method, f"EIO=4&transport=polling&sid={sid}"), "Bad request")


async def test_other_paths_are_not_found(io: Client) -> None:
    io.url = io.url.replace("engine.io", "elsewhere")
    assert (await io.request("GET", "EIO=4&transport=polling"))[0] == 404
    assert await io.refused_websocket("EIO=4&transport=websocket") == 404


async def test_the_last_slash_of_the_path_may_be_missing(io: Client) -> None:
    io.url = io.url.rstrip("/")
    await io.open_polling()
    await io.open_websocket()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "127.0.0.1"])
async def test_a_foreign_origin_is_refused_before_the_upgrade(io: Client, origin: str) -> None:
    headers = {"Origin": origin}
    status, answer = await io.headers("GET", "EIO=4&transport=polling", headers)
    assert status == 403 and "access-control-allow-origin" not in answer
    assert await io.refused_websocket("EIO=4&transport=websocket", headers) == 403
    status, answer = await io.headers("OPTIONS", "EIO=4&transport=polling", headers)
    assert status == 403 and "access-control-allow-origin" not in answer


ERRORS = ["EIO=4", "EIO=4&transport=abc", "EIO=3&transport=polling", "EIO=4&transport=polling&sid=abc"]


@pytest.mark.parametrize("query", ERRORS)
async def test_an_error_too_is_for_allowed_origins_alone(io: Client, query: str) -> None:
    origin = f"http://127.0.0.1:{io.port}"
    for method in ("GET", "POST"):
        status, answer = await io.headers(method, query, {"Origin": origin})
        assert status == 400
        assert answer["access-control-allow-origin"] == origin
        assert answer["access-control-allow-credentials"] == "true"
        status, answer = await io.headers(method, query, {"Origin": "http://evil.example"})
        assert status in (400, 403) and "access-control-allow-origin" not in answer


async def test_an_allowed_origin_gets_cors_headers_with_credentials(io: Client) -> None:
    origin = f"http://127.0.0.1:{io.port}"
    status, answer = await io.headers("GET", "EIO=4&transport=polling", {"Origin": origin})
    assert status == 200
    assert answer["access-control-allow-origin"] == origin
    assert answer["access-control-allow-credentials"] == "true"
    assert answer["vary"] == "Origin"
    status, answer = await io.headers(
        "OPTIONS", "EIO=4&transport=polling", {"Origin": origin, "Access-Control-Request-Headers": "x-a"}
    )
    assert status == 204
    assert answer["access-control-allow-methods"] == "GET,POST"
    assert answer["access-control-allow-headers"] == "x-a"


@pytest.mark.parametrize("options", [{"transports": frozenset({"websocket"})}])
async def test_a_transport_can_be_switched_off(io: Client) -> None:
    assert refused(await io.request("GET", "EIO=4&transport=polling"), "Transport unknown")
    await io.open_websocket()


async def test_a_connection_header_with_several_tokens_upgrades(io: Client) -> None:
    raw = await io.raw("Connection: keep-alive, Upgrade")
    assert raw.head.startswith("HTTP/1.1 101 ")


async def test_no_extension_is_negotiated(io: Client) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    raw = await io.raw("Connection: Upgrade", offer)
    assert "extensions" not in raw.head.lower()


async def test_an_upgrade_without_a_key_is_refused(io: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", io.port)
    writer.write(
        b"GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert (await asyncio.wait_for(reader.readline(), PATIENCE)).startswith(b"HTTP/1.1 400 ")
    writer.close()


@pytest.mark.parametrize("options", [{}])
@pytest.mark.parametrize("http", BOTH_HTTP)
async def test_both_http_implementations_of_uvicorn_hand_over(echo: TransportSessions, http: type) -> None:
    async with serving(echo, http=http) as port:
        io = Client(port, "/engine.io/")
        socket, _ = await io.open_websocket()
        await socket.send("4hello")
        assert await socket.text() == "4hello"
        await io.close()


async def test_a_server_that_shuts_down_takes_no_sessions(io: Client, echo: TransportSessions) -> None:
    await echo.close()
    assert (await io.request("GET", "EIO=4&transport=polling"))[0] == 503
    assert await io.refused_websocket("EIO=4&transport=websocket") == 503


@pytest.mark.parametrize("options", [{**QUICK, "max_sessions": 2, "ping_interval": 20.0}])
async def test_too_many_sessions_are_refused_and_a_place_is_free_again(
    io: Client, echo: TransportSessions
) -> None:
    await io.open_polling()
    websocket, _ = await io.open_websocket()
    status, text = await io.request("GET", "EIO=4&transport=polling")
    assert (status, json.loads(text)["message"]) == (503, "Too many connections")
    assert await io.refused_websocket("EIO=4&transport=websocket") == 503
    await websocket.send("1")
    await until(lambda: len(echo.by_sid) == 1)
    await io.open_polling()
