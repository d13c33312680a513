"""Cookies know no ports: whatever another program of this host left in the browser keeps nobody out."""

import json

import pytest

from tests.integration.signaling.raw import raw_socket
from tests.people import Person
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")


async def test_cookies_of_other_programs(server: ParlourServer, ann: Person) -> None:
    """Before and after the cookie `jwt`, over HTTP, polling and WebSocket alike."""
    for other in (
        'prefs={"a": [1, 2]}',
        "list[0]=x",
        "grüße=schön",
        'open="',
        "a=b=c",
        "bare",
        "jwt=",
        "=;;",
    ):
        for cookies in (f"{other}; jwt={ann.cookie}", f"jwt={ann.cookie}; {other}"):
            headers = {"Cookie": cookies}
            answer = await ann.http.get("/session", headers=[(b"Cookie", cookies.encode())])
            assert answer.status_code == 200, cookies
            async with raw_socket(server, headers=headers) as socket:
                await socket.sends("40")
                await socket.expects("40{")


async def test_the_first_of_two_cookies_counts(server: ParlourServer, ann: Person, mallory: Person) -> None:
    """Browsers send the one of the longest path first."""
    cookies = f"jwt={ann.cookie}; jwt={mallory.cookie}"
    answer = await ann.http.get("/session", headers=[(b"Cookie", cookies.encode())])
    own = {entry["session_id"] for entry in await ann.sessions()}
    assert {entry["session_id"] for entry in answer.json()["sessions"]} == own
    async with raw_socket(server, headers={"Cookie": cookies}) as socket:
        await socket.sends("40")
        await socket.expects("40{")
        answered = await socket.asks(json.dumps(["join", {"room": await ann.creates_room()}]))
    assert answered["ok"], "ann's own room, and mallory was not admitted"
