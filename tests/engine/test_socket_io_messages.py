"""Socket.IO protocol 5, "Sending and receiving data" and "Acknowledgement"; order and limits."""

import asyncio
import gc

import pytest

from parlour.engine import Connection, Engine, Reason, encode_event
from parlour.engine.client import SocketClient
from parlour.engine.polling import PollingTransport
from parlour.engine.session import TransportSession
from parlour.engine.websocket import WebSocketTransport
from tests.engine.reference import PATIENCE, Client, RawSocket, Reference, frame, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops

TEXT = 1


@pytest.mark.parametrize("arguments", ['1,"2",{"3":[true]}', '"é€😀"', r'"\u00e9\"\\"', "null", "[]"])
async def test_an_event_is_heard_and_answered(client: Client, arguments: str) -> None:
    socket = await client.connect()
    await socket.send(f'42["message",{arguments}]')
    expected = arguments.replace("\\u00e9", "é")
    assert await socket.text() == f'42["message-back",{expected}]'


async def test_an_event_may_have_spaces_and_escapes(client: Client) -> None:
    socket = await client.connect()
    await socket.send('42 [ "mess\\u0061ge" , 1 ] ')
    assert await socket.text() == '42["message-back",1]'


async def test_an_acknowledgement_is_answered_with_its_id(client: Client) -> None:
    socket = await client.connect()
    await socket.send('42456["message-with-ack",1,"2",{"3":[false]}]')
    assert await socket.text() == '43456[1,"2",{"3":[false]}]'


async def test_an_acknowledgement_in_a_namespace(client: Client) -> None:
    socket = await client.connect("/custom")
    await socket.send('42/custom,0["message-with-ack"]')
    assert await socket.text() == "43/custom,0[]"


@pytest.mark.parametrize(
    "packet",
    [
        "4abc",
        "42{}",
        "42[]",
        "42",
        '42["message"',
        '42["message",{]',
        '42["message"]x',
        "42[null]",
        "42[{}]",
        '42abc["message-with-ack",1,"2",{"3":[false]}]',
        '4212345678901234567["message"]',
        "43",
        "43[]",
        "430{}",
        "431",
        '450["message"]',
        "461-[]",
        '42["message",' + "[" * 100_000,
        '421-["message"]',
        "41{}",
        "411",
    ],
)
async def test_an_invalid_packet_closes_the_transport(client: Client, engine: Engine, packet: str) -> None:
    socket = await client.connect()
    await socket.send(packet)
    assert await socket.closed() == []
    assert engine.counters().closed == {Reason.PARSE_ERROR: 1}
    assert engine.counters().sessions == engine.counters().connections == 0


async def test_text_that_is_json_and_no_unicode_is_refused(client: Client) -> None:
    socket = await client.connect()
    await socket.send('42["message","\\ud800"]')
    assert "invalid arguments" in await socket.text()
    await socket.send('42["message",1]')
    assert await socket.text() == '42["message-back",1]'


async def test_a_binary_event_is_refused_and_its_attachments_are_passed_over(client: Client) -> None:
    socket = await client.connect()
    await socket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
    await socket.send(b"\x01\x02\x03")
    await socket.send(b"\x04\x05\x06")
    answer = '42["refused",{"event":"message","message":"binary attachments are not supported"}]'
    assert await socket.text() == answer
    await socket.send('451-7["message",{"_placeholder":true,"num":0}]')
    await socket.send(b"\x01")
    assert await socket.text() == '437[{"ok":false,"message":"binary attachments are not supported"}]'
    await socket.send('42["message","still here"]')
    assert await socket.text() == '42["message-back","still here"]'


async def test_a_binary_event_over_polling_is_refused_too(client: Client) -> None:
    sid = await client.open_polling()
    await client.post(sid, "40")
    await client.poll(sid)
    placeholder = '{"_placeholder":true,"num":0}'
    body = f'451-7["message",{placeholder}]\x1ebAQID\x1e42["message",1]'
    assert await client.post(sid, body) == (200, "ok")
    refusal = '437[{"ok":false,"message":"binary attachments are not supported"}]'
    assert await client.poll(sid) == (200, refusal + '\x1e42["message-back",1]')


async def test_an_attachment_that_nobody_announced_closes_the_transport(client: Client) -> None:
    socket = await client.connect()
    await socket.send(b"\x01")
    assert await socket.closed() == []


