"""Nothing that a stranger or a member sends holds the event loop: one turn of it stays below 10 ms.

Measured is the CPU time that the loop's thread spends in one callback, as a multiple of a fixed piece of work
on the same machine, so that neither a slow machine nor others that are busy beside it change the outcome.
"""

import asyncio
import gc
import json
import math
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from parlour.app import Parlour
from parlour.db.migrate import migrate
from parlour.engine import Engine, Server
from parlour.errors import Refusal
from parlour.http.tunnel.requests import read_handshake
from parlour.recordings.folder_storage import MOST_FILES
from parlour.recordings.http import MOST_LISTED
from parlour.serve import uvicorn_config
from parlour.settings import Settings
from parlour.sfu.options import SfuAccess
from parlour.sfu.sfus import Sfus
from parlour.sfu.webhooks import LONGEST_BODY, WebhookRefused, Webhooks
from parlour.wire.signaling import PAYLOADS
from tests.servers.process import free_port

LONGEST_TURN = 2.0
"""In units of `reference_work`, which takes some 5 ms of the machine on which the rest was measured."""
TRIES = 4
ROOMS, ROWS = 10_000, 5_000
PASSWORD, ROOM = "correct horse battery", "worst"
LARGE = 250_000
"""Characters: with what surrounds them, just below what an HTTP body may have."""


def reference_work() -> float:
    started = time.thread_time()
    sum(number * number for number in range(100_000))
    return time.thread_time() - started


@dataclass
class Turns:
    """The callbacks of one thread's event loop."""

    thread: int = 0
    longest: float = 0.0
    culprit: str = ""

    def reset(self) -> None:
        self.longest, self.culprit = 0.0, ""


@pytest.fixture(scope="module")
def turns() -> Iterator[Turns]:
    turns = Turns()
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        if threading.get_ident() != turns.thread:
            run(handle)
            return
        started = time.thread_time()
        run(handle)
        spent = time.thread_time() - started
        if spent > turns.longest:
            turns.longest, turns.culprit = spent, repr(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        yield turns


class Running:
    """A Parlour on asyncio's own event loop, in a thread of this process: its turns can be measured."""

    def __init__(self, folder: Path, turns: Turns) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "data" / "parlour.db"
        self._turns = turns
        self._settings = Settings(
            data_dir=folder / "data", administrators=("ann@example.org",), _env_file=None
        )
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="parlour")
        self._server: Server | None = None

    def start(self) -> None:
        self._thread.start()
        while not self._ready.wait(1):
            assert self._thread.is_alive(), "the server ended at its start"

    def stop(self) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join()

    async def _serve(self) -> None:
        parlour = Parlour(self._settings, port=self.port)
        await migrate(parlour.core.database)
        for name in ("ann", "bob"):
            await parlour.accounts.registration.create_client(
                email=f"{name}@example.org", username=f"{name}-worst", password=PASSWORD
            )
        await asyncio.to_thread(fill, self.database)
        config = uvicorn_config(parlour, connections=1000)
        config.host, config.port = "127.0.0.1", self.port
        self._server = server = _Announced(config, parlour.calls.engine, self._ready)
        self._turns.thread = threading.get_ident()
        await server.serve()


class _Announced(Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, engine: Engine, ready: threading.Event) -> None:
        super().__init__(config, engine)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # as `parlour serve` does
        self._ready.set()


