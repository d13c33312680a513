"""What the log says of a whole story, and what it must never say."""

import asyncio
import json
import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest

from parlour.db.database import Database
from tests.conftest import StartServer, StartSmtpServer
from tests.integration.server.test_lifecycle import socket_of
from tests.people import ROOM_PASSWORD, Person, Visitors, token_in
from tests.servers import Mail, ParlourServer
from tests.servers.command import PROGRAM

SDP = "v=0\r\no=- 4611731400430051336 2 IN IP4 198.51.100.77\r\n"
CANDIDATE = "candidate:1 1 udp 2122260223 198.51.100.77 54321 typ host"


def lines(server: ParlourServer) -> list[dict[str, Any]]:
    """Every line but the one on stdout, each a JSON object."""
    return [json.loads(line) for line in server.log_lines() if not line.startswith("Parlour is ready at")]


async def tells_a_story(ann: Person, bob: Person, server: ParlourServer) -> None:
    """Wrong turns included; bob and ann are in a call, and something breaks."""
    await ann.post("/client/login", {"username": ann.username, "password": "wr0ng-passw0rd"})
    await ann.refreshes()
    await ann.get("/r/some-room-name")
    await ann.get(f"/verifyclient/{ann.token}")
    await ann.get("/refresh", params={"token": ann.token})
    await ann.post("/client", {"email": "malformed-address", "password": "sh0rt"})
    await ann.post("/client", content=b"{not json")
    await ann.get("/message", headers={"Authorization": "Bearer f0rged.t0ken"})
    room = await ann.creates_room()
    await bob.post("/room/access", {"name": room, "password": "wr0ng-passw0rd"})
    await bob.enters(room)
    await ann.invites("eve@elsewhere.example", to=room)
    async with socket_of(ann) as first, socket_of(bob) as second:
        await first.send("42" + json.dumps(["join", {"room": room}]))
        await second.send("42" + json.dumps(["join", {"room": room}]))
        async with asyncio.timeout(120):
            while "add-peer" not in (message := str(await second.recv())):
                pass
        peer = json.loads(message[2:])[1]["peerID"]
        description = {"type": "offer", "sdp": SDP}
        await second.send(
            "42" + json.dumps(["offer-sdp", {"peerID": peer, "sessionDescription": description}])
        )
        await second.send(
            "42" + json.dumps(["offer-ice", {"peerID": peer, "iceCandidate": {"candidate": CANDIDATE}}])
        )
        await second.send(
            "42" + json.dumps(["offer-ice", {"peerID": "nobody", "iceCandidate": {"candidate": CANDIDATE}}])
        )
        await second.send("42" + json.dumps(["chat-message", {"message": "a private word"}]))
        await second.send("42" + json.dumps(["join", {"room": 1, "token": bob.token}]))
        async with asyncio.timeout(120):
            while "a private word" not in str(await first.recv()):
                pass
        await breaks(ann, bob, server, room)
    await ann.put("/logout")


async def breaks(ann: Person, bob: Person, server: ParlourServer, room: str) -> None:
    """The chat's table is gone for a moment."""
    database = Database(server.database_url)
    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE messages RENAME TO messages_away")
    answer = await ann.post("/message", {"roomname": room, "message": "a private word"})
    # SQLite calls a missing table what it calls a disk that is gone.
    assert answer.status_code == (503 if database.is_sqlite else 500)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "messages" not in answer.text
    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE messages_away RENAME TO messages")
    await database.close()