async def test_text_where_an_attachment_is_due_closes_the_transport(client: Client) -> None:
    socket = await client.connect()
    await socket.send('451-["message",{"_placeholder":true,"num":0}]')
    await socket.send('42["message","x"]')
    await socket.text()
    assert await socket.closed() == []


async def test_an_event_of_the_wrong_shape_is_refused(client: Client) -> None:
    socket = await client.connect()
    await socket.send('42["typed",7]')
    await socket.send('42["typed","seven"]')
    assert await socket.text() == '42["refused",{"event":"typed","message":"invalid arguments"}]'
    await socket.send('423["typed"]')
    assert await socket.text() == '433[{"ok":false,"message":"invalid arguments"}]'


async def test_more_arguments_than_are_known_are_passed_over(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send('42["typed",7,8,{"nine":10}]')
    assert await reference.told("event") == ("event", "typed", 7)


async def test_a_handler_that_fails_ends_nothing(
    client: Client, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await client.connect()
    await socket.send('42["fail"]')
    await socket.send('42["message","still here"]')
    assert await socket.text() == '42["message-back","still here"]'
    assert engine.counters().failed_handlers == 1
    (logged,) = [record for record in caplog.records if record.name == "parlour.engine"]
    assert logged.exc_info is not None  # says where


async def test_the_server_asks_for_an_acknowledgement(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    answers: list[str | None] = []
    for _ in range(2):
        reference.connections[0].request("question", 1, on_answer=answers.append)
    assert [await socket.text(), await socket.text()] == ['420["question",1]', '421["question",1]']
    for packet in ('431["second"]', '430["first"]', '430["again"]', '439["unasked"]', '42["message"]'):
        await socket.send(packet)
    assert await socket.text() == '42["message-back"]'
    assert answers == ['["second"]', '["first"]']


async def test_an_answer_with_binary_data_is_none(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    answers: list[str | None] = []
    reference.connections[0].request("question", on_answer=answers.append)
    await socket.text()
    await socket.send('461-0[{"_placeholder":true,"num":0}]')
    await socket.send(b"\x01")
    await socket.send('42["message"]')
    await socket.text()
    assert answers == [None]


@pytest.mark.parametrize("options", [{"max_pending_acks": 2}])
async def test_answers_that_do_not_come_are_none_in_the_end(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    connection = reference.connections[0]
    first: list[str | None] = []
    others: list[str | None] = []
    connection.request("question", on_answer=first.append)
    connection.request("question", on_answer=others.append)
    connection.request("question", on_answer=others.append)
    assert (first, others) == ([None], []), "the oldest gives way"
    await socket.raw.close()
    await reference.told("disconnect")
    assert others == [None, None]
    connection.request("question", on_answer=others.append)
    assert others == [None, None, None]


async def test_events_behind_a_handler_that_waits_keep_their_order(
    client: Client, reference: Reference
) -> None:
    slow, quick = await client.connect(), await client.connect()
    await slow.send('42["message","first"]')
    await slow.send('42["slow"]')
    for packet in ('42["message","second"]', '42["typed","wrong"]', '42["slow"]', '421["message-with-ack"]'):
        await slow.send(packet)
    assert await slow.text() == '42["message-back","first"]'
    await quick.send('42["message","others do not wait"]')
    assert await quick.text() == '42["message-back","others do not wait"]'
    reference.released.set()
    assert [await slow.text() for _ in range(5)] == [
        '42["slow-done"]',
        '42["message-back","second"]',
        '42["refused",{"event":"typed","message":"invalid arguments"}]',
        '42["slow-done"]',
        "431[]",
    ]


async def test_the_disconnect_comes_after_the_events_before_it(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send('42["slow"]')
    await socket.send('42["typed",1]')
    await socket.send("41")
    await until(lambda: not reference.connections[0].connected)
    assert reference.calls.qsize() == 1, "only of the connect was told"
    reference.released.set()
    async with asyncio.timeout(PATIENCE):
        told = [(await reference.calls.get())[0] for _ in range(3)]
    assert told == ["connect", "event", "disconnect"]


@pytest.mark.parametrize("options", [{"max_queue": 3}])
async def test_too_many_events_behind_a_handler_close_the_transport(
    client: Client, reference: Reference
) -> None:
    socket = await client.connect()
    for packet in ['42["slow"]'] + ['42["typed",1]'] * 4:
        await socket.send(packet)
    assert await socket.closed() == []
    reference.released.set()
    assert (await reference.told("disconnect"))[2] is Reason.QUEUE_FULL


async def test_one_encoding_serves_many(client: Client, reference: Reference) -> None:
    sockets = [await client.connect() for _ in range(5)]
    packet = encode_event("news", {"text": "é"})
    for connection in reference.connections:
        connection.emit_encoded(packet)
    assert [await socket.text() for socket in sockets] == ['42["news",{"text":"é"}]'] * 5


async def test_nothing_is_sent_to_who_is_gone(client: Client, reference: Reference) -> None:
    socket = await client.connect()
    await socket.send("41")
    await reference.told("disconnect")
    connection = reference.connections[0]
    connection.emit("news")
    connection.emit_encoded(encode_event("news"))
    connection.ack(1)
    connection.disconnect()
    connection.accept()
    await socket.send("40")
    assert (await socket.text()).startswith("40{")


@pytest.mark.parametrize("options", [{"max_send_buffer": 100_000}])
async def test_a_slow_reader_is_cut_off_and_others_do_not_wait(
    client: Client, engine: Engine, reference: Reference
) -> None:
    raw = await RawSocket.connect(client.port, "/socket.io/")
    raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await raw.write(frame(TEXT, b"40"))
    _, slow, _ = await reference.told("connect")
    quick = await client.connect()
    packet = encode_event("news", "x" * 50_000)
    async with asyncio.timeout(PATIENCE):
        while slow.connected:
            slow.emit_encoded(packet)
            assert slow.buffered() < 200_000
            await quick.send('42["message"]')
            assert await quick.text() == '42["message-back"]'
    assert (await reference.told("disconnect"))[1:] == (slow, Reason.SLOW_READER)
    assert list(engine.connections.values()) == [reference.connections[1]]
    raw.abort()


async def test_no_session_is_left_however_clients_go(
    client: Client, engine: Engine, reference: Reference
) -> None:
    leaving = [await client.connect() for _ in range(4)]
    await leaving[0].raw.close()
    await leaving[1].send("1")
    await leaving[2].send("4abc")
    leaving[3].raw._response.connection.transport.abort()  # type: ignore[union-attr]
    polling = await client.open_polling()
    await client.post(polling, "40\x1e1")
    await until(lambda: not engine.sessions.by_sid)
    assert not engine.connections
    reasons = sorted([(await reference.told("disconnect"))[2] for _ in range(5)])
    assert reasons == [Reason.PARSE_ERROR] + [Reason.TRANSPORT_CLOSE] * 4


@pytest.mark.parametrize("options", [{"close_timeout": 0.2}])  # of those that do not answer a close
async def test_nothing_of_a_client_that_is_gone_stays_in_memory(
    client: Client, engine: Engine, reference: Reference
) -> None:
    for _ in range(10):
        socket = await client.connect()
        reference.connections[-1].request("question", on_answer=lambda answer: None)
        await socket.raw.close()
        sid = await client.open_polling()
        upgrading = await client.websocket(f"&sid={sid}")
        await upgrading.send("2probe")
        await upgrading.text()
        await client.post(sid, "40\x1e1")
    await until(lambda: not engine.sessions.by_sid)
    for _ in range(20):
        await reference.told("disconnect")
    reference.connections.clear()
    kinds = (TransportSession, Connection, SocketClient, WebSocketTransport, PollingTransport)

    def left() -> int:
        gc.collect()
        return sum(type(thing) in kinds for thing in gc.get_objects())

    await until(lambda: left() == 0)


async def test_events_wait_for_a_connect_handler_that_waits(client: Client, reference: Reference) -> None:
    socket, _ = await client.open_websocket()
    await socket.send('40{"slow":true}')
    assert (await socket.text()).startswith('40{"sid"')
    await socket.send('42["typed",1]')
    await until(lambda: len(reference.connections[0].mailbox) == 1)
    assert [call[0] for call in drained(reference)] == ["connect"]
    reference.released.set()
    assert await reference.told("event") == ("event", "typed", 1)


def drained(reference: Reference) -> list[tuple[object, ...]]:
    return [reference.calls.get_nowait() for _ in range(reference.calls.qsize())]
