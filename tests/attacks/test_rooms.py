"""Attacks on rooms and their calls, and on what stands behind text fields."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.http.document import Document
from tests.integration.http.storage import room_of
from tests.integration.signaling.python import PythonClient
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import ROOM_PASSWORD, Person, Visitors, unique
from tests.servers import ParlourServer

SQL = "'; DROP TABLE rooms; --"
INJECTIONS = [SQL, "' OR '1'='1", '" OR ""="', "1); DELETE FROM users; --", "%' AND 1=1 --", "\\'; SELECT 1"]
TEMPLATES = ["{{7*191}}", "{%raw%}", "${7*191}", "#{7*191}", "{0.__class__}", "%(password)s", "<%= 7*191 %>"]


async def connected(server: ParlourServer, person: Person) -> PythonClient:
    client = PythonClient(person.email.partition("@")[0], person)
    client.open(server.url, transport="websocket", auth={"token": person.token}, headers={})
    await client.inbox.take("connect")
    return client


@pytest.mark.database("sqlite")
async def test_join_without_admission(server: ParlourServer, ann: Person, mallory: Person) -> None:
    free, event = await ann.creates_room(), await ann.creates_event()
    attacker = await connected(server, mallory)
    await attacker.may_not("join", {"room": free}, code="not_admitted")
    await attacker.may_not("join", {"room": free, "username": ann.username}, code="not_admitted")
    await attacker.may_not("join", {"room": event}, code="not_invited")
    await attacker.may_not("chat-message", {"message": "x", "room": free}, code="not_in_call")
    await attacker.close()


@pytest.mark.database("sqlite")
async def test_relay_to_another_room(server: ParlourServer, ann: Person, mallory: Person) -> None:
    victim, attacker = await connected(server, ann), await connected(server, mallory)
    await victim.joins(await ann.creates_room())
    await attacker.joins(await mallory.creates_room())
    await attacker.may_not("offer-sdp", attacker.description(victim), code="peer_not_found")
    await attacker.may_not("offer-ice", attacker.candidate(victim), code="peer_not_found")
    await attacker.may_not("ban-peer", {"peerID": victim.peer_id}, code="peer_not_found")
    assert not victim.inbox.unread() or all("share-rooms" in line for line in victim.inbox.unread())
    for client in (victim, attacker):
        await client.close()


@pytest.mark.parametrize("text", [*INJECTIONS, *TEMPLATES])
async def test_sql_and_template_injection_in_each_text_field(
    server: ParlourServer, ann: Person, mallory: Person, text: str
) -> None:
    """What is text stays text: it is stored and shown to the letter, or it fits nothing."""
    room = await ann.creates_room(f"{text} {unique('r')}"[:64], password=text, description=text)
    assert (await mallory.sees())[room]["description"] == text
    await mallory.enters(room, password=text)
    await mallory.writes(text, to=room)
    [message] = await mallory.reads(room)
    assert (message["message"], message["room"], message["username"]) == (text, room, mallory.username)
    invited = f"{unique('bob')}@example.org"
    await ann.invites(invited, to=room)
    mail = await server.expect_mail(invited)
    assert room in mail.text and "1337" not in mail.text + mail.html + mail.subject
    for path, body in (
        ("/client/login", {"username": text, "password": text}),
        ("/client", {"username": text, "email": f"x@example.org{text}", "password": text * 3}),
        ("/guest", {"email": text}),
        ("/invitation/check", {"email": ann.email, "room": text}),
        ("/event", {"room": text}),
        ("/event/log", {"name": text, "move": text}),
        ("/room/ban", {"room": text, "email": text}),
        ("/room/check", {"username": text, "after": text}),
    ):
        answer = await ann.post(path, body)
        assert answer.status_code in (200, 400, 401, 403, 404, 422), (path, answer.text)
    for path in ("/message", "/invitation", "/event/log", "/room/ban"):
        answer = await ann.get(path, params={"room": text, "roomname": text, "before": text})
        assert answer.status_code in (404, 422), (path, answer.text)
    assert room in await ann.sees()


@pytest.mark.database("sqlite")
async def test_admission_before_a_room_became_an_event(ann: Person, visitors: Visitors) -> None:
    early = await visitors.client("early")
    room = await ann.creates_room()
    await early.enters(room)
    await ann.makes_event(room)
    answer = await early.get("/message", params={"roomname": room})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_invited")


def statuses_of(answers: list[httpx.Response]) -> Counter[int]:
    for answer in answers:
        if answer.status_code == 429:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "rate_limited"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
    return Counter(answer.status_code for answer in answers)


@pytest.mark.database("sqlite")
async def test_chat_flood(fresh_server: StartServer) -> None:
    """Over HTTP and signaling together: whoever floods is stopped, in every room; others write on."""
    server = await fresh_server({"PARLOUR_MESSAGES_PER_MINUTE": 20})
    document = await Document.of(server)
    async with Visitors(server, examine=document.examine) as people:
        ann, mallory = await people.client("ann"), await people.client("mallory")
        room, other = await ann.creates_room(), await ann.creates_room()
        await mallory.enters(room)
        await mallory.enters(other)
        message = {"roomname": room, "message": "buy this"}
        flood = await asyncio.gather(*(mallory.post("/message", message) for _ in range(30)))
        assert statuses_of(flood) == {200: 20, 429: 10}
        assert statuses_of([await mallory.post("/message", message | {"roomname": other})]) == {429: 1}
        attacker = await connected(server, mallory)
        await attacker.joins(room)
        await attacker.may_not("chat-message", {"message": "buy this"}, code="rate_limited")
        await attacker.close()
        await ann.writes("hello", to=room)
        assert len(await ann.reads(room)) == 21


FLOODS: list[tuple[str, dict[str, str | list[str]]]] = [
    ("/room/access", {"name": "{room}", "password": "open sesame"}),
    ("/event", {"room": "{room}"}),
    ("/event/log", {"name": "{room}", "move": "j"}),
    ("/room/ban", {"room": "{room}", "email": "x@example.org"}),
    ("/room/unban", {"room": "{room}", "email": "x@example.org"}),
    ("/room/remove", {"room": "{room}"}),
    ("/invitation", {"room": "{room}", "email": ["x@example.org"]}),
]


@pytest.mark.database("sqlite")
async def test_write_flood(fresh_server: StartServer) -> None:
    """What changes rooms is counted together; what one does against a thief is not stopped by the thief."""
    server = await fresh_server({"PARLOUR_WRITES_PER_MINUTE": 10})
    document = await Document.of(server)
    async with Visitors(server, examine=document.examine) as people:
        ann, mallory = await people.client("ann"), await people.client("mallory")
        room = await mallory.creates_room()
        flood = [await mallory.post("/event", {"room": room}) for _ in range(9)]
        assert statuses_of(flood) == {200: 9}, "and the room itself"
        for path, body in FLOODS:
            filled = {key: room if value == "{room}" else value for key, value in body.items()}
            assert statuses_of([await mallory.post(path, filled)]) == {429: 1}, path
        assert room in await mallory.sees()
        assert (await mallory.get("/message", params={"roomname": room})).status_code == 200
        assert (await mallory.delete("/session")).status_code == 200
        change = {"password": mallory.password, "new_password": "another good one"}
        assert (await mallory.put("/client/password", json=change)).status_code == 200
        await ann.creates_room()


FLOOD = "v=0\r\n" + "a=x\r\n" * 39_000
"""As long as a description may be."""


async def entered(socket: RawSocket, who: Person, room: str) -> str:
    """The peer id of `who`, in the room's call from now on."""
    await socket.identifies(who.token or "")
    answer = await socket.asks(json.dumps(["join", {"room": room}]))
    assert answer["ok"], answer
    return str(answer["peerID"])


