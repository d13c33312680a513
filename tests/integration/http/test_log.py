"""What the server's log says of requests, and what it never says."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.people import Person, Visitors, unique
from tests.servers import ParlourServer


def log_lines(server: ParlourServer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log_lines() if line.startswith("{")]


async def logged(server: ParlourServer, request_id: str) -> dict[str, Any]:
    """The line of a request; it is written after the answer has been sent."""
    async with asyncio.timeout(60):
        while True:
            for line in log_lines(server):
                if line["event"] == "request" and line.get("request") == request_id:
                    return line
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("POST", "/room/check", "/room/check", 200),
        ("POST", "/room", "/room", 401),
        ("PUT", "/client/verify?token=secret-token", "/client/verify", 403),
        ("GET", "/verifyclient/secret-token", "/verifyclient/{token}", None),
        ("GET", "/secret-path", "unknown", 404),
        ("DELETE", "/room", None, 405),
    ],
)
async def test_each_request_is_a_line(
    nobody: Person, method: str, path: str, route: str | None, status: int | None
) -> None:
    body = {"name": "x", "password": "x", "description": "", "creator": "x"}
    answer = await nobody.http.request(method, path, json=body if path == "/room" else None)
    line = await logged(nobody.server, answer.headers["x-request-id"])
    assert line["method"] == method
    assert line["status"] == answer.status_code == (status or answer.status_code)
    assert line["ms"] >= 0
    assert line["timestamp"].endswith("Z")
    if route is not None:
        assert line["route"] == route
    assert "secret" not in json.dumps(line)


async def test_no_secrets_are_logged(ann: Person, visitors: Visitors, server: ParlourServer) -> None:
    """Of this story, with all that goes wrong in it, and of the whole session so far."""
    eve = await visitors.stranger("eve")
    eve.password = unique("eves-password")
    await eve.registers()
    await eve.post("/client", {"email": eve.email, "username": eve.username, "password": eve.password})
    link = await eve.reads_link()
    for token in (link, link, f"{link}x"):
        await eve.put("/client/verify", params={"token": token})
    await eve.logs_in()
    await eve.refreshes()
    room_password, message = unique("rooms-password"), unique("words")
    room = await eve.creates_room(password=room_password)
    await ann.enters(room, room_password)
    await ann.writes(message, to=room)
    await eve.invites(ann, "someone.else@example.org", to=room)
    wrong = unique("wrong-password")
    await ann.post("/room/access", {"name": room, "password": wrong})
    await eve.post("/client/login", {"username": eve.username, "password": wrong})
    await eve.post("/client/login", {"username": eve.username, "password": {wrong: wrong}})
    await eve.post("/client", {"email": f"{wrong}@", "username": wrong, "password": wrong * 50})
    await eve.http.get("/ice", headers={"Authorization": f"Bearer {wrong}", "Cookie": f"jwt={wrong}"})
    await eve.http.get(f"/{wrong}?token={wrong}")
    last = await eve.http.put("/logout")
    await logged(server, last.headers["x-request-id"])

    log = server.log.read_text(encoding="utf-8")
    for secret in (eve.password, link, eve.token, room_password, message, wrong, eve.email, ann.email):
        assert secret
        assert secret not in log
    assert "@example.org" not in log
    assert "eyJ" not in log  # how every token begins
    assert "$argon2id$" not in log


async def test_nothing_failed(server: ParlourServer) -> None:
    """Whatever the tests have done to this server, all of it was foreseen."""
    failures = [line for line in log_lines(server) if line.get("level") in ("error", "critical")]
    assert failures == []
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    server = ParlourServer(tmp_path)
    assert server.log_lines() == []
    server.log.write_bytes(b'{"event": "begun"}\n{"event": "requ')
    assert server.log_lines() == ['{"event": "begun"}']
    with server.log.open("ab") as log:
        log.write(b'est"}\n')
    assert server.log_lines() == ['{"event": "begun"}', '{"event": "request"}']
