"""Socket.IO protocol 5, "Connection to a namespace" and "Disconnection from a namespace"."""

import asyncio
import json
import struct
from socket import IPPROTO_TCP, TCP_INFO
from typing import Any

import pytest

from parlour.engine import Engine, EventTypes, Reason, State
from parlour.engine.messages import JSON_ERRORS
from tests.engine.reference import PATIENCE, TEXT, Client, Reference, Socket, frame, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


@pytest.mark.parametrize("namespace", ["/", "/custom"])
@pytest.mark.parametrize("auth", ["", '{"token":"123"}'])
async def test_a_namespace_is_connected(client: Client, engine: Engine, namespace: str, auth: str) -> None:
    socket, handshake = await client.open_websocket()
    where = "" if namespace == "/" else namespace + ","
    await socket.send(f"40{where}{auth}")
    answer = json.loads((await socket.text()).removeprefix(f"40{where}"))
    assert list(answer) == ["sid"]
    assert answer["sid"] in engine.connections
    assert answer["sid"] != handshake["sid"], "whoever learns of a peer must not learn its session"
    assert await socket.text() == f'42{where}["auth",{auth or "{}"}]'


async def test_the_answer_to_connect_goes_out_alone(client: Client) -> None:
    """Clients that read two frames of one segment at once may miss the event behind it. The kernel counts."""
    socket, _ = await client.open_websocket()
    before = segments_received(socket)
    await socket.send("40")
    assert (await socket.text()).startswith("40")
    assert (await socket.text()).startswith('42["auth"')
    assert segments_received(socket) - before == 2

    raw = await client.raw()
    await raw.receive()
    await raw.write(frame(TEXT, b"40") + frame(TEXT, b"40/custom,") + frame(TEXT, b'42["message",1]'))
    texts = [(await raw.receive())[1] for _ in range(5)]
    assert [text[:4] for text in texts] == [b'40{"', b'42["', b"40/c", b"42/c", b'42["'], texts


def segments_received(socket: Socket) -> int:
    """`tcpi_data_segs_in` of Linux's `struct tcp_info`: 32 bits at byte 152."""
    connection = socket.raw.get_extra_info("socket")
    info = connection.getsockopt(IPPROTO_TCP, TCP_INFO, 160)
    return int(struct.unpack_from("=I", info, 152)[0])


async def test_a_namespace_without_its_comma_is_connected(client: Client) -> None:
    socket, _ = await client.open_websocket()
    await socket.send("40/custom")
    assert (await socket.text()).startswith('40/custom,{"sid":"')


@pytest.mark.parametrize("packet", ["40/random", "40/random,", '40/random,{"a":1}'])
async def test_an_unknown_namespace_is_refused_politely(client: Client, packet: str) -> None:
    socket, _ = await client.open_websocket()
    await socket.send(packet)
    assert await socket.text() == '44/random,{"message":"Invalid namespace"}'
    await socket.send("40")
    assert (await socket.text()).startswith("40{")


@pytest.mark.parametrize(
    "packet",
    [
        "4abc",
        "4",
        "40[1]",
        "40{",
        '40"x"',
        "401{}",
        "40x",
        "4/",
        "49",
        '44{"message":"x"}',
        "40/" + "x" * 300,
    ],
)
async def test_an_invalid_handshake_closes_the_transport(client: Client, engine: Engine, packet: str) -> None:
    socket, _ = await client.open_websocket()
    await socket.send(packet)
    assert await socket.closed() == []
    assert engine.counters().closed == {Reason.PARSE_ERROR: 1}


@pytest.mark.parametrize("packet", ['42["message","x"]', "41", '430["x"]', '42/custom,["message"]'])
async def test_a_packet_before_connect_closes_the_transport(client: Client, packet: str) -> None:
    socket, _ = await client.open_websocket()
    await socket.send(packet)
    if packet == "41":  # leaving what one is not in is harmless
        await socket.send("40")
        assert (await socket.text()).startswith("40{")
    else:
        assert await socket.closed() == []