def fill(database: Path) -> None:
    """As much as a busy server has: rooms, and one of them with all that a room can have."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    numbers = range(1, ROWS + 1)
    with sqlite3.connect(database, timeout=60) as connection:
        [ann] = connection.execute("SELECT id FROM users WHERE email = 'ann@example.org'").fetchone()
        write = connection.executemany
        text = "to talk about what is to be talked about " * 5
        rooms = [(ROOM, ROOM, "x", "here", ann, "ann-worst", now)]
        rooms += [(f"room {n}", f"room {n}", "x", text, ann, "ann-worst", now) for n in range(ROOMS)]
        write(
            "INSERT INTO rooms"
            " (name, name_key, password_hash, description, creator_id, creator_name, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rooms,
        )
        [room] = connection.execute("SELECT id FROM rooms WHERE name = ?", (ROOM,)).fetchone()
        connection.execute("INSERT INTO events (room_id, created_at) VALUES (?, ?)", (room, now))
        [event] = connection.execute("SELECT id FROM events").fetchone()
        emails = [f"somebody{n}@example.org" for n in numbers]
        write(
            "INSERT INTO invitations (room_id, email, email_key, invited_at) VALUES (?, ?, ?, ?)",
            [(room, email, email, now) for email in emails],
        )
        write(
            "INSERT INTO bans (room_id, email, email_key, banned_at) VALUES (?, ?, ?, ?)",
            [(room, f"x{email}", f"x{email}", now) for email in emails],
        )
        write(
            "INSERT INTO messages (room_id, message_id, author_id, author_name, author_email, text, sent_at)"
            " VALUES (?, ?, ?, 'ann-worst', 'ann@example.org', ?, ?)",
            [(room, f"message-{n}", ann, "x" * 4000, now) for n in range(1000)],
        )
        write(
            "INSERT INTO event_log (event_id, user_id, username, email, joined_at, left_at, seen_at)"
            " VALUES (?, ?, 'ann-worst', 'ann@example.org', ?, ?, ?)",
            [(event, ann, now, now, now) for _ in numbers],
        )
        write(
            "INSERT INTO recordings"
            " (recording_id, room_id, started_by, username, state, started_at, ended_at, seen_at)"
            " VALUES (?, ?, ?, 'ann-worst', 'ready', ?, ?, ?)",
            [(f"{n:036}", room, ann, now, now, now) for n in range(MOST_LISTED + 1)],
        )
        file = database.parent / "recordings" / f"{0:036}" / "tracks" / "0"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
        write(
            "INSERT INTO recording_files (recording_row, name, size, kind, person)"
            " VALUES (?, ?, 1, 'sound', ?)",
            [
                (recording, f"tracks/{n}", "x" * 255)
                for (recording,) in connection.execute("SELECT id FROM recordings").fetchall()
                for n in range(MOST_FILES)
            ],
        )


@pytest.fixture(scope="module")
def running(turns: Turns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("worst"), turns)
    running.start()
    yield running
    running.stop()


Request = dict[str, Any]
"""Arguments of httpx: what is asked of an endpoint."""


def queries(**names: str) -> list[Request]:
    """A sensible value, and one as long as a query may be."""
    return [{"params": names}, {"params": dict.fromkeys(names, "x" * 6000)}]


INVITEES = [f"Ä{n}.{'o' * 40}@sub{n}.bücher-{n}.example" for n in range(200)]
WORST: dict[str, list[Request]] = {
    "POST /guest": [{"json": {"email": "g@" + "b\u00fc." * 60 + "example"}}],
    "PUT /guest/verify": queries(token="x"),
    "POST /client": [{"json": {"email": "c@example.org", "username": "clara", "password": "p" * 128}}],
    "POST /client/login": [{"json": {"username": "ann-worst", "password": "p" * LARGE}}],
    "PUT /client/verify": queries(token="x"),
    "POST /verification": [],
    "PUT /logout": [{"headers": {"Cookie": "jwt=" + "x" * 6000, "Authorization": None}}],
    "GET /refresh": [{"headers": {"Cookie": "a=b; " * 1200 + "jwt=" + "x" * 1000}}],
    "GET /session": [{}],
    "PUT /session": [{"json": {"remember": True}}],
    "DELETE /session": [{}],
    "DELETE /session/{session_id}": [{}],
    "POST /password/forgotten": [{"json": {"email": "ann@example.org"}}],
    "PUT /password/reset": [{"json": {"token": "x" * LARGE, "password": PASSWORD}}],
    "PUT /client/password": [{"json": {"password": "wrong " * 9, "new_password": "p" * 128}}],
    "PUT /client/email": [{"json": {"password": "wrong " * 9, "email": "new@example.org"}}],
    "PUT /email/verify": [{"json": {"token": "x" * LARGE}}],
    "PUT /email/stop": [{"json": {"token": "x" * LARGE}}],
    "POST /invitation/link": [{"json": {"token": "x" * LARGE}}],
    "POST /invitation/guest": [{"json": {"token": "x" * LARGE}}],
    "POST /link": [{"json": {"token": "x" * LARGE}}],
    "PUT /account/name": [
        {"json": {"displayName": "\u0390" * 64}},
        {"json": {"displayName": "a" + "\u0316" * LARGE}},
    ],
    "POST /account/deletion": [{"json": {"password": "wrong " * 9}}],
    "GET /account/export": [{}],
    "POST /room": [
        {"json": {"name": "new", "password": PASSWORD, "description": "d" * LARGE, "creator": "ann-worst"}}
    ],
    "POST /room/access": [{"json": {"name": "room 1", "password": "p" * LARGE}}],
    "GET /room/admission": queries(room="x"),
    "GET /room/entry": queries(name="x"),
    "GET /room/creation": [{}],
    "POST /room/check": [{}, {"headers": {"Authorization": None}}],
    "POST /message": [{"json": {"roomname": ROOM, "email": "ann@example.org", "message": "\u20ac" * 4000}}],
    "GET /message": [{"params": {"roomname": ROOM, "limit": "100"}}, *queries(roomname="x")],
    "POST /invitation": [
        {"json": {"room": ROOM, "email": INVITEES}},
        {"json": {"room": ROOM, "email": ["x" * 1000] * 200}},
        {"json": {"room": ROOM, "email": ['"\\' * 1000] * 200}},
        {"json": {"room": ROOM, "email": ["<" * 2000] * 200}},
    ],
    "GET /invitation": [{"params": {"room": ROOM}}],
    "POST /invitation/check": [{"json": {"room": ROOM, "email": "ann@example.org"}}],
    "POST /event": [{"json": {"room": ROOM}}],
    "POST /room/ban": [{"json": {"room": ROOM, "email": "eve@example.org"}}],
    "POST /room/unban": [{"json": {"room": ROOM, "email": "eve@example.org"}}],
    "GET /room/ban": [{"params": {"room": ROOM}}],
    "POST /room/change": [
        {"json": {"room": ROOM, "description": "\u20ac" * 500, "password": "x" * 1000}},
        {"json": {"room": "x" * LARGE}},
        {"json": {"room": ROOM, "starts_at": "2090-12-01T15:00:00+01:00"}},  # a mail to each invitee
    ],
    "POST /invitation/remove": [{"json": {"room": ROOM, "email": "eve@example.org"}}],
    "POST /message/edit": [{"json": {"roomname": ROOM, "message_id": "x" * 200, "message": "\u20ac" * 4000}}],
    "POST /message/delete": [{"json": {"roomname": ROOM, "message_id": "x" * 200}}],
    "POST /message/remove": [{"json": {"roomname": ROOM, "message_id": "x" * 200}}],
    "GET /recordings": [{"params": {"room": ROOM}}, *queries(room="x")],
    "GET /recording/file": [
        {
            "params": {"recording": f"{0:036}", "file": "tracks/0"},
            "headers": {"Range": "bytes=" + "0-1," * 1000, "If-Range": "x" * 2000},
        },
        *queries(recording=f"{0:036}", file="x"),
    ],
    "POST /recording/remove": [{"json": {"recording": "0" * LARGE}}, {"json": {"recording": f"{1:036}"}}],
    "POST /room/people": [
        {"json": {"rooms": [f"room {n}" for n in range(100)]}},
        {"json": {"rooms": ["\u0390" * 64] * 1000}},
    ],
    "POST /room/remove": [{"json": {"room": "room 2"}}],
    "POST /event/log": [{"json": {"email": "ann@example.org", "name": ROOM, "move": "j"}}],
    "GET /event/log": [{"params": {"room": ROOM}}],
    "GET /ice": [{}],
    "GET /diagnosis/permission": [{}],
    "GET /diagnosis": [{}],
    "POST /diagnosis": [{}],
    "GET /config": [{}],
    "GET /healthz": [{}],
    "GET /client-address": [{"headers": {"X-Forwarded-For": "192.0.2.1," * 5000}}],
    "GET /readyz": [{}],
    "GET /openapi.json": [{}],
    "GET /asyncapi.json": [{}],
    "GET /dev/mail": [{}, {"headers": {"Accept": "application/json"}}],
    "GET /": [{"headers": {"Accept-Encoding": "br," * 1500}}],
    "GET /no-such-page": [{"headers": {"Accept": "text/html," * 600}}],
}
"""By endpoint, what costs it most; those with a body get the bodies below as well."""
BODIES = {
    "deep": b"[" * LARGE,
    "deep objects": b'{"a":' * (LARGE // 5),
    "numbers": b'{"email":[' + b"1," * (LARGE // 2) + b"1]}",
    "members": b"{" + b",".join(b'"%d":1' % n for n in range(LARGE // 10)) + b"}",
    "empty objects": b'{"email":[' + b"{}," * (LARGE // 3) + b"1]}",
    "text": b'{"email":"' + b"\\u0130" * (LARGE // 6) + b'"}',
    "digits": b'{"limit":' + b"9" * LARGE + b"}",
}


async def test_every_endpoint_with_its_worst_input(running: Running, turns: Turns) -> None:
    failures = []
    async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
        token = await access_token(client)
        document = (await client.get("/openapi.json")).json()
        known = {
            f"{method.upper()} {path}": operation
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        assert known.keys() <= WORST.keys(), f"without a worst input: {sorted(known.keys() - WORST.keys())}"
        for endpoint, asked in WORST.items():
            requests = {str(index): request for index, request in enumerate(asked)}
            if "requestBody" in known.get(endpoint, {}):
                requests |= {name: body_request(body) for name, body in BODIES.items()}
            for name, request in requests.items():
                with_token = identified(request, token)
                if (ratio := await longest_turn(client, turns, endpoint, with_token)) > LONGEST_TURN:
                    failures.append(f"{endpoint} ({name}): {ratio:.1f} in {turns.culprit[:300]}")
    assert not failures, "\n".join(failures)


async def access_token(client: httpx.AsyncClient) -> str:
    answer = await client.post("/client/login", json={"username": "ann-worst", "password": PASSWORD})
    client.cookies.clear()
    return str(answer.json()["accessToken"])


def body_request(body: bytes) -> Request:
    return {"content": body, "headers": {"Content-Type": "application/json"}}


def identified(request: Request, token: str) -> Request:
    headers = {"Authorization": f"Bearer {token}"} | request.get("headers", {})
    return request | {"headers": {name: value for name, value in headers.items() if value is not None}}


async def longest_turn(client: httpx.AsyncClient, turns: Turns, endpoint: str, request: Request) -> float:
    """In units of the reference work; of several tries the best, since noise only adds."""
    method, _, path = endpoint.partition(" ")
    path = path.replace("{session_id}", "x" * 64)
    best = math.inf
    for _ in range(TRIES):
        unit = reference_work()
        turns.reset()
        answer = await client.request(method, path, **request)
        if answer.status_code == 503:  # the machine is too busy to get it done in time
            continue
        assert answer.status_code < 500, f"{endpoint}: {answer.text}"
        best = min(best, turns.longest / unit)
        if best <= LONGEST_TURN:
            break
    return best


QUERIES = {
    "parameters": b"a&" * 4000,
    "tokens": b"access_token=" * 600,
    "a long token": b"access_token=" + b"a" * 8000,
    "dots": b"access_token=" + b"a." * 1000,
    "signed by nobody": b"access_token=" + b"a" * 1000 + b"." + b"e30" + b"." + b"a" * 1000,
}
HEADS = {
    "headers": [(b"a" * 100, b"b" * 100)] * 100,
    "a long bearer": [(b"authorization", b"Bearer " + b" " * 60_000)],
    "a long agent": [(b"user-agent", b"a" * 60_000)],
    "many bearers": [(b"authorization", b"Bearer a.b.c")] * 100,
}


def test_what_strangers_ask_of_a_tunnel_with_its_worst_input() -> None:
    secret = "0123456789" * 4
    access = SfuAccess(name="x", url="http://127.0.0.1:9", key="key", secret=secret)
    sfus = Sfus([access], lambda: datetime.now(UTC))
    webhooks = Webhooks(sfu.tokens for sfu in sfus.by_number.values())
    path = f"/livekit/{access.number:08x}/rtc?".encode()
    usual = [(b"sec-websocket-key", b"A" * 22 + b"=="), (b"sec-websocket-version", b"13")]

    def opens(query: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        handshake = read_handshake("GET", "1.1", path + query, [*usual, *headers])
        sfus.admit(handshake.number, handshake.query.token.decode())

    asked: dict[str, Callable[[], object]] = {
        name: partial(opens, query, []) for name, query in QUERIES.items()
    }
    asked |= {name: partial(opens, b"", headers) for name, headers in HEADS.items()}
    asked["a webhook"] = partial(webhooks.room_of, b"[" * LONGEST_BODY, "a." * 1000, time.time())
    for name, ask in asked.items():
        best = math.inf
        for _ in range(TRIES):
            unit, started = reference_work(), time.thread_time()
            with pytest.raises((Refusal, WebhookRefused)):
                ask()
            best = min(best, (time.thread_time() - started) / unit)
        assert best <= LONGEST_TURN / 4, name  # what surrounds it takes its part, too


PAYLOAD_BYTES = 990_000
PACKETS = {
    "deep": "[" * PAYLOAD_BYTES,
    "deep objects": '{"a":' * (PAYLOAD_BYTES // 5),
    "numbers": "[" + "1," * (PAYLOAD_BYTES // 2 - 10) + "1]",
    "empty objects": "[" + "{}," * (PAYLOAD_BYTES // 3 - 10) + "1]",
    "members": "{" + ",".join(f'"{n}":1' for n in range(PAYLOAD_BYTES // 11)) + "}",
    "text": '"' + "\\u0130" * (PAYLOAD_BYTES // 6 - 10) + '"',
    "digits": "9" * PAYLOAD_BYTES,
    "many arguments": "1," * (PAYLOAD_BYTES // 2 - 10) + "1",
    "description": json.dumps(
        {"peerID": "x", "sessionDescription": {"type": "offer", "sdp": "v=0\r\n" + "a=\u20ac\r\n" * 28_000}}
    ),
    "candidate": json.dumps({"peerID": "x", "iceCandidate": {"candidate": "c" * 4096, "sdpMid": "m" * 4096}}),
    "room": json.dumps({"room": "\u0130" * 100_000}),
    "text of a chat": json.dumps({"text": "\u0130" * 4000, "room": ROOM, "message": "\u20ac" * 4000}),
}


async def test_every_packet_with_its_worst_input(running: Running, turns: Turns) -> None:
    failures = []
    async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
        token = await access_token(client)
    events = [f'42["{name}",%s]' for name in PAYLOADS]
    for packet in (*events, '42["no-such-event",%s]', "42[%s", "43[%s]", "40%s", "41%s", "4%s", "2%s", "9%s"):
        for name, payload in PACKETS.items():
            if (ratio := await longest_turn_of_frame(running, turns, token, packet % payload)) > LONGEST_TURN:
                failures.append(f"{packet} ({name}): {ratio:.1f} in {turns.culprit[:300]}")
    assert not failures, "\n".join(failures)


async def longest_turn_of_frame(running: Running, turns: Turns, token: str, frame: str) -> float:
    url = running.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    best = math.inf
    for _ in range(TRIES):
        async with connect(
            url, compression=None, ping_interval=None, max_size=None, proxy=None, open_timeout=60
        ) as socket:
            await socket.send("40" + json.dumps({"token": token}))
            while not str(await socket.recv()).startswith("40{"):
                pass
            unit = reference_work()
            turns.reset()
            with suppress(ConnectionClosed):  # as it may end what is no packet
                await socket.send(frame)
                await (await socket.ping())
            best = min(best, turns.longest / unit)
        if best <= LONGEST_TURN:
            break
    return best
