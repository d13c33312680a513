"""What is long is sent compressed, and what holds a secret is not."""

import gzip
import re

import httpx
import pytest

from tests.people import Visitors
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")


async def raw(
    http: httpx.AsyncClient, path: str, accepts: str, method: str = "GET"
) -> tuple[httpx.Response, bytes]:
    """The answer, and its body as it was sent."""
    async with http.stream(method, path, headers={"Accept-Encoding": accepts}) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


async def test_files_of_the_client(server: ParlourServer) -> None:
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as http:
        page = (await http.get("/")).text
        for path in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
            plain, content = await raw(http, path, "identity")
            if len(content) < 512:  # A form of its own would save nothing: it is a single packet either way.
                assert "content-encoding" not in (await raw(http, path, "gzip, br"))[0].headers
                continue
            etags = {plain.headers["etag"]}
            sizes = [len(content)]
            assert "content-encoding" not in plain.headers
            for accepts, encoding in (
                ("gzip", "gzip"),
                ("gzip, deflate, br", "br"),
                ("br;q=0.1, gzip;q=0", "br"),
            ):
                answer, body = await raw(http, path, accepts)
                assert answer.headers["content-encoding"] == encoding
                assert answer.headers["content-type"] == plain.headers["content-type"]
                assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
                assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding, Origin"
                assert int(answer.headers["content-length"]) == len(body)
                if encoding == "gzip":
                    assert gzip.decompress(body) == content
                etags.add(answer.headers["etag"])
                sizes.append(len(body))
                head, nothing = await raw(http, path, accepts, "HEAD")
                assert nothing == b""
                assert head.headers["content-length"] == answer.headers["content-length"]
                assert head.headers["etag"] == answer.headers["etag"]
                again = await http.get(
                    path, headers={"Accept-Encoding": accepts, "If-None-Match": answer.headers["etag"]}
                )
                assert (again.status_code, again.headers["vary"]) == (304, "Accept-Encoding, Origin")
                assert "content-encoding" not in again.headers
            assert len(etags) == 3, "each form has its own"
            assert sizes[0] > sizes[1] > sizes[2], "brotli is the smallest"


async def test_pages(server: ParlourServer) -> None:
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as http:
        plain, content = await raw(http, "/r/x", "identity")
        answer, body = await raw(http, "/r/x", "gzip, br")
        assert gzip.decompress(body) == content
        assert answer.headers["etag"] != plain.headers["etag"]
        headers = {"Accept-Encoding": "gzip", "If-None-Match": f'W/"x", {answer.headers["etag"]}'}
        assert (await http.get("/login", headers=headers)).status_code == 304
        assert (await http.get("/nothing", headers={**headers, "Accept": "text/html"})).status_code == 404


async def test_json(server: ParlourServer) -> None:
    async with Visitors(server) as visitors:
        ann = await visitors.client("ann")
        room = await ann.creates_room()
        for number in range(10):
            sent = await ann.post("/message", {"roomname": room, "message": f"{number} " + "a" * 200})
            assert sent.status_code == 200
        authorized = {"Authorization": f"Bearer {ann.token}", "Accept-Encoding": "gzip"}
        messages = await ann.http.get("/message", params={"roomname": room}, headers=authorized)
        assert messages.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in messages.headers["vary"]
        assert len(messages.json()["messages"]) == 10
        for path in ("/openapi.json", "/asyncapi.json"):
            plain, content = await raw(ann.http, path, "identity")
            answer, body = await raw(ann.http, path, "gzip")
            assert gzip.decompress(body) == content
            assert plain.headers["vary"] == answer.headers["vary"] == "Accept-Encoding, Origin"
            assert plain.headers["etag"] != answer.headers["etag"]
        short, _ = await raw(ann.http, "/config", "gzip")
        assert "content-encoding" not in short.headers


async def test_secrets_beside_what_others_choose(server: ParlourServer) -> None:
    """A session's token beside its address, and the links of mails beside the names in them."""
    async with Visitors(server) as visitors:
        ann = await visitors.client("ann")
        login = {"username": ann.username, "password": ann.password}
        for answer in (
            await ann.http.post("/client/login", json=login),
            await ann.http.get("/refresh"),
            await ann.http.get("/dev/mail", headers={"Accept": "application/json"}),
            await ann.http.get("/dev/mail"),
        ):
            assert answer.status_code == 200
            assert "content-encoding" not in answer.headers