@pytest.mark.parametrize("options", [{"connect_timeout": 0.5, "ping_timeout": 1.0}])
async def test_a_transport_that_never_connects_is_closed(client: Client, engine: Engine) -> None:
    socket, _ = await client.open_websocket()
    assert await socket.closed() == []
    sid = await client.open_polling()
    assert await client.poll(sid) == (200, "1")
    assert engine.counters().closed == {Reason.CONNECT_TIMEOUT: 2}


async def test_a_second_connect_closes_the_transport(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send("40")
    assert await socket.closed() == []
    assert (await reference.told("disconnect"))[2] is Reason.PARSE_ERROR


async def test_two_namespaces_share_a_transport(client: Client) -> None:
    socket = await client.connect("/custom")
    await socket.send("40")
    assert (await socket.text()).startswith("40{")
    assert await socket.text() == '42["auth",{}]'
    await socket.send('42/custom,["message","a"]')
    await socket.send('42["message","b"]')
    assert await socket.text() == '42/custom,["message-back","a"]'
    assert await socket.text() == '42["message-back","b"]'


async def test_a_refusal_carries_message_and_data(client: Client, reference: Reference) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"refuse":{"code":"token_expired"}}')
    assert await socket.text() == '44{"message":"Not authorized","data":{"code":"token_expired"}}'
    await socket.send("40")
    assert (await socket.text()).startswith("40{")
    assert [connection.state for connection in reference.connections] == [State.REFUSED, State.CONNECTED]


@pytest.mark.parametrize("options", [{"ping_timeout": 1.0}])
async def test_who_waits_gets_nothing_and_loses_the_transport(
    client: Client, engine: Engine, reference: Reference
) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"wait":0.1}')
    assert await socket.closed() == []
    _, connection, reason = await reference.told("disconnect")
    assert reason is Reason.CONNECT_TIMEOUT
    assert connection.state is State.ENDED
    assert not engine.connections


async def test_who_waits_can_be_let_in_later(client: Client, reference: Reference) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"wait":30.0}')
    _, connection, _ = await reference.told("connect")
    connection.emit("too early")
    connection.accept()
    connection.accept()
    assert await socket.text() == f'40{{"sid":"{connection.sid}"}}'
    await socket.send('42["message","x"]')
    assert await socket.text() == '42["message-back","x"]'


async def test_who_waits_can_be_sent_away_without_a_packet(client: Client, reference: Reference) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"wait":30.0}')
    _, connection, _ = await reference.told("connect")
    connection.close_transport()
    assert await socket.closed() == []
    assert (await reference.told("disconnect"))[2] is Reason.FORCED_CLOSE


async def test_who_waits_and_leaves_is_told_of(client: Client, reference: Reference) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"wait":30.0}')
    _, connection, _ = await reference.told("connect")
    await socket.raw.close()
    assert await reference.told("disconnect") == ("disconnect", connection, Reason.TRANSPORT_CLOSE)