def offer(to: str, sdp: str) -> str:
    return json.dumps(["offer-sdp", {"peerID": to, "sessionDescription": {"type": "offer", "sdp": sdp}}])


@pytest.mark.database("sqlite")
async def test_a_victim_is_not_hung_up_on(fresh_server: StartServer) -> None:
    """Who reads slowly keeps the connection, whatever one peer sends; what others send still gets through."""
    server = await fresh_server({"PARLOUR_RELAY_BYTES_PER_SECOND": 1_000_000_000})
    async with AsyncExitStack() as leaving:
        visitors = await leaving.enter_async_context(Visitors(server))
        people = [await visitors.client(name) for name in ("ann", "bob", "mallory")]
        room = await people[0].creates_room()
        await people[0].invites(*people[1:], to=room)
        sockets = [await leaving.enter_async_context(raw_socket(server)) for _ in people]
        peers = [await entered(socket, one, room) for socket, one in zip(sockets, people, strict=True)]
        victim, honest, attacker = sockets
        victim.stops_reading()
        answers = [await attacker.asks(offer(peers[0], FLOOD)) for _ in range(60)]
        assert answers[0]["ok"]
        assert answers[-1].get("code") == "peer_busy"
        assert (await honest.asks(offer(peers[0], "v=0\r\ns=honest\r\n")))["ok"]
        victim.reads_again()
        while "s=honest" not in await victim.expects("42["):
            pass