async def test_a_whole_story(fresh_server: StartServer, smtp_server: StartSmtpServer) -> None:
    mails = await smtp_server("plain", ("mailer", "ma1l-passw0rd"))
    server = await fresh_server(
        {
            "PARLOUR_SMTP_URL": mails.url,
            "PARLOUR_LOG_LEVEL": "debug",
            "PARLOUR_TURN_SECRET": "t0rn-secret",
            "PARLOUR_TURN_URLS": "turn:turn.example.org",
        }
    )
    tokens: list[str] = []
    async with Visitors(server) as visitors:
        people = []
        for name in ("ann", "bob"):
            person = await visitors.stranger(name)
            await person.registers()
            letter = await mails.expect_message(person.email)
            token = token_in(Mail(to="", subject="", text=letter.text, html="", sent_at="")) or ""
            await person.put("/client/verify", params={"token": token})
            await person.put("/client/verify", params={"token": token})  # twice: refused
            await person.logs_in()
            tokens += [token, person.token or "", person.cookie]
            people.append(person)
        mails.refuse("550 5.1.1 <eve@elsewhere.example> no such mailbox")
        ann, bob = people
        await tells_a_story(ann, bob, server)
        tokens += [ann.token or "", ann.cookie] if ann.http.cookies.get("jwt") else [ann.token or ""]
        await server.expect_log("mail.refused")
        emails = [ann.email, bob.email]
    await server.terminate()

    log = server.log.read_text()
    secrets = [
        *(part for token in tokens for part in token.split(".") if len(part) > 40),
        *emails,
        "eve@elsewhere.example",
        "elsewhere.example",
        "malformed-address",
        ann.password,
        ROOM_PASSWORD,
        "wr0ng-passw0rd",
        "sh0rt",
        "ma1l-passw0rd",
        "t0rn-secret",
        "f0rged",
        "198.51.100.77",
        "127.0.0.1",
        "a private word",
        (server.folder / "data" / "secret_key").read_text(),
    ]
    found = [secret for secret in secrets if secret in log]
    assert not found
    assert not re.search(r"\$argon2|eyJhbGciOi", log), "neither hashes nor tokens"
    events = {line["event"] for line in lines(server)}
    assert "request" in events
    assert ("request.database_unavailable" if "sqlite" in server.database_url else "request.failed") in events
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines(server))


@pytest.mark.database("sqlite")
async def test_one_line_a_request(server: ParlourServer) -> None:
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        answers = [
            await ann.get("/r/a-room"),
            await ann.get("/no/such/thing"),
            await ann.post("/guest", {}),
            await ann.put("/client/verify", params={"token": "t0ken"}),
            await ann.http.delete("/room"),
            await ann.get("/socket.io/", params={"EIO": "4", "transport": "polling"}),
        ]
        for answer in answers:
            await server.expect_log(answer.headers["x-request-id"])
    wanted = ["/r/{room}", "unknown", "/guest", "/client/verify", None, "/socket.io"]
    for answer, route in zip(answers, wanted, strict=True):
        request_id = answer.headers["x-request-id"]
        (line,) = [
            line for line in lines(server) if line.get("request") == request_id and line["event"] == "request"
        ]
        assert (line["method"], line["status"]) == (answer.request.method, answer.status_code)
        assert route in (None, line["route"])
        assert 0 <= line["ms"] < 10_000
        assert line["level"] == "info"
        assert line["timestamp"].endswith("Z")
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


@pytest.mark.database("sqlite")
async def test_what_machines_ask_for_makes_no_lines(server: ParlourServer) -> None:
    """An answer that refuses does; the last request tells when the lines before it are written."""
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        page = (await ann.get("/")).text
        script = re.findall(r'"(?:\./)?/?(assets/[^"]+\.js)"', page)[0]
        quiet = [await ann.get(path) for path in ("/healthz", "/readyz", f"/{script}")]
        told = [await ann.get("/assets/none.js"), await ann.get("/no/such/thing")]
        for answer in told:
            await server.expect_log(answer.headers["x-request-id"])
    assert [answer.status_code for answer in quiet] == [200, 200, 200]
    requests = {line.get("request") for line in lines(server)}
    assert not requests & {answer.headers["x-request-id"] for answer in quiet}


async def shown(screen: int, *, until: str) -> str:
    """What a terminal shows without its colours, once this is on it: a line is written after the answer."""
    text = ""
    async with asyncio.timeout(120):
        while until not in text:
            text += (await asyncio.to_thread(os.read, screen, 65536)).decode()
            text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return text


async def test_people_read_lines_made_for_people(tmp_path: Path) -> None:
    """On a terminal: colours, no JSON."""
    screen, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "serve", "--port", "0",
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(120):
            ready = (await process.stdout.readline()).decode()
        url = ready.split()[-1]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(b"GET /config HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in await reader.read()
        writer.close()
        text = await shown(screen, until="status=200")
    finally:
        process.terminate()
        await process.wait()
        os.close(screen)
    assert re.search(r"info.*request.*method=GET.*route=/config.*status=200", text), text
    assert not text.lstrip().startswith("{")
