"""The engine inside a whole uvicorn: one port, TLS, an orderly end."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from parlour.engine import Engine, Server
from tests.engine.reference import PATIENCE, Client, Reference, is_polled, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


@asynccontextmanager
async def running(engine: Engine, **settings: Any) -> AsyncIterator[tuple[int, Server]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            engine.asgi, ws=engine.websocket_protocol_class(), lifespan="off", log_config=None, **settings
        )
        server = Server(config, engine, grace=1.0)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        try:
            yield listening.getsockname()[1], server
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, PATIENCE)


async def test_the_server_ends_polls_and_websockets_and_itself(engine: Engine, reference: Reference) -> None:
    async with running(engine) as (port, server):
        client = Client(port, "/socket.io/")
        socket = await client.connect()
        sid = await client.open_polling()
        poll = asyncio.create_task(client.poll(sid))
        await until(lambda: is_polled(engine.sessions, sid))
        server.should_exit = True
        assert (await socket.receive()).data == 1001
        assert await poll == (200, "1")
        await reference.told("disconnect")
        await client.close()
    assert engine.counters().sessions == 0


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    cert = builder.sign(key, hashes.SHA256())
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return cert_file, key_file


async def test_websockets_and_polling_over_tls(engine: Engine, tmp_path: Path) -> None:
    cert_file, key_file = certificate(tmp_path)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with (
        running(engine, ssl_certfile=cert_file, ssl_keyfile=key_file) as (port, _),
        aiohttp.ClientSession(f"https://127.0.0.1:{port}", connector=connector) as http,
    ):
        async with http.get("/socket.io/?EIO=4&transport=polling") as answer:
            assert (await answer.text())[0] == "0"
        async with http.ws_connect("/socket.io/?EIO=4&transport=websocket") as ws:
            assert (await ws.receive_str(timeout=PATIENCE))[0] == "0"
            await ws.send_str("40")
            assert (await ws.receive_str(timeout=PATIENCE))[:2] == "40"
            assert await ws.receive_str(timeout=PATIENCE) == '42["auth",{}]'
            for size in (10, 10_000, 500_000):
                await ws.send_str(f'42["message","{"x" * size}"]')
                assert await ws.receive_str(timeout=PATIENCE) == f'42["message-back","{"x" * size}"]'