@pytest.mark.database("sqlite")
async def test_bytes_count_as_well_as_messages(fresh_server: StartServer) -> None:
    """Over all connections of a person."""
    server = await fresh_server({"PARLOUR_RELAY_BYTES_PER_SECOND": 100})  # no machine is so slow
    codes = []
    async with AsyncExitStack() as leaving:
        visitors = await leaving.enter_async_context(Visitors(server))
        ann, mallory = await visitors.client("ann"), await visitors.client("mallory")
        room = await mallory.creates_room()
        await mallory.invites(ann, to=room)
        victim = await entered(await leaving.enter_async_context(raw_socket(server)), ann, room)
        for _ in range(3):
            attacker = await leaving.enter_async_context(raw_socket(server))
            await entered(attacker, mallory, room)
            codes += [(await attacker.asks(offer(victim, FLOOD))).get("code") for _ in range(5)]
    assert codes[0] is None
    assert set(codes[5:]) == {"rate_limited"}, "a person's connections share the rate"


@pytest.mark.database("sqlite")
async def test_a_guest_who_joins_three_hundred_times(fresh_server: StartServer) -> None:
    """Over many connections or by leaving in between: the others are told of few of them."""
    server = await fresh_server({"PARLOUR_ENTRIES_PER_SECOND": 3})  # fewer: this machine may be slow
    async with AsyncExitStack() as leaving:
        visitors = await leaving.enter_async_context(Visitors(server))
        ann, gus = await visitors.client("ann"), await visitors.guest("gus")
        room = await ann.creates_room()
        await ann.invites(gus, to=room)
        joins = json.dumps(["join", {"room": room}])
        sockets = [await leaving.enter_async_context(raw_socket(server)) for _ in range(20)]
        for socket in sockets:
            await socket.identifies(gus.token or "")
        codes = [(await socket.asks(joins)).get("code") for socket in sockets]
        assert Counter(codes) == {None: 3, "too_many_visits": 17}
        restless = sockets[codes.index(None)]
        codes = [(await restless.asks(text)).get("code") for _ in range(150) for text in ('["leave"]', joins)]
        assert "rate_limited" in codes
        joined = codes[1::2].count(None)
        assert joined < 150
        elsewhere = (await sockets[-1].asks(joins))["code"]
        assert elsewhere in ("rate_limited", "too_many_visits"), "a person's connections share the rate"


# ------------------------------------------------------------------------------------------ their names


async def makes_room(person: Person, name: str) -> httpx.Response:
    body = {"name": name, "password": ROOM_PASSWORD, "description": "", "creator": person.username}
    return await person.post("/room", body)


@pytest.mark.parametrize(
    "alike",
    ["Gаrden {}", "Gardеn {}", "ＧARDEN {}", "𝐆arden {}", "Garden\u00a0{}", "Garden  {}", "Gar\u200dden {}",
     "Garden {}\ufe0f"],
)  # fmt: skip
async def test_a_room_that_looks_like_anothers(ann: Person, mallory: Person, alike: str) -> None:
    mark = unique("")
    await ann.creates_room(f"Garden {mark}")
    answer = await makes_room(mallory, alike.format(mark))
    assert (answer.status_code, answer.json()["code"]) == (409, "room_name_taken")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "name", [".", "..", "\u200b", "\u3164", "\u2800", "\u2066x", "a\u202etxt.exe", "Gar\u200bden", "a\u2028b"]
)
async def test_a_room_that_nobody_sees_or_finds(ann: Person, name: str) -> None:
    answer = await makes_room(ann, name)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")


async def test_a_room_is_entered_by_any_spelling_of_its_name(ann: Person, mallory: Person) -> None:
    mark = unique("")
    room = await ann.creates_room(f"Cafe\u0301 {mark}")
    assert room not in await mallory.sees(), "it is NFC"
    assert f"Café {mark}" in await mallory.sees()
    for spelling in (room, f"CAFÉ {mark}", f" café\u3000{mark} "):
        await mallory.enters(spelling)
        await mallory.writes("hello", to=spelling)
    assert len(await mallory.reads(f"Café {mark}")) == 3


@pytest.mark.parametrize("name", ["..", "\u202e{}", "\u200b{}", "a\u2060{}"])
async def test_rooms_of_before_are_entered_listed_and_removed(
    ann: Person, mallory: Person, name: str
) -> None:
    room = room_of(ann, name.format(unique("")))
    assert room in await mallory.sees()
    await mallory.enters(room)
    await mallory.writes("hello", to=room)
    assert (await ann.post("/room/remove", {"room": room})).status_code == 200
    assert room not in await mallory.sees()