@pytest.mark.parametrize("options", [{"ping_interval": 1.0, "ping_timeout": 1.0}])
async def test_leaving_the_main_namespace_keeps_the_transport(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send("41")
    assert (await reference.told("disconnect"))[2] is Reason.CLIENT_DISCONNECT
    assert await socket.text() == "2"


@pytest.mark.parametrize("options", [{"connect_timeout": 0.5, "ping_timeout": 1.0}])
async def test_a_transport_that_left_all_namespaces_is_closed_in_time(client: Client) -> None:
    socket = await client.connect()
    await socket.send("41")
    assert await socket.closed() == []


async def test_leaving_one_namespace_keeps_the_other(client: Client) -> None:
    socket = await client.connect()
    await socket.send("40/custom")
    assert (await socket.text()).startswith("40/custom,")
    await socket.text()
    await socket.send("41/custom")
    await socket.send('42["message","message to main namespace"]')
    assert await socket.text() == '42["message-back","message to main namespace"]'


async def test_what_was_on_its_way_when_a_namespace_was_left_is_passed_over(client: Client) -> None:
    socket = await client.connect()
    await socket.send('42["leave-me"]')
    await socket.send('42["message","late"]')
    await socket.send('432["late answer"]')
    await socket.send("40")
    assert await socket.text() == "41"
    assert (await socket.text()).startswith("40{")


async def test_a_namespace_can_be_connected_again(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send("41")
    await socket.send("40")
    assert (await socket.text()).startswith("40{")
    first, second = reference.connections
    assert first.sid != second.sid
    assert (first.connected, second.connected) == (False, True)


async def test_a_dropped_transport_gets_no_socket_io_packet(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send('42["drop-me"]')
    assert await socket.closed() == []
    assert (await reference.told("disconnect"))[2] is Reason.FORCED_CLOSE


async def test_a_handler_that_fails_ends_nothing(client: Client, engine: Engine, caplog: Any) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"fail":1}')
    await socket.send("40/custom")
    assert (await socket.text()).startswith("40/custom,")
    assert engine.counters().failed_handlers == 1


async def test_the_handshake_is_known_to_the_application(client: Client, reference: Reference) -> None:
    headers = {
        "Cookie": "jwt=abc",
        "User-Agent": "a test",
        "Origin": f"http://127.0.0.1:{client.port}",
        "X-Forwarded-For": "6.6.6.6",
    }
    socket = await client.websocket("&x=1", headers)
    await socket.text()
    await socket.send("40")
    _, connection, _ = await reference.told("connect")
    handshake = connection.handshake
    assert handshake.address == "127.0.0.1"
    assert (handshake.cookie, handshake.user_agent) == ("jwt=abc", "a test")
    assert handshake.origin == headers["Origin"]
    assert handshake.host == f"127.0.0.1:{client.port}"
    assert handshake.query == "EIO=4&transport=websocket&x=1"
    assert connection.transport_name == "websocket"


async def test_polling_connects_and_speaks(client: Client, reference: Reference) -> None:
    sid = await client.open_polling()
    assert await client.post(sid, '40{"token":"x"}') == (200, "ok")
    _, connection, _ = await reference.told("connect")
    assert await client.poll(sid) == (200, f'40{{"sid":"{connection.sid}"}}\x1e42["auth",{{"token":"x"}}]')
    assert await client.post(sid, '42["message",1]\x1e42["message",2]') == (200, "ok")
    assert await client.poll(sid) == (200, '42["message-back",1]\x1e42["message-back",2]')
    assert connection.transport_name == "polling"


@pytest.mark.parametrize("options", [{"client_address": lambda peer, lines: lines("x-forwarded-for")[-1]}])
async def test_a_proxy_can_be_believed(client: Client, reference: Reference) -> None:
    socket = await client.websocket("", {"X-Forwarded-For": "192.0.2.7"})
    await socket.text()
    await socket.send("40")
    _, connection, _ = await reference.told("connect")
    assert connection.handshake.address == "192.0.2.7"


async def test_closing_the_engine_ends_everything_in_order(
    client: Client, engine: Engine, reference: Reference
) -> None:
    socket = await client.connect()
    await socket.send('42["slow"]')
    await until(lambda: reference.connections[0].mailbox.busy)
    sid = await client.open_polling()
    poll = asyncio.create_task(client.poll(sid))
    await until(lambda: engine.sessions.by_sid[sid].transport.is_polled)  # type: ignore[attr-defined]
    closing = asyncio.create_task(engine.close())
    message = await socket.receive()
    assert message.data == 1001, "going away: official clients come back"
    assert await poll == (200, "1")
    reference.released.set()
    await asyncio.wait_for(closing, PATIENCE)
    assert (await reference.told("disconnect"))[2] is Reason.SHUTTING_DOWN
    assert engine.counters().sessions == engine.counters().connections == 0


async def test_an_application_may_name_no_event() -> None:
    assert EventTypes({}, any_event=True).decode("anything", '["anything",1,2]') == [1, 2]
    with pytest.raises(JSON_ERRORS):
        EventTypes({}).decode_known('["anything"]')
